/** Turns what carrying came to into an outcome, where there is no answer for the format to read. */
import type { Outcome } from '../domain/outcome.ts'
import type { TransportResult } from './destination.ts'

/** The one refusal of a transport that the same message can only meet again. */
const permanentRefusal = 'message-too-large'

export function outcomeWithoutAnswer(result: Exclude<TransportResult, { kind: 'answer' }>): Outcome {
  switch (result.kind) {
    case 'refused':
      return result.code === permanentRefusal
        ? { class: 'permanent', code: result.code }
        : { class: 'transient', code: result.code, retryAfterMs: result.retryAfterMs }
    case 'not-sent':
      return { class: 'transient', code: result.code }
    case 'answer-lost':
      return { class: 'ambiguous', code: result.code }
    case 'interrupted':
      return { class: 'interrupted' }
  }
}
