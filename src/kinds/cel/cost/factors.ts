/** A step for ten characters. */
export const textFactor = 0.1
/** A pattern has about one expression in four characters. */
export const patternFactor = 0.25
/** Steps that making a value costs, whatever is in it (cel-go common/cost.go). */
export const listSteps = 10
export const mapSteps = 30
export const messageSteps = 40
