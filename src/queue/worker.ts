/** The forwarding worker: rescues, claims, opens, sends and settles, a lane for each destination, until it is told to stop. */
import type { Database } from '../storage/database.ts'
import { type Claim, extendLeases, lookAhead, releaseClaims } from '../storage/queries.ts'
import { noTraces, type Traces } from '../telemetry/traces.ts'
import { askToSend } from './ask.ts'
import { createClaimedSets } from './claimed-sets.ts'
import { createLane, faultPauseMs, type Lane } from './lane.ts'
import { createKick, type Kick, kickedWithin, turnLane } from './lane-loop.ts'
import { rescueExpired } from './rescue.ts'
import { type OpenDeclaration, type QueueDestination, runDeclaration } from './run-declaration.ts'
import { createSettling } from './settling.ts'
import { traceSteps } from './trace-steps.ts'
import type { WorkerEvents } from './worker-events.ts'

export type { WorkerEvents } from './worker-events.ts'

export type WorkerDeps = {
  readonly database: Pick<Database, 'forWorker' | 'forWorkerAtOnce' | 'listenForDue'>
  readonly destinations: readonly QueueDestination[]
  /** Fetches what opens claimed rows; a rejection means that none can be opened now (the key store is down), and none is at fault. */
  readonly openForSending: (claims: readonly Claim[]) => Promise<ReadonlyMap<string, OpenDeclaration>>
  readonly random: () => number
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
  /** Elapsed time only, never the time of day: that is PostgreSQL's. */
  readonly monotonicMs?: () => number
  readonly events: WorkerEvents
  /** Left out: no traces. */
  readonly traces?: Traces
}

export type WorkerSettings = {
  /** Names this worker in claims, grants and attempts: one name a process that runs, or two share one grant. */
  readonly name: string
  readonly leaseMs: number
  /** Rows claimed at once for one destination; up to twice as many are held ahead. */
  readonly batchSize: number
  readonly pollMs: number
  /** How long after its own start PostgreSQL leaves expired leases to their holders; default 10 s. */
  readonly rescueGraceMs?: number
}

export type Worker = {
  start(): Promise<void>
  /** One round to its end: rescue, claim, run all that was claimed. For tests and for `work --once`. Answers how many were claimed. */
  runOnce(): Promise<number>
  /** Stops claiming, lets what is under way end within `graceMs`, then interrupts it; resolves when nothing is left. */
  stop(graceMs: number): Promise<void>
}

const rescueGraceMsDefault = 10_000

