/** How forwarding stands for each pharmacy, read every few seconds and kept: pages ask at every answer, the database is not. */

import type { Database } from '../storage/database.ts'
import { countByPharmacy, listSilences, type PharmacyCount, type Silence } from '../storage/silences.ts'
import { type DestinationStatus, forwardingStatus } from './forwarding-status.ts'
import type { QueueDestination } from './run-declaration.ts'

export type StandingDestination = Pick<QueueDestination, 'id' | 'pace'> & {
  readonly label: string
  /** Ids of the pharmacies that it serves are asked for through this. */
  readonly serves: (pharmacyId: string) => boolean
}

export type StandingLine = {
  readonly label: string
  readonly state: 'paused' | 'silent' | 'recovering' | 'delayed' | 'not-configured'
  readonly waiting: number
  readonly pausedForMs: number | null
  readonly expectedDelayMs: number | null
}
export type PharmacyStanding = {
  readonly stopped: number
  /** Corrections and cancellations that wait for a decision on what they follow. */
  readonly held: number
  readonly quietSince: Date | null
  readonly destinations: readonly StandingLine[]
}

export type StandingDeps = {
  readonly database: Pick<Database, 'forWorker'>
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
  readonly monotonicMs?: () => number
  readonly onFailure: (error: unknown) => void
}

export type StandingWatch = {
  start(): void
  stop(): Promise<void>
  /** Null where nothing was read lately: nothing is said rather than something old. */
  of(pharmacyId: string): PharmacyStanding | null
  /** One reading, now. */
  refresh(): Promise<void>
}

const refreshMs = 10_000
const staleMs = 60_000
/** Shorter delays are nobody's business. */
const delayedMs = 120_000

type Reading = {
  readonly atMs: number
  readonly status: readonly DestinationStatus[]
  readonly counts: ReadonlyMap<string, readonly PharmacyCount[]>
  readonly silences: readonly Silence[]
}

export function watchStanding(
  deps: StandingDeps,
  destinations: readonly StandingDestination[],
  options: { readonly silenceMs: number },
): StandingWatch {
  const { database, wait } = deps
  const monotonicMs = deps.monotonicMs ?? (() => performance.now())
  const stopping = new AbortController()
  let reading: Reading | null = null
  let loop: Promise<void> = Promise.resolve()

  async function refresh(): Promise<void> {
    const status = await forwardingStatus(database, destinations, options)
    const { rows, silences } = await database.forWorker(async (tx) => ({
      rows: await countByPharmacy(tx),
      silences: await listSilences(tx),
    }))
    const counts = Map.groupBy(rows, (row) => row.pharmacyId)
    reading = { atMs: monotonicMs(), status, counts, silences }
  }

  async function turn(): Promise<void> {
    while (!stopping.signal.aborted) {
      await refresh().catch(deps.onFailure)
      await wait(refreshMs, stopping.signal)
    }
  }

  return {
    refresh,
    start: () => {
      loop = turn()
    },
    stop: async () => {
      stopping.abort()
      await loop
    },
    of: (pharmacyId) =>
      reading && monotonicMs() - reading.atMs < staleMs ? standingOf(reading, destinations, pharmacyId) : null,
  }
}

function standingOf(reading: Reading, destinations: readonly StandingDestination[], pharmacyId: string): PharmacyStanding {
  const counts = reading.counts.get(pharmacyId) ?? []
  const lines = reading.status.flatMap((status): StandingLine[] => {
    const settings = destinations.find((one) => one.id === status.destinationId)
    const waiting = counts.find((one) => one.destination === status.destinationId)?.waiting ?? 0
    const concerned = settings ? settings.serves(pharmacyId) || waiting > 0 : waiting > 0
    const state = lineState(status)
    if (!concerned || state === null) return []
    const { pausedForMs, expectedDelayMs } = status
    // Late by its age alone, it may be one message that is refused for now again and again: nobody else is late for that.
    if (state === 'delayed' && expectedDelayMs === null && waiting === 0) return []
    return [{ label: settings?.label ?? status.destinationId, state, waiting, pausedForMs, expectedDelayMs }]
  })
  const quiet = reading.silences.find((one) => one.kind === 'pharmacy-quiet' && one.subject === pharmacyId)
  return {
    stopped: counts.reduce((sum, one) => sum + one.stopped, 0),
    held: counts.reduce((sum, one) => sum + one.held, 0),
    quietSince: quiet?.since ?? null,
    destinations: lines,
  }
}

/** Where too little drains to foresee a delay, the one that has passed already is the least that it will be. */
function lineState({ state, expectedDelayMs, oldestWaitingMs }: DestinationStatus): StandingLine['state'] | null {
  if (state !== 'flowing') return state
  return (expectedDelayMs ?? oldestWaitingMs ?? 0) > delayedMs ? 'delayed' : null
}
