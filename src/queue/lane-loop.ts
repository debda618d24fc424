/** Turns a lane: a round when something kicked it, or when the time it named has come, until it is told to stop. */
import { faultPauseMs, type Lane } from './lane.ts'
import type { WorkerEvents } from './worker-events.ts'

export type Kick = {
  kick(): void
  /** Resolves at once where a kick is kept, else with the next one. */
  kicked(): Promise<void>
  /** Forgets the kicks up to now: what they pointed at is about to be looked at. */
  take(): void
}

/** A kick during a round is kept for the next one: none is lost, and many are one. */
export function createKick(): Kick {
  let pending = false
  let wake: () => void = () => undefined
  return {
    kick: () => {
      pending = true
      wake()
    },
    kicked: () =>
      pending
        ? Promise.resolve()
        : new Promise((resume) => {
            wake = resume
          }),
    take: () => {
      pending = false
    },
  }
}

/** Waits for a kick, at most `ms` (null: without end); the timer of a wait that was cut short does not stay behind. */
export async function kickedWithin(kick: Kick, ms: number | null, wait: Wait): Promise<void> {
  const timer = new AbortController()
  const waits = ms === null ? [kick.kicked()] : [kick.kicked(), wait(ms, timer.signal).catch(() => undefined)]
  await Promise.race(waits)
  timer.abort()
  kick.take()
}

type Wait = (ms: number, signal: AbortSignal) => Promise<void>

export async function turnLane(
  lane: Lane,
  kick: Kick,
  deps: {
    readonly wait: Wait
    readonly events: WorkerEvents
    readonly stopping: AbortSignal
    readonly needsRenewal: () => boolean
  },
): Promise<void> {
  let againMs: number | null = null
  while (!deps.stopping.aborted) {
    await kickedWithin(kick, againMs, deps.wait)
    againMs = 0
    try {
      while (againMs === 0 && !deps.stopping.aborted) againMs = (await lane.round({ renew: deps.needsRenewal() })).againMs
    } catch (cause) {
      deps.events.failed('claim', cause)
      againMs = faultPauseMs
    }
  }
}
