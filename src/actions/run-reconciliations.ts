/** The worker's part of a reconciliation: compares what people asked for, and keeps what differs for them to decide. */
import { appendEvent } from '../audit/append-event.ts'
import type { Clock } from '../base/clock.ts'
import type { NewId } from '../base/ids.ts'
import type { TheirSide } from '../domain/reconciliation.ts'
import type { Database } from '../storage/database.ts'
import type { SentDeclaration } from '../storage/reconciliation.ts'
import { beginOldest, endReconciliation, type WaitingReconciliation } from '../storage/reconciliations.ts'
import { reconcile } from './reconcile.ts'
import { differencesMax } from './reconciliation-desk.ts'

export type RunDeps = {
  readonly database: Pick<Database, 'forWorker'>
  readonly clock: Clock
  readonly newId: NewId
  /** Null where the destination cannot be asked (any more). Never rejects, and has a bound of its own. */
  readonly findAsk: (destination: string) => ((sent: SentDeclaration, signal: AbortSignal) => Promise<TheirSide>) | null
}

const perRunMax = 10
/** One that was cut off so often would be cut off again. */
const triesMax = 3

/** Answers counts for the log. What is cut off waits for the next run, with nothing kept of it. */
export async function runReconciliations(
  deps: RunDeps,
  signal: AbortSignal,
): Promise<{ readonly compared: number; readonly differing: number; readonly failed: number }> {
  const counts = { compared: 0, differing: 0, failed: 0 }
  for (let run = 0; run < perRunMax && !signal.aborted; run++) {
    // Committed before anything is asked: dying on the next line is a try, and the next run begins it anew.
    const waiting = await deps.database.forWorker((tx) => beginOldest(tx))
    if (waiting === null) break
    const ask = deps.findAsk(waiting.destination)
    if (waiting.tries > triesMax || (ask === null && waiting.theirList === null)) {
      await end(deps, waiting, null)
      counts.failed += 1
      continue
    }
    const found = await compare(deps, waiting, ask, signal)
    if (signal.aborted) break
    await end(deps, waiting, found)
    counts.compared += found.asked
    counts.differing += found.discrepancies.length
  }
  return counts
}

type Found = Awaited<ReturnType<typeof reconcile>>

function compare(
  deps: RunDeps,
  { pharmacyId, destination, day, theirList }: WaitingReconciliation,
  ask: ReturnType<RunDeps['findAsk']>,
  signal: AbortSignal,
): Promise<Found> {
  return reconcile(
    { database: deps.database, ask: async (sent) => (ask === null || signal.aborted ? 'unclear' : ask(sent, signal)) },
    { pharmacyId, destination, day, theirList: theirList === null ? null : new Set(theirList) },
  )
}

async function end(deps: RunDeps, { id, pharmacyId, destination }: WaitingReconciliation, found: Found | null): Promise<void> {
  const differing = found?.discrepancies ?? []
  const kept = differing.slice(0, differencesMax).map((one) => ({ ...one, id: deps.newId() }))
  const outcome = found === null ? 'failed' : 'done'
  await deps.database.forWorker(async (tx) => {
    const counts = { asked: found?.asked ?? 0, agreed: found?.agreed ?? 0, differing: differing.length }
    if (!(await endReconciliation(tx, { id, pharmacyId, state: outcome, ...counts, kept }))) return
    await appendEvent(tx, {
      ...{ at: deps.clock.now(), actor: { kind: 'system', name: 'worker' }, action: 'reconciliation.end', outcome },
      ...(found === null ? { code: 'not-compared' } : {}),
      ...{ object: { type: 'reconciliation', id }, pharmacyId, request: null, details: { destination, ...counts } },
    })
  })
}
