/** What the doctor asks of the main database beside the gauges: traces of what was signed, and who is named as a recipient. */
import { sql } from 'drizzle-orm'
import type { Tx } from './database.ts'

const screeningsMax = 50_000

/** Versions signed in the last day, and how many of them no audit event tells of. In the worker's scope. */
export async function countUntraced(tx: Tx): Promise<{ readonly signed: number; readonly untraced: number }> {
  const [row] = await tx.execute<{ signed: number; untraced: number }>(sql`
    select count(*)::int as signed, count(*) filter (where not exists (
      select from audit_events e where e.object_id = s.screening_id
        and e.action in ('screening.capture', 'screening.sign', 'screening.correct', 'screening.cancel') and e.outcome = 'done'))::int as untraced
    from (select screening_id from screenings where signed_at > now() - interval '1 day' limit ${screeningsMax}) s`)
  return row ?? { signed: 0, untraced: 0 }
}

/** PostgreSQL's clock, ms. */
export async function readClock(tx: Tx): Promise<number> {
  const [row] = await tx.execute<{ ms: number }>(sql`select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`)
  return row?.ms ?? Number.NaN
}
