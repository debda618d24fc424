/** What restore drills found, and what a drill asks of a restored database: counts, and a sample to be opened. */
import { sql } from 'drizzle-orm'
import type { Tx } from './database.ts'

export type BackupDrill = {
  readonly drilledAt: Date
  readonly dumpTakenAt: Date
  readonly outcome: 'passed' | 'failed'
  /** Counts by name; codes of what failed. */
  readonly details: Readonly<Record<string, number | readonly string[]>>
}

export async function insertDrill(tx: Tx, drill: BackupDrill): Promise<void> {
  await tx.execute(sql`
    insert into backup_drills (drilled_at, dump_taken_at, outcome, details)
    values (${drill.drilledAt.toISOString()}, ${drill.dumpTakenAt.toISOString()}, ${drill.outcome},
      ${JSON.stringify(drill.details)}::text::jsonb)`)
}

export type LastDrill = {
  readonly outcome: 'passed' | 'failed'
  readonly drilledAgeMs: number
  readonly dumpAgeMs: number
  /** Of the newest drill that passed; null where none ever did. */
  readonly passedAgeMs: number | null
}

/** The newest drill; null where there was none. Ages by PostgreSQL's clock. */
export async function findLastDrill(tx: Tx): Promise<LastDrill | null> {
  const [row] = await tx.execute<LastDrill & Record<string, unknown>>(sql`
    select outcome, (extract(epoch from now() - drilled_at) * 1000)::float8 as "drilledAgeMs",
      (extract(epoch from now() - dump_taken_at) * 1000)::float8 as "dumpAgeMs",
      (select (extract(epoch from now() - max(drilled_at)) * 1000)::float8 from backup_drills where outcome = 'passed') as "passedAgeMs"
    from backup_drills order by drilled_at desc, id desc limit 1`)
  return row ?? null
}

export type SampledVersion = {
  readonly versionId: string
  readonly pharmacyId: string
  readonly keyRef: string
  readonly patient: Uint8Array
  readonly act: Uint8Array
}

/** Sealed versions spread over the table: one from each of `limit` random places of its key. In the worker's scope. */
export async function sampleVersions(tx: Tx, limit: number): Promise<readonly SampledVersion[]> {
  const rows = await tx.execute<SampledVersion & Record<string, unknown>>(sql`
    select distinct on (s.version_id) s.version_id::text as "versionId", s.pharmacy_id::text as "pharmacyId",
      s.key_ref::text as "keyRef", s.patient, s.act
    from (select gen_random_uuid() as place from generate_series(1, ${limit})) places
    cross join lateral (
      select * from screenings where version_id >= places.place and patient is not null order by version_id limit 1) s`)
  return [...rows]
}

export type TableCounts = Readonly<Record<'screenings' | 'declarations' | 'receipts' | 'auditEvents', number>>

/** In the worker's scope. */
export async function countTables(tx: Tx): Promise<TableCounts> {
  const [row] = await tx.execute<TableCounts & Record<string, unknown>>(sql`
    select (select count(*) from screenings)::float8 as screenings, (select count(*) from declarations)::float8 as declarations,
      (select count(*) from receipts)::float8 as receipts, (select count(*) from audit_events)::float8 as "auditEvents"`)
  return row ?? { screenings: 0, declarations: 0, receipts: 0, auditEvents: 0 }
}
