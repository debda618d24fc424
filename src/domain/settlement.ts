/** Turns an outcome into the next state of a declaration: pure, so that every row of the table is a test. */
import { type BackoffPolicy, backoffMs } from '../base/backoff.ts'
import type { FailureCode } from './failure-codes.ts'
import type { Outcome, ReceiptProof } from './outcome.ts'

export type RetryPolicy = BackoffPolicy & {
  readonly attemptsMax: number
  /** Least delay before what may be there is asked about; 0 where it is not given. */
  readonly askAfterMs?: number
}

/** What the destination's config promises about a message that it gets twice; `look-up`: nothing, but it can be asked first. */
export type Deduplication = 'control-id' | 'look-up' | 'none'

export type Settlement =
  | { readonly state: 'accepted'; readonly receipt: ReceiptProof }
  | { readonly state: 'rejected'; readonly code: FailureCode; readonly location: string | null }
  | { readonly state: 'queued'; readonly code: FailureCode | null; readonly delayMs: number; readonly countAttempt: boolean }
  | { readonly state: 'parked'; readonly code: FailureCode }

export type SettlementInput = {
  readonly outcome: Outcome
  /** Attempts counted so far, this one included. */
  readonly attemptCount: number
  readonly policy: RetryPolicy
  readonly deduplicates: Deduplication
  readonly random: () => number
}

export function decideSettlement(input: SettlementInput): Settlement {
  const { outcome } = input
  switch (outcome.class) {
    case 'accepted':
      return { state: 'accepted', receipt: outcome.receipt }
    case 'permanent':
      return { state: 'rejected', code: outcome.code, location: outcome.location ?? null }
    case 'transient':
      return retryOrPark(input, outcome.code, outcome.retryAfterMs ?? 0)
    case 'ambiguous':
      // Tried again only where the far side promises to recognise the same control id, or can be asked first; else a person decides.
      if (input.deduplicates === 'none') return { state: 'parked', code: outcome.code }
      return retryOrPark(input, outcome.code, input.deduplicates === 'look-up' ? (input.policy.askAfterMs ?? 0) : 0)
    case 'interrupted':
      return { state: 'queued', code: null, delayMs: outcome.retryAfterMs ?? 0, countAttempt: false }
  }
}

function retryOrPark(input: SettlementInput, code: FailureCode, retryAfterMs: number): Settlement {
  const { attemptCount, policy, random } = input
  if (attemptCount >= policy.attemptsMax) return { state: 'parked', code: 'retry-budget-spent' }
  // What the far side asks for is honoured up to our own cap; what is no number would stop the whole set from settling.
  const askedMs = Number.isFinite(retryAfterMs) ? Math.min(retryAfterMs, policy.capMs) : 0
  const delayMs = Math.max(backoffMs(attemptCount, policy, random), askedMs)
  return { state: 'queued', code, delayMs, countAttempt: true }
}
