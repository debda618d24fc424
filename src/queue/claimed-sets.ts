/** Which sets of claims nothing is held of any more: they need not be looked at when their leases would have run out. */
import type { Claim } from '../storage/queries.ts'

export type ClaimedSets = {
  began(claims: readonly Claim[]): void
  /** Once `done` resolves, these are settled, given back, or another's; where it rejects, they are left to their leases. */
  follow<Value>(claims: readonly Claim[], done: Promise<Value>): Promise<Value>
  /** Each is told once: one that PostgreSQL does not hear of is looked at by a rescue, and forgotten there. */
  takeEnded(): readonly number[]
}

export function createClaimedSets(): ClaimedSets {
  /** Claims not heard of yet, by set. A set one of whose claims was left to its lease is a rescue's to look at. */
  const left = new Map<number, number>()
  let ended: number[] = []

  function end({ set }: Claim): void {
    const count = left.get(set)
    if (count === undefined) return
    if (count > 1) return void left.set(set, count - 1)
    left.delete(set)
    ended.push(set)
  }

  return {
    began: (claims) => {
      for (const { set } of claims) left.set(set, (left.get(set) ?? 0) + 1)
    },
    follow: async (claims, done) => {
      try {
        const value = await done
        claims.forEach(end)
        return value
      } catch (cause) {
        for (const { set } of claims) left.delete(set)
        throw cause
      }
    },
    takeEnded: () => {
      const taken = ended
      ended = []
      return taken
    },
  }
}
