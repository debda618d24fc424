/** What one attempt at sending came to, in the classes on which settlement decides. */
import type { FailureCode } from './failure-codes.ts'

/** The destination's proof: its own reference where it gives one, and the digest of its answer's bytes. */
export type ReceiptProof = { readonly reference: string | null; readonly answerSha256: string }

export type Outcome =
  | { readonly class: 'accepted'; readonly receipt: ReceiptProof }
  /** Refused for good, or refused by our own checks: re-sending unchanged cannot help. `location` is a field path like `PID-3`. */
  | { readonly class: 'permanent'; readonly code: FailureCode; readonly location?: string | undefined }
  /** Nothing was taken: safe to try again. */
  | { readonly class: 'transient'; readonly code: FailureCode; readonly retryAfterMs?: number | undefined }
  /** It may have been taken. */
  | { readonly class: 'ambiguous'; readonly code: FailureCode }
  /** We stopped it ourselves, before a byte left: never an attempt failed by them. */
  | { readonly class: 'interrupted'; readonly retryAfterMs?: number | undefined }
