/** One claimed declaration, to a settled row. Throws only for our own faults, never for the far side's. */
import type { DeclarationDocument } from '../domain/declaration-document.ts'
import type { Outcome } from '../domain/outcome.ts'
import { type Deduplication, decideSettlement, type RetryPolicy } from '../domain/settlement.ts'
import type { Claim, Settled } from '../storage/queries.ts'

/** The far side as the queue knows it: how to send there, and what config promises about it. */
export type QueueDestination = {
  readonly id: string
  readonly deduplicates: Deduplication
  readonly concurrencyMax: number
  readonly retry: RetryPolicy
  deliver(
    document: DeclarationDocument,
    options: { readonly signal: AbortSignal; readonly beforeSend: (messageSha256: string) => Promise<boolean> },
  ): Promise<Outcome>
}

/** What a claimed row opens to: the document, or the outcome that it has without being sent. */
export type OpenedDeclaration = { readonly document: DeclarationDocument } | { readonly outcome: Outcome }

export type RunDeps = {
  readonly markSent: (claim: Claim, messageSha256: string) => Promise<boolean>
  readonly settle: (settled: Settled) => Promise<boolean>
  readonly random: () => number
  readonly onLeaseLost: (claim: Claim) => void
  readonly onSettled: (claim: Claim, settled: Settled) => void
}

export async function runDeclaration(
  deps: RunDeps,
  claim: Claim,
  step: { readonly destination: QueueDestination; readonly opened: OpenedDeclaration; readonly signal: AbortSignal },
): Promise<void> {
  const { destination, opened, signal } = step
  let lost = false
  const outcome: Outcome =
    'outcome' in opened
      ? opened.outcome
      : await destination.deliver(opened.document, {
          signal,
          // Written before the first byte leaves: after this line a crash means "maybe delivered".
          beforeSend: async (messageSha256) => {
            if (signal.aborted) return false
            lost = !(await deps.markSent(claim, messageSha256))
            return !lost
          },
        })
  // A lease lost means: stop, say so, touch nothing. Whoever holds it now settles it.
  if (lost) return deps.onLeaseLost(claim)
  await settleClaim(deps, claim, { outcome, destination, auditAction: 'declaration.settle' })
}

/** Settles one claim by the destination's promises; also the road by which rescued claims go. */
export async function settleClaim(
  deps: Pick<RunDeps, 'settle' | 'random' | 'onLeaseLost' | 'onSettled'>,
  claim: Claim,
  end: {
    readonly outcome: Outcome
    readonly destination: Pick<QueueDestination, 'retry' | 'deduplicates'>
    readonly auditAction: Settled['auditAction']
  },
): Promise<void> {
  const { outcome, destination, auditAction } = end
  const settlement = decideSettlement({
    outcome,
    attemptCount: claim.attemptCount,
    policy: destination.retry,
    deduplicates: destination.deduplicates,
    random: deps.random,
  })
  const settled: Settled = { id: claim.id, epoch: claim.epoch, outcome: outcome.class, settlement, auditAction }
  if (await deps.settle(settled)) deps.onSettled(claim, settled)
  else deps.onLeaseLost(claim)
}
