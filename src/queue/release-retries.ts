/** Releases retries of many in paced sets: what was chosen goes back to the queue, no faster than asked, until it is stopped. */
import { appendEvents } from '../audit/append-event.ts'
import { controlIdToSend } from '../domain/stopped.ts'
import type { Database, Tx } from '../storage/database.ts'
import { listWaitingItems, lockRunningBatch, type RunningBatch, settleItems, stopUnapproved } from '../storage/retry-batches.ts'
import { lockStopped, requeueStopped } from '../storage/stopped.ts'
import type { PeriodicJob } from './periodic.ts'

export type ReleaseDeps = {
  readonly database: Pick<Database, 'forWorker'>
  readonly clock: { now(): Date }
  readonly randomBytes: (count: number) => Uint8Array
  /** False where the configuration has dropped the destination, perhaps since the retry was asked for. */
  readonly isConfigured: (destination: string) => boolean
}

/** What one release may hold: the events of a set are one statement. */
const setMax = 500
/** A pause of the workers is not made up for by a burst. */
const pacedMsMax = 10_000
const batchesMax = 20
/** A second person who does not come within a day does not come. */
const approvalAwaitedMs = 24 * 3600_000
export const releaseEveryMs = 2_000

export function releaseRetriesJob(deps: ReleaseDeps): PeriodicJob {
  return {
    name: 'release-retries',
    everyMs: releaseEveryMs,
    timeoutMs: 60_000,
    run: async (signal) => {
      const expired = await deps.database.forWorker((tx) => endUnapproved(deps, tx))
      const seen: string[] = []
      let released = 0
      let skipped = 0
      while (seen.length < batchesMax && !signal.aborted) {
        const set = await deps.database.forWorker((tx) => releaseOne(deps, tx, seen))
        if (set === null) break
        seen.push(set.batchId)
        released += set.released
        skipped += set.skipped
      }
      return { released, skipped, expired }
    },
  }
}

/** One set of one batch that is not among `seen`; null where no other runs. */
async function releaseOne(
  deps: ReleaseDeps,
  tx: Tx,
  seen: readonly string[],
): Promise<{ readonly batchId: string; readonly released: number; readonly skipped: number } | null> {
  const batch = await lockRunningBatch(tx, seen)
  if (!batch) return null
  const allowed = Math.min(
    setMax,
    Math.floor((batch.perSecond * Math.min(batch.pacedMs, Math.max(pacedMsMax, 1000 / batch.perSecond))) / 1000),
  )
  // Slower than one a round: the time goes on being counted.
  if (allowed < 1) return { batchId: batch.id, released: 0, skipped: 0 }
  const items = await listWaitingItems(tx, batch.id, allowed)
  // Where nobody sends it would wait without end: it stays stopped, in sight, and is counted as passed over.
  const rows = (await lockStopped(tx, items)).filter((row) => deps.isConfigured(row.destination))
  const sending = rows.map((row) => ({ ...row, newControlId: controlIdToSend(row, deps.randomBytes) }))
  const released = await requeueStopped(
    tx,
    sending.map((row) => ({ id: row.id, controlId: row.newControlId })),
  )
  await appendEvents(
    tx,
    sending.map((row) => ({
      at: deps.clock.now(),
      actor: { kind: 'system' as const, name: 'worker' as const },
      action: 'declaration.retry' as const,
      outcome: 'done' as const,
      object: { type: 'declaration' as const, id: row.id },
      pharmacyId: row.pharmacyId,
      request: null,
      details: {
        destination: row.destination,
        was: row.state,
        stoppedFor: row.code ?? 'unknown',
        attempts: row.attemptCount,
        batch: batch.id,
        ...(row.newControlId === row.controlId ? {} : { previousControlId: row.controlId }),
      },
    })),
  )
  const skipped = items.filter((item) => !released.has(item.id)).map((item) => item.id)
  const done = await settleItems(tx, batch.id, { released: [...released], skipped })
  if (done) await appendEvents(tx, [ended(deps, batch, { released: batch.released + released.size, code: null })])
  return { batchId: batch.id, released: released.size, skipped: skipped.length }
  // Commit: these are queued, and the batch says so. If we die before it, none is, and the next round takes the same ones.
}

async function endUnapproved(deps: ReleaseDeps, tx: Tx): Promise<number> {
  const stopped = await stopUnapproved(tx, approvalAwaitedMs)
  await appendEvents(
    tx,
    stopped.map(({ id, pharmacyId }) => ended(deps, { id, pharmacyId }, { released: 0, code: 'not-approved-in-time' })),
  )
  return stopped.length
}

function ended(
  deps: ReleaseDeps,
  batch: Pick<RunningBatch, 'id' | 'pharmacyId'>,
  how: { readonly released: number; readonly code: string | null },
) {
  return {
    at: deps.clock.now(),
    actor: { kind: 'system' as const, name: 'worker' as const },
    action: 'retry-batch.end' as const,
    outcome: how.code === null ? ('done' as const) : ('failed' as const),
    ...(how.code === null ? {} : { code: how.code }),
    object: { type: 'retry-batch' as const, id: batch.id },
    pharmacyId: batch.pharmacyId,
    request: null,
    details: { released: how.released },
  }
}
