/** What a worker tells: ids, codes and counts only. */
import type { Claim, Settled } from '../storage/queries.ts'

export type WorkerEvents = {
  settled(claim: Claim, settled: Settled): void
  leaseLost(claim: Claim): void
  /** A fault of ours, after which the work goes on: nothing is lost by it. */
  failed(step: 'claim' | 'run' | 'rescue' | 'heartbeat' | 'open' | 'settle', cause: unknown): void
}
