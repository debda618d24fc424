/** The mandatory reason of a correction, a cancellation or a decision by hand: as typed, tidied, within bounds. */
import { ok, type Result } from '../base/result.ts'
import { findParagraphProblem } from './text-rules.ts'

const reasonLength = { min: 3, max: 300 } as const

export type ReasonProblem = 'required' | 'too-short' | 'too-long' | 'forbidden-character'

export function parseReason(input: string): Result<string, ReasonProblem> {
  const text = input.normalize('NFC').replaceAll(/\r\n?/g, '\n').replaceAll('\t', ' ').trim()
  if (text === '') return { ok: false, problem: 'required' }
  if (text.length < reasonLength.min) return { ok: false, problem: 'too-short' }
  const problem = findParagraphProblem(text, reasonLength.max)
  return problem ? { ok: false, problem } : ok(text)
}
