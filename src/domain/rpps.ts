/** RPPS number: eleven digits, the last one a Luhn key. Carries no personal meaning. */
import { fail, ok, type Result } from '../base/result.ts'
import { luhnValid } from './luhn.ts'

export type Rpps = string & { readonly __brand: 'Rpps' }
export type RppsProblem = 'not-eleven-digits'

/**
 * Reads eleven digits, spaces ignored. The Luhn key is not required here: the agency's own samples fail it
 * (national-formats §6, tag R), so `rppsKeyHolds` warns and never blocks.
 */
export function parseRpps(input: string): Result<Rpps, RppsProblem> {
  const digits = input.replaceAll(' ', '')
  return /^\d{11}$/.test(digits) ? ok(digits as Rpps) : fail('not-eleven-digits')
}

export function rppsKeyHolds(rpps: Rpps): boolean {
  return luhnValid(rpps)
}

/** IdNat_PS of a professional: type digit 8, then the RPPS. */
export function nationalIdOf(rpps: Rpps): string {
  return `8${rpps}`
}
