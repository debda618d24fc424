/** How long blind indexes may be: long enough to be of use, short enough that equal values stay in a crowd. */
import { fail, ok, type Result } from '../base/result.ts'

/** Bits of each index, one after the other in the order asked for. */
export type BlindIndexPlan = { readonly bitsEach: number; readonly bitsMin: number; readonly bitsMax: number }
export type BlindIndexPlanProblem = 'too-few-rows' | 'too-many-indexes'

/** Below this a pharmacy's rows are so few that any index would single people out. */
export const populationRowsMin = 16
const bitsEachMax = 32

/**
 * The longest allowed plan for `indexes` indexes on the same person among `populationRows` rows (declared, a pharmacy). For a
 * sum of B bits a value shares its index with R / 2^B rows on average, and the bound is 2 ≤ R / 2^B ≤ √R (the planner of
 * CipherSweet): R = 10⁴ gives 7 to 12 bits, 10⁵ 9 to 15, 10⁶ 10 to 18, 10⁷ 12 to 22. All indexes count together, since both
 * are of one person: two lengths that were fine alone would together name the row.
 */
export function planBlindIndexes(populationRows: number, indexes: number): Result<BlindIndexPlan, BlindIndexPlanProblem> {
  if (!(populationRows >= populationRowsMin)) return fail('too-few-rows')
  const bitsMin = Math.ceil(Math.log2(populationRows) / 2)
  const bitsMax = Math.floor(Math.log2(populationRows / 2))
  const bitsEach = Math.min(bitsEachMax, Math.floor(bitsMax / indexes))
  return bitsEach * indexes >= bitsMin && bitsEach >= 1 ? ok({ bitsEach, bitsMin, bitsMax }) : fail('too-many-indexes')
}
