/** One claimed declaration, to its outcome. Throws only for our own faults, never for the far side's. */
import type { DeclarationDocument } from '../domain/declaration-document.ts'
import type { BreakerPolicy, PacePolicy } from '../domain/destination-settings.ts'
import { isUnavailable } from '../domain/errors.ts'
import type { Outcome } from '../domain/outcome.ts'
import { type Deduplication, decideSettlement, type RetryPolicy } from '../domain/settlement.ts'
import type { ChargeTerms } from '../domain/tariff.ts'
import type { Claim, Settled } from '../storage/queries.ts'

/** The far side as the queue knows it: how to send there, and what config promises about it. */
export type QueueDestination = {
  readonly id: string
  readonly deduplicates: Deduplication
  readonly concurrencyMax: number
  readonly retry: RetryPolicy
  readonly breaker: BreakerPolicy
  readonly pace: PacePolicy
  /** What this pharmacy's receipts cost here; null where they cost nothing. */
  chargeTermsOf(pharmacyId: string): ChargeTerms | null
  /** Ends, in one way or another, well before the lease does: its own timeout is the bound. */
  deliver(
    document: DeclarationDocument,
    options: { readonly signal: AbortSignal; readonly beforeSend: (messageSha256: string) => Promise<boolean> },
  ): Promise<Outcome>
}

/** What a claimed row opens to: the document, or the outcome that it has without being sent. */
export type OpenedDeclaration = { readonly document: DeclarationDocument } | { readonly outcome: Outcome }
/** Opens one claimed row, as late as may be. Never throws. */
export type OpenDeclaration = () => OpenedDeclaration

export type SendDeps = {
  readonly markSent: (claim: Claim, messageSha256: string) => Promise<number | null>
  readonly monotonicMs: () => number
  readonly leaseMs: number
}

/**
 * Before what could not be marked is claimed again: not to spin. The whole database comes back within moments; where this row alone
 * is refused, somebody has to look at it, and the log says why each time.
 */
const unmarkedPauseMs = { away: 1_000, refused: 30_000 } as const

/** Null: the lease was lost, and whoever holds it now settles it. `sent`: a byte may have left. */
export type Ended = { readonly outcome: Outcome; readonly sent: boolean } | null

export async function runDeclaration(
  deps: SendDeps,
  claim: Claim,
  step: {
    readonly destination: QueueDestination
    readonly opened: OpenedDeclaration
    readonly signal: AbortSignal
    /** Resolves when one more request may be under way; false: it may not, and nothing is to leave. */
    readonly takeSlot: () => Promise<boolean>
  },
): Promise<Ended> {
  const { destination, opened, signal, takeSlot } = step
  if ('outcome' in opened) return { outcome: opened.outcome, sent: false }
  const mark: { came: Marking | null } = { came: null }
  const outcome = await destination.deliver(opened.document, {
    signal,
    // Written before the first byte leaves: after this line a crash means "maybe delivered".
    beforeSend: async (messageSha256) => {
      mark.came = signal.aborted ? stopped : await markInTime(deps, claim, { messageSha256, signal, takeSlot })
      return mark.came === 'sent'
    },
  })
  if (mark.came === 'lost') return null
  // No byte left, whatever was said of it: the mark could not be made, or came too late to act on.
  return mark.came !== null && mark.came !== 'sent'
    ? { outcome: { class: 'interrupted', retryAfterMs: mark.came.pauseMs }, sent: false }
    : { outcome, sent: mark.came === 'sent' }
}

/** `pauseMs`: it was stopped before a byte left, and may be claimed again after that. */
type Marking = 'sent' | 'lost' | { readonly pauseMs: number }
const stopped: Marking = { pauseMs: 0 }

/**
 * Marks, then waits for its slot: marks are written in sets ahead of need. A process that was suspended here may wake when its
 * lease is another's: where less than half a lease is left after the wait, nothing is sent. The mark that could not be made (or whose
 * commit was not seen) is no reason to send either; settling then says "interrupted".
 */
async function markInTime(
  deps: SendDeps,
  claim: Claim,
  step: { readonly messageSha256: string; readonly signal: AbortSignal; readonly takeSlot: () => Promise<boolean> },
): Promise<Marking> {
  const askedAt = deps.monotonicMs()
  let leaseLeftMs = 0
  try {
    const marked = await deps.markSent(claim, step.messageSha256)
    if (marked === null) return 'lost'
    leaseLeftMs = marked
  } catch (cause) {
    return { pauseMs: unmarkedPauseMs[isUnavailable(cause) ? 'away' : 'refused'] }
  }
  // Marked, and not a byte has left: if we die here, the row is as much in doubt as one that was sent.
  if (!(await step.takeSlot()) || step.signal.aborted) return stopped
  return leaseLeftMs - (deps.monotonicMs() - askedAt) > deps.leaseMs / 2 ? 'sent' : stopped
}

/** The row's next state, by the outcome and the destination's promises. */
export function settlementOf(
  claim: Claim,
  end: {
    readonly outcome: Outcome
    readonly destination: Pick<QueueDestination, 'retry' | 'deduplicates' | 'chargeTermsOf'>
    readonly auditAction: Settled['auditAction']
    readonly attemptEpoch?: number
    readonly random: () => number
  },
): Settled {
  const { outcome, destination, auditAction, random } = end
  const { retry: policy, deduplicates } = destination
  const settlement = decideSettlement({ outcome, attemptCount: claim.attemptCount, policy, deduplicates, random })
  const { id, epoch } = claim
  const charge = destination.chargeTermsOf(claim.pharmacyId)
  return { id, epoch, attemptEpoch: end.attemptEpoch ?? epoch, outcome: outcome.class, settlement, auditAction, charge }
}
