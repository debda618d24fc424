/** What this worker holds right now: bounded by destination, and awaited when it stops. */
import type { Claim } from '../storage/queries.ts'

export type InFlight = {
  /** How many more of this destination may start. */
  room(destination: string): number
  run(claim: Claim, step: () => Promise<void>): void
  held(): readonly Claim[]
  /** Resolves when something ends; at once when nothing is under way. */
  oneEnded(): Promise<void>
  allEnded(): Promise<void>
}

export function createInFlight(limits: ReadonlyMap<string, number>, onFault: (claim: Claim, cause: unknown) => void): InFlight {
  const running = new Map<string, { claim: Claim; ended: Promise<void> }>()
  const counts = new Map<string, number>()
  const count = (destination: string) => counts.get(destination) ?? 0

  return {
    room: (destination) => Math.max(0, (limits.get(destination) ?? 0) - count(destination)),
    run: (claim, step) => {
      const key = `${claim.id}/${claim.epoch}`
      counts.set(claim.destination, count(claim.destination) + 1)
      const ended = step()
        .catch((cause: unknown) => onFault(claim, cause)) // our own fault: the lease runs out and rescue takes over
        .finally(() => {
          running.delete(key)
          counts.set(claim.destination, count(claim.destination) - 1)
        })
      running.set(key, { claim, ended })
    },
    held: () => [...running.values()].map((entry) => entry.claim),
    oneEnded: async () => {
      if (running.size > 0) await Promise.race([...running.values()].map((entry) => entry.ended))
    },
    allEnded: async () => {
      while (running.size > 0) await Promise.all([...running.values()].map((entry) => entry.ended))
    },
  }
}
