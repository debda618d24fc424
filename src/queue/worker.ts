/** The forwarding worker: rescues, claims, opens, sends and settles, until it is told to stop. */
import { createBatcher } from '../base/batcher.ts'
import type { Database } from '../storage/database.ts'
import {
  type Claim,
  claimDue,
  claimExpired,
  extendLeases,
  markSent,
  msUntilDue,
  type Settled,
  settle,
} from '../storage/queries.ts'
import { createInFlight } from './in-flight.ts'
import { type OpenedDeclaration, type QueueDestination, runDeclaration, settleClaim } from './run-declaration.ts'

export type WorkerDeps = {
  readonly database: Pick<Database, 'forWorker' | 'listenForDue'>
  readonly destinations: readonly QueueDestination[]
  /** Opens claimed rows; a rejection means that none could be opened now (the key store is down), and none is at fault. */
  readonly openForSending: (claims: readonly Claim[]) => Promise<ReadonlyMap<string, OpenedDeclaration>>
  readonly random: () => number
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
  readonly events: WorkerEvents
}

/** Ids, codes and counts only. */
export type WorkerEvents = {
  settled(claim: Claim, settled: Settled): void
  leaseLost(claim: Claim): void
  failed(step: 'claim' | 'run' | 'rescue' | 'heartbeat' | 'open', cause: unknown): void
}

export type WorkerSettings = {
  /** Names this worker in claims and attempts. */
  readonly name: string
  readonly leaseMs: number
  readonly batchSize: number
  readonly pollMs: number
}

export type Worker = {
  start(): Promise<void>
  /** One round to its end: rescue, claim, run all that was claimed. For tests and for `work --once`. Answers how many were claimed. */
  runOnce(): Promise<number>
  /** Stops claiming, lets what is under way end within `graceMs`, then interrupts it; resolves when nothing is left. */
  stop(graceMs: number): Promise<void>
}

const settleBatchMax = 200
const nothingOpened: OpenedDeclaration = { outcome: { class: 'permanent', code: 'unreadable-content' } }
/** After a fault of our own (the database is away), not to spin. */
const faultPauseMs = 1000

