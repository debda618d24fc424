/** Housekeeping: what is done with leaves in bounded sets, once an hour or by command, and each run is traced with its counts. */
import { appendEvent } from '../audit/append-event.ts'
import type { SystemActor } from '../domain/actor.ts'
import type { RetentionSettings } from '../domain/retention.ts'
import { countPurgeable, purgeSegments } from '../storage/audit-log.ts'
import type { Database, Tx } from '../storage/database.ts'
import {
  dropPayloads,
  forgetIdempotencyKeys,
  forgetSessions,
  type Leaving,
  type PayloadPlace,
  type PayloadsLeft,
} from '../storage/housekeeping.ts'
import type { PeriodicJob } from './periodic.ts'

export type HousekeepingDeps = { readonly database: Pick<Database, 'forWorker'>; readonly clock: { now(): Date } }

export type HousekeepingReport = {
  /** Screenings. */
  readonly payloads: number
  readonly idempotencyKeys: number
  readonly sessions: number
  /** Events of the audit log, in whole sealed segments. */
  readonly auditEvents: number
  /** True where the run was told to stop, or its bound was reached, before all had left. */
  readonly more: boolean
}

export type HousekeepingOptions = {
  readonly retention: RetentionSettings
  readonly really: boolean
  readonly by: SystemActor['name']
  readonly signal: AbortSignal
  readonly onProgress?: (what: keyof Omit<HousekeepingReport, 'more'>, count: number) => void
}

const setSize = 200
/** Of at most a thousand events each. */
const segmentsSetSize = 5
/** 100 000 of each a run; the next one goes on. */
const setsMax = 500
/** Screenings a run. What must stay counts for nothing: however much of it there is, a run comes past it. */
const payloadsMax = setsMax * setSize
/** Of versions, two hundred each: ten millions, which the time that a run has does not reach. */
const payloadSetsMax = 50_000
/** What a look without doing counts up to. */
const previewMax = 100_000

export const housekeepingEveryMs = 3_600_000

export function housekeepingJob(deps: HousekeepingDeps, retention: RetentionSettings): PeriodicJob {
  return {
    name: 'housekeeping',
    everyMs: housekeepingEveryMs,
    timeoutMs: 1_200_000,
    run: async (signal) => {
      const { more, ...counts } = await keepHouse(deps, { retention, really: true, by: 'worker', signal })
      return { ...counts, more: more ? 1 : 0 }
    },
  }
}

/** One run. Each set is a transaction of its own: a run that is cut off has done what it did, and the next goes on. */
export async function keepHouse(deps: HousekeepingDeps, options: HousekeepingOptions): Promise<HousekeepingReport> {
  const { retention, really } = options
  const parts = [
    ['idempotencyKeys', forgetIdempotencyKeys, retention.idempotencyKeysDays],
    ['sessions', forgetSessions, retention.sessionsDays],
  ] as const
  const counts = { payloads: 0, idempotencyKeys: 0, sessions: 0, auditEvents: 0 }
  const payloads = await dropPayloadsInOrder(deps, options)
  counts.payloads = payloads.count
  let more = payloads.more
  for (const [what, drop, olderThanDays] of parts) {
    const left = await inSets(deps, options, {
      what,
      drop: (tx, limit) => drop(tx, { olderThanDays, limit, really }),
    })
    counts[what] = left.count
    more ||= left.more
  }
  const events = await inSets(deps, options, { what: 'auditEvents', drop: dropAuditEvents(retention.audit.days, really) })
  const report = { ...counts, auditEvents: events.count, more: more || events.more }
  if (really) await trace(deps, options, report)
  return report
}

/**
 * Each set goes on after the last version that the one before looked at: what is not finished is read once a run, not once a set,
 * and no set reads more than its own. A look without doing goes the same way.
 */
async function dropPayloadsInOrder(
  { database }: HousekeepingDeps,
  { retention, really, signal, onProgress }: HousekeepingOptions,
): Promise<{ count: number; more: boolean }> {
  const olderThanDays = retention.payload.days
  let count = 0
  let after: PayloadPlace | null = null
  for (let sets = 0; sets < payloadSetsMax; sets++) {
    if (signal.aborted || count >= payloadsMax) return { count, more: true }
    const set = { olderThanDays, limit: setSize, really, after }
    const left: PayloadsLeft = await database.forWorker((tx) => dropPayloads(tx, set))
    count += left.count
    if (really) onProgress?.('payloads', count)
    if (left.last === null) return { count, more: false }
    after = left.last
  }
  return { count, more: true }
}

function dropAuditEvents(olderThanDays: number, really: boolean): Part['drop'] {
  return (tx, limit) =>
    really
      ? purgeSegments(tx, { olderThanDays, segmentsMax: segmentsSetSize })
      : countPurgeable(tx, { olderThanDays, segmentsMax: limit })
}

type Part = {
  readonly what: keyof Omit<HousekeepingReport, 'more'>
  readonly drop: (tx: Tx, limit: Leaving['limit']) => Promise<number>
}

async function inSets(
  deps: HousekeepingDeps,
  options: HousekeepingOptions,
  { what, drop }: Part,
): Promise<{ count: number; more: boolean }> {
  if (!options.really) {
    const count = await deps.database.forWorker((tx) => drop(tx, previewMax))
    return { count, more: count === previewMax }
  }
  let count = 0
  for (let set = 0; set < setsMax; set++) {
    if (options.signal.aborted) return { count, more: true }
    const left = await deps.database.forWorker((tx) => drop(tx, setSize))
    count += left
    options.onProgress?.(what, count)
    if (left === 0) return { count, more: false }
  }
  return { count, more: true }
}

async function trace(deps: HousekeepingDeps, { by, retention }: HousekeepingOptions, report: HousekeepingReport): Promise<void> {
  const { more: _, ...counts } = report
  const details = { ...counts, payloadDays: retention.payload.days, auditDays: retention.audit.days }
  await deps.database.forWorker((tx) =>
    appendEvent(tx, {
      at: deps.clock.now(),
      actor: { kind: 'system', name: by },
      action: 'housekeeping.run',
      outcome: 'done',
      request: null,
      details,
    }),
  )
}
