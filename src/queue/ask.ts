/** One asking at a destination's door: breaker, slots, pace and claim in one transaction, under the lock of its control row. */
import type { Database } from '../storage/database.ts'
import { ensureControls, lockControl, saveControl } from '../storage/destination-controls.ts'
import { type Claim, claimDue } from '../storage/queries.ts'
import { type Admission, type Ask, afterClaim, type Control, decideAdmission } from './admission.ts'
import type { QueueDestination } from './run-declaration.ts'

export type Asked = {
  readonly claims: readonly Claim[]
  readonly breaker: Control['breaker']
  /** Failures that count towards the next opening: while there are some, news is told at once. */
  readonly failures: number
  readonly slots: number
  readonly claimMax: number
  readonly againMs: Admission['againMs']
  /** True where every pharmacy with waiting rows had its turn: then nothing more can be claimed now. */
  readonly wentRound: boolean
  /** The pharmacies after which this turn began, and the next one begins. */
  readonly turn: { readonly from: string; readonly to: string }
}

export async function askToSend(
  database: Pick<Database, 'forWorker'>,
  destination: QueueDestination,
  input: Omit<Ask, 'nowMs'> & { readonly held: number; readonly takeEndedSets: () => readonly number[] },
): Promise<Asked> {
  return database.forWorker(async (tx) => {
    let locked = await lockControl(tx, destination.id)
    if (!locked) {
      await ensureControls(tx, [destination.id])
      locked = await lockControl(tx, destination.id)
    }
    if (!locked) throw new Error('a control row that was made is not there')
    const { worker, leaseMs } = input
    const ask: Ask = { ...input, nowMs: locked.nowMs }
    const admission = decideAdmission(locked.control, ask, destination)
    const { turnAfter } = locked.control
    const turn =
      admission.claimMax > 0
        ? await claimDue(tx, {
            worker,
            leaseMs,
            destination: destination.id,
            limit: admission.claimMax,
            turnAfter,
            endedSets: input.takeEndedSets(),
          })
        : { claims: [], turnAfter, wentRound: false }
    const after = afterClaim(admission, ask, turn.claims.length, input.held + turn.claims.length)
    await saveControl(tx, destination.id, { ...after.control, turnAfter: turn.turnAfter })
    const { breaker, failures } = after.control
    const { claimMax, againMs } = admission
    const moved = { from: turnAfter, to: turn.turnAfter }
    return {
      claims: turn.claims,
      breaker,
      failures,
      slots: after.slots,
      claimMax,
      againMs,
      wentRound: turn.wentRound,
      turn: moved,
    }
    // Commit: the rows are leased and counted. If we die now, their leases run out and they go back uncounted.
  })
}