export function createWorker(deps: WorkerDeps, settings: WorkerSettings): Worker {
  const { database, events, wait } = deps
  const { name, leaseMs, batchSize } = settings
  const traced = traceSteps(deps.traces ?? noTraces)
  const monotonicMs = deps.monotonicMs ?? (() => performance.now())
  const stopping = new AbortController()
  const interrupting = new AbortController()
  const finished = new AbortController()
  const settling = createSettling({ database, wait, events, monotonicMs }, { leaseMs, hasty: interrupting.signal })
  const sendDeps = { markSent: settling.markSent, monotonicMs, leaseMs }
  const rescueDeps = {
    database,
    findDestination: (id: string) => lanes.get(id)?.lane.destination,
    settle: settling.settle,
    random: deps.random,
  }
  const sets = createClaimedSets()
  const lanes = new Map(deps.destinations.map((destination) => [destination.id, openLane(destination)]))
  const dispatch = createKick()
  const loops: Promise<void>[] = []
  let unlisten: () => Promise<void> = async () => undefined

  function openLane(destination: QueueDestination): { lane: Lane; kick: Kick; askedAt: number } {
    const kick = createKick()
    const lane = createLane(
      {
        ask: async (input) => {
          entry.askedAt = monotonicMs()
          const asking = { worker: name, leaseMs, takeEndedSets: sets.takeEnded, ...input }
          const asked = await traced.claim(destination.id, () => askToSend(database, destination, asking))
          sets.began(asked.claims)
          return asked
        },
        openForSending: (claims) => traced.open(destination.id, claims, () => deps.openForSending(claims)),
        run: (claim, opened, takeSlot) =>
          traced.send(claim, () =>
            runDeclaration(sendDeps, claim, { destination, opened, signal: interrupting.signal, takeSlot }),
          ),
        settle: (claim, settled) => traced.settle(claim, settled, () => settling.settle(claim, settled)),
        // What cannot be given back now goes back when its lease runs out.
        release: (claims) =>
          sets
            .follow(
              claims,
              database.forWorker((tx) => releaseClaims(tx, claims)),
            )
            .catch((cause: unknown) => events.failed('claim', cause)),
        follow: sets.follow,
        random: deps.random,
        monotonicMs,
        events,
        onKick: kick.kick,
        kickIn: (ms) => void wait(ms, stopping.signal).then(kick.kick, () => undefined),
        onRequeued: () => dispatch.kick(),
      },
      destination,
      { batchSize },
    )
    const entry = { lane, kick, askedAt: monotonicMs() }
    return entry
  }

  async function rescue(): Promise<void> {
    const graceMs = settings.rescueGraceMs ?? rescueGraceMsDefault
    try {
      if ((await rescueExpired(rescueDeps, { worker: name, leaseMs, graceMs, setSize: 200 })) > 0) dispatch.kick()
    } catch (cause) {
      events.failed('rescue', cause)
    }
  }

  /** Apart from what wakes the lanes: a row that cannot be settled has the patience of two leases, and what is new must not wait for it. */
  async function rescueLoop(): Promise<void> {
    while (!stopping.signal.aborted) {
      await rescue()
      await wait(settings.pollMs, stopping.signal).catch(() => undefined)
    }
  }

  /** Looks where work is due and kicks those lanes; sleeps until the next is due, a notice comes, or polling's turn. */
  async function dispatchLoop(): Promise<void> {
    while (!stopping.signal.aborted) {
      let idleMs = settings.pollMs
      try {
        const ahead = await database.forWorker((tx) => lookAhead(tx, [...lanes.keys()]))
        for (const { destination, dueNow, nextMs } of ahead) {
          if (dueNow) lanes.get(destination)?.kick.kick()
          if (nextMs !== null) idleMs = Math.min(idleMs, Math.ceil(nextMs) + 1)
        }
      } catch (cause) {
        events.failed('claim', cause)
        idleMs = Math.min(faultPauseMs, settings.pollMs)
      }
      await kickedWithin(dispatch, idleMs, wait)
    }
  }

  /** Prolongs leases of what is held, and grants of lanes that are long at one send; also while stopping, to the last row. */
  async function beatLoop(): Promise<void> {
    while (!finished.signal.aborted) {
      await wait(leaseMs / 3, finished.signal).catch(() => undefined)
      const held = [...lanes.values()].flatMap(({ lane }) => lane.held())
      if (held.length === 0 || finished.signal.aborted) continue
      for (const { lane, kick } of lanes.values()) if (lane.held().length > 0) kick.kick()
      try {
        await database.forWorker((tx) => extendLeases(tx, held, leaseMs))
      } catch (cause) {
        events.failed('heartbeat', cause)
      }
    }
  }

  async function emptied(): Promise<void> {
    await Promise.all([...lanes.values()].map(({ lane }) => lane.emptied()))
  }

  async function leave(): Promise<void> {
    for (const { lane } of lanes.values()) await lane.leave().catch((cause: unknown) => events.failed('claim', cause))
  }

  return {
    start: async () => {
      unlisten = (await database.listenForDue(dispatch.kick, dispatch.kick)).unlisten
      for (const entry of lanes.values()) {
        const needsRenewal = () => entry.lane.held().length > 0 && monotonicMs() - entry.askedAt > leaseMs / 3
        loops.push(turnLane(entry.lane, entry.kick, { wait, events, stopping: stopping.signal, needsRenewal }))
      }
      loops.push(dispatchLoop())
      loops.push(rescueLoop())
      loops.push(beatLoop())
    },
    runOnce: async () => {
      await rescue()
      let claimed = 0
      for (const { lane } of lanes.values()) {
        try {
          const round = await lane.round()
          if (await round.opened) claimed += round.claimed
        } catch (cause) {
          events.failed('claim', cause)
        }
      }
      await emptied()
      await leave()
      return claimed
    },
    stop: async (graceMs) => {
      stopping.abort()
      await Promise.all([...lanes.values()].map(({ lane }) => lane.close()))
      dispatch.kick()
      for (const { kick } of lanes.values()) kick.kick()
      const patience = new AbortController()
      await Promise.race([emptied(), wait(graceMs, patience.signal).catch(() => undefined)])
      patience.abort()
      interrupting.abort()
      await emptied()
      finished.abort()
      await Promise.all(loops)
      await leave()
      await unlisten().catch(() => undefined) // a connection that is gone listens no more
    },
  }
}
