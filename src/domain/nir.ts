/** NIR with its key: thirteen characters and two key digits, as on the carte Vitale. */
import { fail, ok, type Result } from '../base/result.ts'

export type Nir = string & { readonly __brand: 'Nir' }
export type NirProblem = 'not-fifteen-characters' | 'bad-shape' | 'bad-key'

/**
 * Reads a NIR or NIA of fifteen characters, spaces ignored. The month is never refused: 20–30 and 50+ exist
 * (national-formats §6). Key = 97 − (number mod 97); Corsican 2A and 2B count as 19 and 18.
 */
export function parseNir(input: string): Result<Nir, NirProblem> {
  const text = input.replaceAll(/[\s\u00a0\u202f]/g, '').toUpperCase()
  if (text.length !== 15) return fail('not-fifteen-characters')
  if (!/^[123478]\d{4}(\d{2}|2[AB])\d{8}$/.test(text)) return fail('bad-shape')
  return keyOf(text.slice(0, 13)) === text.slice(13) ? ok(text as Nir) : fail('bad-key')
}

/** The two key digits of a thirteen-character number. */
export function keyOf(number: string): string {
  const digits = number.replace('2A', '19').replace('2B', '18')
  return String(97 - Number(BigInt(digits) % 97n)).padStart(2, '0')
}
