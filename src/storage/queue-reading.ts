/** How much is not done with, by destination and state: for metrics, banner and alarm, from the partial indexes of open rows. */
import { type SQL, sql } from 'drizzle-orm'
import type { DeclarationState } from '../domain/declaration.ts'
import type { Tx } from './database.ts'

export type OpenCount = {
  readonly destination: string
  /** `held`: queued, and behind a parked version of its screening: it cannot leave before a person has decided on that one. */
  readonly state: Extract<DeclarationState, 'queued' | 'claimed' | 'sent' | 'parked'> | 'held'
  readonly count: number
  /** Of what a worker can move or holds; null for what waits for a person. */
  readonly oldestAgeMs: number | null
}

/**
 * `queued`, or `held`. Only a later version can be held, so that a backlog of first versions costs no look-up; and `e.state` is
 * compared so that it leads to no partial index: the versions of one screening are found by its id, whatever statistics say.
 */
export const queuedOrHeld = (row: string): SQL => {
  const d = sql.raw(row)
  return sql`case when ${d}.version > 1 and exists (
      select from declarations e
      where e.screening_id = ${d}.screening_id and e.destination = ${d}.destination and e.version < ${d}.version and (e.state || '') = 'parked')
    then 'held' else 'queued' end`
}

/** Each part reads one partial index; a hundred thousand parked ones are counted in theirs, without a look at the rows. */
export async function countOpenDeclarations(tx: Tx): Promise<readonly OpenCount[]> {
  const rows = await tx.execute<OpenCount & Record<string, unknown>>(sql`
    select destination, state, count(*)::int as count,
      case when state <> 'held' then (extract(epoch from now() - min(created_at)) * 1000)::float8 end as "oldestAgeMs"
    from (
      select q.destination, case q.state when 'queued' then ${queuedOrHeld('q')} else q.state end as state, q.created_at
      from declarations q where q.standing = 'open'
    ) open group by destination, state
    union all
    select p.destination, 'parked', count(*)::int, null from declarations p where p.standing = 'parked' group by p.destination`)
  return [...rows]
}
