/**
 * Who of webhooks or policies is asked again after all have been asked once: those that wish to see what
 * others made of the object after them (apiserver pkg/admission/plugin/webhook/mutating/reinvocationcontext.go,
 * policy/mutating/reinvocationcontext.go).
 */
export class Reinvocation<T> {
  /** Asked, and to be told of any change since. */
  readonly #told = new Set<T>()
  readonly #again = new Set<T>()
  #round: 0 | 1 = 0
  #isChanged = false

  get round(): 0 | 1 {
    return this.#round
  }

  /** Something was changed: everybody's plugins complete the object once more. */
  get isChanged(): boolean {
    return this.#isChanged
  }

  /** `isOther`: the object is not any more what the first round made of it. */
  beginAgain(isOther: boolean): void {
    this.#round = 1
    if (isOther) this.#repeat()
  }

  /** Nobody is asked for the first time in the second round. */
  isDue(one: T): boolean {
    return this.#round === 0 || this.#again.has(one)
  }

  asked(one: T, { changed, ifNeeded }: { changed: boolean; ifNeeded: boolean }): void {
    if (changed) {
      this.#isChanged = true
      this.#repeat()
    }
    if (ifNeeded) this.#told.add(one)
  }

  #repeat(): void {
    for (const one of this.#told) this.#again.add(one)
    this.#told.clear()
  }
}
