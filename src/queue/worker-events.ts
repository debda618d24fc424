/** What a worker tells: ids, codes and counts only. */
import type { Claim, Settled, Won } from '../storage/queries.ts'

export type WorkerEvents = {
  /** `won` says how old the declaration was then, by PostgreSQL's clock. */
  settled(claim: Claim, settled: Settled, won: Won): void
  leaseLost(claim: Claim): void
  /** A fault of ours, after which the work goes on: nothing is lost by it. */
  failed(step: 'claim' | 'mark' | 'run' | 'rescue' | 'heartbeat' | 'open' | 'settle', cause: unknown): void
}
