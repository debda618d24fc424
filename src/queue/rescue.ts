/** Leases that ran out: a claimed row goes back uncounted, a sent one is ambiguous. Both through the normal settlement. */
import type { Database } from '../storage/database.ts'
import { type Claim, claimExpired, type Settled, type Won } from '../storage/queries.ts'
import { type QueueDestination, settlementOf } from './run-declaration.ts'

export type RescueDeps = {
  readonly database: Pick<Database, 'forWorker'>
  readonly findDestination: (id: string) => Pick<QueueDestination, 'retry' | 'deduplicates' | 'chargeTermsOf'> | undefined
  readonly settle: (claim: Claim, settled: Settled) => Promise<Won | null>
  readonly random: () => number
}

/** A destination that left the configuration promises nothing, and nothing is sent there again. */
const gone = {
  deduplicates: 'none',
  retry: { baseMs: 1000, capMs: 60_000, attemptsMax: 1 },
  chargeTermsOf: () => null,
} as const
/** Sets taken in one go; what is left waits for the next one. */
const setsMax = 20

/** Answers how many were brought home. */
export async function rescueExpired(
  deps: RescueDeps,
  options: { readonly worker: string; readonly leaseMs: number; readonly graceMs: number; readonly setSize: number },
): Promise<number> {
  const { worker, leaseMs, graceMs, setSize: limit } = options
  let rescued = 0
  for (let set = 0; set < setsMax; set++) {
    const expired = await deps.database.forWorker((tx) => claimExpired(tx, { worker, leaseMs, limit, graceMs }))
    await Promise.all(
      expired.map((claim) => {
        const outcome =
          claim.leftIn === 'claimed'
            ? ({ class: 'interrupted' } as const)
            : ({ class: 'ambiguous', code: 'lease-expired' } as const)
        const settled = settlementOf(claim, {
          outcome,
          destination: deps.findDestination(claim.destination) ?? gone,
          auditAction: 'declaration.rescue',
          attemptEpoch: claim.leftEpoch,
          random: deps.random,
        })
        return deps.settle(claim, settled)
      }),
    )
    rescued += expired.length
    if (expired.length < limit) break
  }
  return rescued
}
