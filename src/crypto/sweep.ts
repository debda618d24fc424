/** Sweeping: record keys that were reserved and never used (a crash, a restart, a quiet pharmacy) are deleted. */
import { addMs, type Clock } from '../base/clock.ts'
import type { KeyStoreAdmin } from './key-store-admin.ts'

export type SweepDeps = {
  readonly admin: Pick<KeyStoreAdmin, 'listKnownUsed' | 'listUnswept' | 'markUsed' | 'deleteUnused'>
  readonly clock: Clock
  /**
   * Which of these refs a row of the main database names. Must ask the primary server, in the worker's scope, and reject when
   * it cannot answer: a ref that it leaves out is deleted.
   */
  readonly listUsedRefs: (refs: readonly string[]) => Promise<ReadonlySet<string>>
}
export type SweepReport = {
  readonly used: number
  readonly deleted: number
  /** True: so many keys had no row that this may be the wrong main database, or an old copy of it; the sweep stopped there. */
  readonly refused: boolean
}

/**
 * A ring hands out no key older than 12 h (`keyRingLimits.reserveAgeMaxMs`), and a capture commits within minutes of taking one.
 * Two days leave a day and a half for long transactions and clocks that differ: a key that old and not in a row never will be.
 */
export const sweepAgeMs = 48 * 3_600_000
const batchRows = 1000
const batchesMax = 10_000
/** Keys last seen in use, asked again first: where the main database lacks more than a tenth, it is another one, or an old copy. */
const knownUsedRows = 200
const knownMissingShareMax = 0.1
/** Before any key is known to be used: as many as this without one in use are no sign of a first day. */
const neverUsedRowsMax = 50

/** Marks what is used and deletes what is not, batch by batch; safe to stop anywhere and to run in several replicas at once. */
export async function sweepUnused(
  deps: SweepDeps,
  options: { readonly signal?: AbortSignal; readonly evenIfSuspicious?: boolean } = {},
): Promise<SweepReport> {
  const reservedBefore = addMs(deps.clock.now(), -sweepAgeMs)
  const known = await deps.admin.listKnownUsed(knownUsedRows)
  if (!options.evenIfSuspicious && (await lacksMost(deps, known))) return { used: 0, deleted: 0, refused: true }
  let used = 0
  let deleted = 0
  for (let batch = 0; batch < batchesMax && !options.signal?.aborted; batch++) {
    const refs = await deps.admin.listUnswept(reservedBefore, batchRows)
    if (refs.length === 0) break
    const inUse = await deps.listUsedRefs(refs)
    const suspicious = known.length + used === 0 && inUse.size === 0 && refs.length >= neverUsedRowsMax
    if (suspicious && !options.evenIfSuspicious) return { used, deleted, refused: true }
    const [kept, unused] = [refs.filter((ref) => inUse.has(ref)), refs.filter((ref) => !inUse.has(ref))]
    used += await deps.admin.markUsed(kept, deps.clock.now())
    deleted += await deps.admin.deleteUnused(unused)
  }
  return { used, deleted, refused: false }
}

async function lacksMost(deps: SweepDeps, known: readonly string[]): Promise<boolean> {
  if (known.length === 0) return false
  const inUse = await deps.listUsedRefs(known)
  return known.filter((ref) => !inUse.has(ref)).length > knownMissingShareMax * known.length
}
