/** FINESS number of an officine: nine characters, the last one a Luhn key where all are digits (2A/2B for Corsica). */
import { fail, ok, type Result } from '../base/result.ts'
import { luhnValid } from './luhn.ts'

export type Finess = string & { readonly __brand: 'Finess' }
export type FinessProblem = 'not-nine-characters' | 'bad-check-digit'

/** Reads a FINESS, spaces ignored. Corsican numbers hold a letter in second place and skip the Luhn check. */
export function parseFiness(input: string): Result<Finess, FinessProblem> {
  const text = input.replaceAll(' ', '').toUpperCase()
  if (!/^(\d{9}|2[AB]\d{7})$/.test(text)) return fail('not-nine-characters')
  if (/^\d{9}$/.test(text) && !luhnValid(text)) return fail('bad-check-digit')
  return ok(text as Finess)
}

/** National structure id: type digit 1, then the FINESS. */
export function nationalStructureIdOf(finess: Finess): string {
  return `1${finess}`
}
