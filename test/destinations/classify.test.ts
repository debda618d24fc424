import { expect, test } from 'vitest'
import { outcomeWithoutAnswer } from '../../src/destinations/classify.ts'

test.each([
  [
    { kind: 'not-sent', code: 'unreachable' },
    { class: 'transient', code: 'unreachable' },
  ],
  [
    { kind: 'not-sent', code: 'tls-refused' },
    { class: 'transient', code: 'tls-refused' },
  ],
  [
    { kind: 'refused', code: 'busy', retryAfterMs: 5_000 },
    { class: 'transient', code: 'busy', retryAfterMs: 5_000 },
  ],
  [
    { kind: 'refused', code: 'unauthorised-sender' },
    { class: 'transient', code: 'unauthorised-sender' },
  ],
  [
    { kind: 'refused', code: 'refused-for-now' },
    { class: 'transient', code: 'refused-for-now' },
  ],
  [
    { kind: 'refused', code: 'message-too-large' },
    { class: 'permanent', code: 'message-too-large' },
  ],
  [
    { kind: 'answer-lost', code: 'answer-lost' },
    { class: 'ambiguous', code: 'answer-lost' },
  ],
  [
    { kind: 'answer-lost', code: 'answer-too-large' },
    { class: 'ambiguous', code: 'answer-too-large' },
  ],
  [{ kind: 'interrupted' }, { class: 'interrupted' }],
] as const)('%j becomes %j', (result, outcome) => {
  expect(outcomeWithoutAnswer(result)).toEqual(outcome)
})
