import type { Random } from '../../base/random.ts'

/** Characters of generated names: no vowels, so no words (apimachinery pkg/util/rand). */
const suffixCharacters = 'bcdfghjklmnpqrstvwxz2456789'
const suffixLength = 5
const generatedNameMax = 63

/** `prefix` and five random characters, cut so that the whole stays a DNS label (names/generate.go). */
export function generateName(random: Random, prefix: string): string {
  const suffix = Array.from(
    { length: suffixLength },
    () => suffixCharacters[random.integer(0, suffixCharacters.length)],
  )
  return prefix.slice(0, generatedNameMax - suffixLength) + suffix.join('')
}