export function createWorker(deps: WorkerDeps, settings: WorkerSettings): Worker {
  const { database, events } = deps
  const destinations = new Map(deps.destinations.map((destination) => [destination.id, destination]))
  const inFlight = createInFlight(new Map(deps.destinations.map((entry) => [entry.id, entry.concurrencyMax])), (_claim, cause) =>
    events.failed('run', cause),
  )
  const stopping = new AbortController()
  const interrupting = new AbortController()
  let wake: () => void = () => undefined
  let loop: Promise<void> | null = null
  let heart: Promise<void> | null = null
  let unlisten: (() => Promise<void>) | null = null

  const markSentInSets = createBatcher(
    async (items: readonly { claim: Claim; messageSha256: string }[]) => {
      const rows = items.map(({ claim, messageSha256 }) => ({ id: claim.id, epoch: claim.epoch, messageSha256 }))
      const won = await database.forWorker((tx) => markSent(tx, rows, settings.leaseMs))
      return items.map(({ claim }) => won.has(claim.id))
    },
    { sizeMax: settleBatchMax },
  )
  const settleInSets = createBatcher(
    async (items: readonly Settled[]) => {
      const won = await database.forWorker((tx) => settle(tx, items))
      return items.map((item) => won.has(item.id))
    },
    { sizeMax: settleBatchMax },
  )
  const runDeps = {
    markSent: (claim: Claim, messageSha256: string) => markSentInSets({ claim, messageSha256 }),
    settle: settleInSets,
    random: deps.random,
    onLeaseLost: (claim: Claim) => events.leaseLost(claim),
    onSettled: (claim: Claim, settled: Settled) => events.settled(claim, settled),
  }

  async function claimAndRun(): Promise<number> {
    const open = deps.destinations.filter((destination) => inFlight.room(destination.id) > 0)
    let claimed = 0
    // One claim a destination: a full or slow one takes no room from the others.
    for (const destination of open) {
      const limit = Math.min(settings.batchSize, inFlight.room(destination.id))
      const claims = await database.forWorker((tx) =>
        claimDue(tx, { worker: settings.name, leaseMs: settings.leaseMs, destinations: [destination.id], limit }),
      )
      claimed += claims.length
      if (claims.length > 0) await runClaims(destination, claims)
    }
    return claimed
  }

  async function runClaims(destination: QueueDestination, claims: readonly Claim[]): Promise<void> {
    let opened: ReadonlyMap<string, OpenedDeclaration>
    try {
      opened = await deps.openForSending(claims)
    } catch (cause) {
      // Ours, not theirs: give the rows back uncounted, and pause.
      events.failed('open', cause)
      for (const claim of claims)
        await settleClaim(runDeps, claim, { outcome: { class: 'interrupted' }, destination, auditAction: 'declaration.settle' })
      await deps.wait(faultPauseMs, stopping.signal)
      return
    }
    for (const claim of claims) {
      const step = { destination, opened: opened.get(claim.id) ?? nothingOpened, signal: interrupting.signal }
      inFlight.run(claim, () => runDeclaration(runDeps, claim, step))
    }
  }

  /** Leases that ran out: a claimed one goes back uncounted, a sent one is ambiguous. Through the normal settlement. */
  async function rescue(): Promise<void> {
    const expired = await database.forWorker((tx) =>
      claimExpired(tx, { worker: settings.name, leaseMs: settings.leaseMs, limit: settings.batchSize }),
    )
    for (const claim of expired) {
      const destination = destinations.get(claim.destination)
      const outcome =
        claim.leftIn === 'claimed'
          ? ({ class: 'interrupted' } as const)
          : ({ class: 'ambiguous', code: 'lease-expired' } as const)
      const promises = destination ?? { deduplicates: 'none' as const, retry: { baseMs: 1000, capMs: 60_000, attemptsMax: 1 } }
      await settleClaim(runDeps, claim, { outcome, destination: promises, auditAction: 'declaration.rescue' })
    }
  }

  async function round(): Promise<number> {
    try {
      await rescue()
    } catch (cause) {
      events.failed('rescue', cause)
    }
    return claimAndRun()
  }

  async function runLoop(): Promise<void> {
    while (!stopping.signal.aborted) {
      const woken = new Promise<void>((resume) => {
        wake = resume
      })
      try {
        const claimed = await round()
        if (claimed > 0 && deps.destinations.some((entry) => inFlight.room(entry.id) > 0)) continue
        const due = await database.forWorker((tx) => msUntilDue(tx))
        const full = inFlight.held().length > 0 && due === 0
        const idleMs = Math.min(settings.pollMs, due === null || due === 0 ? settings.pollMs : due)
        await Promise.race([woken, full ? inFlight.oneEnded() : deps.wait(idleMs, stopping.signal)])
      } catch (cause) {
        events.failed('claim', cause)
        await deps.wait(faultPauseMs, stopping.signal)
      }
    }
  }

  async function beat(): Promise<void> {
    while (!stopping.signal.aborted || inFlight.held().length > 0) {
      await Promise.race([
        deps.wait(settings.leaseMs / 3, interrupting.signal),
        stopping.signal.aborted ? inFlight.allEnded() : new Promise(() => undefined),
      ])
      const held = inFlight.held()
      if (held.length === 0) continue
      try {
        await database.forWorker((tx) => extendLeases(tx, held, settings.leaseMs))
      } catch (cause) {
        events.failed('heartbeat', cause)
      }
    }
  }

  return {
    start: async () => {
      const due = () => wake()
      unlisten = (await database.listenForDue(due, due)).unlisten
      loop = runLoop()
      heart = beat()
    },
    runOnce: async () => {
      const claimed = await round()
      await inFlight.allEnded()
      return claimed
    },
    stop: async (graceMs) => {
      stopping.abort()
      wake()
      await loop
      const patience = new AbortController()
      await Promise.race([inFlight.allEnded(), deps.wait(graceMs, patience.signal)])
      patience.abort()
      interrupting.abort()
      await inFlight.allEnded()
      await heart
      await unlisten?.()
    },
  }
}
