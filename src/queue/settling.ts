/** Writes `sent` and settlements in sets; an answer in hand is written as soon as PostgreSQL takes it, across its restarts. */
import { createBatcher } from '../base/batcher.ts'
import { isUnavailable } from '../domain/errors.ts'
import type { Database } from '../storage/database.ts'
import { type Claim, markSent, type Settled, settle, type Won } from '../storage/queries.ts'
import type { WorkerEvents } from './worker-events.ts'

export type SettlingDeps = {
  readonly database: Pick<Database, 'forWorkerAtOnce'>
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
  readonly events: WorkerEvents
  readonly monotonicMs: () => number
}

export type Settling = {
  /**
   * How many ms its lease still runs; null where the row was no longer ours. Rejects where that could not be written or its commit was not seen: with `unavailable` where
   * nothing can be written now, else for a reason of this row's own.
   */
  markSent(claim: Claim, messageSha256: string): Promise<number | null>
  /** Null where the lease was lost. Rejects when its patience is spent: then the lease runs out, and rescue decides. */
  settle(claim: Claim, settled: Settled): Promise<Won | null>
}

type ToMark = { readonly claim: Claim; readonly messageSha256: string }
/** How long the lease runs, null where the row was no longer ours; or why that could not be written. */
type Marked = number | null | { readonly cause: unknown }

const setMax = 500
/** Between two sets that follow each other: planning and committing a set of thirty costs what one of three hundred does. */
const lingerMs = { mark: 4, settle: 20 } as const
const pauseMsMax = 1000
/** After a stop has interrupted everything, a database that is away is not waited for much longer. */
const hastyTriesMax = 4

export function createSettling(deps: SettlingDeps, options: { readonly leaseMs: number; readonly hasty: AbortSignal }): Settling {
  const { database, events } = deps
  const { leaseMs, hasty } = options
  const lingerFor = (ms: number) => () => deps.wait(ms, hasty).catch(() => undefined)
  const settleSet = (items: readonly Settled[]) => database.forWorkerAtOnce((one) => settle(one, items))
  const markSet = async (items: readonly ToMark[]): Promise<readonly Marked[]> => {
    const rows = items.map(({ claim, messageSha256 }) => ({ id: claim.id, epoch: claim.epoch, messageSha256 }))
    const won = await database.forWorkerAtOnce((one) => markSent(one, rows, leaseMs))
    return items.map(({ claim }) => won.get(claim.id) ?? null)
  }
  const markAlone = (item: ToMark) => markSet([item]).catch((cause: unknown) => [{ cause }])
  const markInSets = createBatcher(
    async (items: readonly ToMark[]): Promise<readonly Marked[]> => {
      try {
        return await markSet(items)
      } catch (cause) {
        events.failed('mark', cause)
        if (items.length === 1 || isUnavailable(cause)) return items.map(() => ({ cause }))
        // One that cannot be marked keeps none of the others from leaving.
        const alone: Marked[] = []
        for (const item of items) alone.push(...(await markAlone(item)))
        return alone
      }
    },
    { sizeMax: setMax, linger: lingerFor(lingerMs.mark), besideFrom: 32 },
  )
  const settleInSets = createBatcher(
    async (items: readonly Settled[]) => {
      const won = await settleSet(items)
      return items.map((item) => won.get(item.id) ?? null)
    },
    { sizeMax: setMax, linger: lingerFor(lingerMs.settle) },
  )
  return {
    markSent: async (claim, messageSha256) => {
      const marked = await markInSets({ claim, messageSha256 })
      if (marked !== null && typeof marked === 'object') throw marked.cause
      return marked
    },
    settle: async (claim, settled) => {
      const startedAt = deps.monotonicMs()
      for (let tries = 1; ; tries++) {
        try {
          // Once in a set; then alone, so that one row that cannot be written stops no other.
          const won = tries === 1 ? await settleInSets(settled) : ((await settleSet([settled])).get(settled.id) ?? null)
          if (won) events.settled(claim, settled, won)
          else events.leaseLost(claim)
          return won
        } catch (cause) {
          events.failed('settle', cause)
          // The fence is the epoch, not the clock: past its end a lease that nobody took over is still ours.
          if (deps.monotonicMs() - startedAt > 2 * leaseMs || (hasty.aborted && tries >= hastyTriesMax)) throw cause
          await deps.wait(Math.min(pauseMsMax, 50 * 2 ** Math.min(tries, 10)), new AbortController().signal)
        }
      }
    },
  }
}
