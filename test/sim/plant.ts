/** Replaces a method of a class until the returned function is called. */
// biome-ignore lint/suspicious/noExplicitAny: any method of any class
type Method = (...args: any[]) => any

export function replaceMethod<Type extends object, Name extends keyof Type>(
  prototype: Type,
  name: Name,
  replacement: (original: Type[Name] & Method) => (this: Type, ...args: never[]) => unknown,
): () => void {
  const original = prototype[name] as Type[Name] & Method
  prototype[name] = replacement(original) as unknown as Type[Name]
  return () => {
    prototype[name] = original
  }
}

/** One after the other, undone in reverse. */
export function all(...restores: readonly (() => void)[]): () => void {
  return () => {
    for (const restore of restores.toReversed()) restore()
  }
}
