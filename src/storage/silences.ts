/** Silences: pharmacies that are quiet at a time at which they usually capture, and the alarms that stand. */
import { sql } from 'drizzle-orm'
import type { Tx } from './database.ts'
import { queuedOrHeld } from './queue-reading.ts'

export const silenceKinds = ['destination-silent', 'pharmacy-quiet'] as const
export type SilenceKind = (typeof silenceKinds)[number]
export type Silence = { readonly kind: SilenceKind; readonly subject: string; readonly since: Date | null }

/**
 * Pharmacies in service that captured nothing for `hours`, although in three of the last four weeks they captured `capturesMin` or
 * more in the same hours of the same day, by the clock in Paris. `since`: their last capture of the last fortnight.
 */
export async function listQuietPharmacies(
  tx: Tx,
  rule: { readonly hours: number; readonly capturesMin: number },
): Promise<readonly { readonly pharmacyId: string; readonly since: Date | null }[]> {
  const paris = sql`(now() at time zone 'Europe/Paris')`
  const until = sql`((${paris} - week.n * interval '7 days') at time zone 'Europe/Paris')`
  const from = sql`((${paris} - week.n * interval '7 days' - ${rule.hours} * interval '1 hour') at time zone 'Europe/Paris')`
  const rows = await tx.execute<{ id: string; since: string | null }>(sql`
    select p.id, (select max(s.captured_at)::text from screenings s where s.pharmacy_id = p.id and s.captured_at > now() - interval '14 days') as since
    from pharmacies p
    where p.in_service
      and not exists (select from screenings s where s.pharmacy_id = p.id and s.captured_at > now() - ${rule.hours} * interval '1 hour')
      and (select count(*) from generate_series(1, 4) as week (n) where (
        select count(*) from (select from screenings s where s.pharmacy_id = p.id and s.version = 1 and s.captured_at > ${from} and s.captured_at <= ${until}
          limit ${rule.capturesMin}) sample) >= ${rule.capturesMin}) >= 3
    order by p.id limit 10000`)
  return rows.map((row) => ({ pharmacyId: row.id, since: row.since === null ? null : new Date(row.since) }))
}

export async function listSilences(tx: Tx): Promise<readonly Silence[]> {
  const rows = await tx.execute<{ kind: SilenceKind; subject: string; since: string | null }>(sql`
    select kind, subject, since::text from silence_alarms order by kind, subject limit 10000`)
  return rows.map((row) => ({ ...row, since: row.since === null ? null : new Date(row.since) }))
}

/** Writes which silences of a kind stand now; answers those that began and those that ended. */
export async function replaceSilences(
  tx: Tx,
  kind: SilenceKind,
  now: readonly { readonly subject: string; readonly since: Date | null }[],
): Promise<{ readonly began: readonly string[]; readonly ended: readonly string[] }> {
  const subjects = now.map((one) => one.subject)
  const since = now.map((one) => one.since?.toISOString() ?? null)
  const ended = await tx.execute<{ subject: string }>(sql`
    delete from silence_alarms where kind = ${kind} and not subject = any(${sql.param(subjects)}::text[]) returning subject`)
  const began = await tx.execute<{ subject: string }>(sql`
    insert into silence_alarms (kind, subject, since)
    select ${kind}, t.subject, t.since::timestamptz from unnest(${sql.param(subjects)}::text[], ${sql.param(since)}::text[]) as t (subject, since)
    on conflict do nothing returning subject`)
  return { began: began.map((row) => row.subject), ended: ended.map((row) => row.subject) }
}

export type PharmacyCount = {
  readonly pharmacyId: string
  readonly destination: string
  /** Queued or under way. */
  readonly waiting: number
  /** Behind a parked version of their screening. */
  readonly held: number
  readonly stopped: number
}

/** What waits and what has stopped, by pharmacy and destination: from the partial indexes of open and of refused rows. */
export async function countByPharmacy(tx: Tx): Promise<readonly PharmacyCount[]> {
  const rows = await tx.execute<PharmacyCount & Record<string, unknown>>(sql`
    select pharmacy_id as "pharmacyId", destination, count(*) filter (where state = 'queued')::int as waiting,
      count(*) filter (where state = 'held')::int as held, count(*) filter (where state = 'stopped')::int as stopped
    from (
      select q.pharmacy_id, q.destination, case q.state when 'queued' then ${queuedOrHeld('q')} else 'queued' end as state
      from declarations q where q.standing = 'open'
      union all
      select pharmacy_id, destination, 'stopped' from declarations where standing = 'parked'
      union all
      select d.pharmacy_id, d.destination, 'stopped' from declarations d join screenings s on s.version_id = d.version_id
      where d.standing = 'rejected' and s.status <> 'superseded'
    ) open group by 1, 2 limit 100000`)
  return [...rows]
}
