/**
 * Defaults that depend on other fields, by the type name of the definition they belong to. Each runs
 * after the constants of its own fields and before its children get theirs.
 */
export type DefaultRules = readonly (readonly [typeName: string, rule: (value: never) => void])[]
