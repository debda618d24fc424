/** The audit log's rows and its sealed segments: what the sealer takes, what a verifier reads back, in the worker's scope. */
import { sql } from 'drizzle-orm'
import { assert } from '../base/assert.ts'
import type { Tx } from './database.ts'

/** An event as text, column by column, so that what is hashed depends on no driver. */
export type LoggedEvent = {
  readonly seq: number
  /** UTC, microseconds: `2026-07-15T10:00:00.123456Z`. */
  readonly at: string
  readonly actorKind: string
  readonly professionalId: string | null
  readonly sessionId: string | null
  readonly pharmacyId: string | null
  readonly action: string
  readonly outcome: string
  readonly code: string | null
  readonly objectType: string | null
  readonly objectId: string | null
  readonly requestId: string | null
  readonly clientAddress: string | null
  readonly details: Readonly<Record<string, unknown>>
}

export type AuditSegment = {
  readonly firstIndex: number
  readonly seqs: readonly number[]
  /** 32 bytes a leaf. */
  readonly leafHashes: Buffer
  /** 32 bytes a subtree of the right edge, after this segment. */
  readonly edge: Buffer
  readonly checkpoint: string
  readonly lastAt: Date
  readonly purged: boolean
}

/** No segment holds more leaves; a check of the table says so too. */
export const segmentSizeMax = 1000

const eventColumns = sql`
  seq::float8 as seq, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, actor_kind as "actorKind",
  professional_id::text as "professionalId", session_id::text as "sessionId", pharmacy_id::text as "pharmacyId", action, outcome,
  code, object_type as "objectType", object_id::text as "objectId", request_id::text as "requestId",
  host(client_address) as "clientAddress", details`

/** Committed events that no segment holds yet, the oldest numbers first. */
export async function listUnsealedEvents(tx: Tx, limit: number): Promise<readonly LoggedEvent[]> {
  assert(limit <= segmentSizeMax, 'more events than a segment takes')
  const rows = await tx.execute<LoggedEvent & Record<string, unknown>>(sql`
    with cut as (select cut_seq from audit_sealing),
      sealed as (
        select unnest(seqs) as seq from audit_segments where last_seq > (select cut_seq from cut)
      )
    select ${eventColumns} from audit_events e
    where e.seq > (select cut_seq from cut) and not exists (select from sealed s where s.seq = e.seq)
    order by e.seq limit ${limit}`)
  return [...rows]
}

/**
 * Moves the cut to where no event can appear any more: numbers are given out before their transactions commit, so that the
 * newest number becomes the cut only when every transaction then running has ended, and all up to it has been sealed.
 */
export async function advanceCut(tx: Tx): Promise<void> {
  await tx.execute(sql`
    update audit_sealing set cut_seq = next_cut_seq,
      next_cut_seq = greatest(next_cut_seq, coalesce((select max(seq) from audit_events), 0)),
      next_cut_xid = pg_snapshot_xmax(pg_current_snapshot()), next_cut_at = now()
    where pg_snapshot_xmin(pg_current_snapshot()) >= next_cut_xid and next_cut_at < now() - interval '2 seconds'
      and not exists (
        select from audit_events e
        left join (select unnest(seqs) as seq from audit_segments where last_seq > (select cut_seq from audit_sealing)) s on s.seq = e.seq
        where e.seq > cut_seq and e.seq <= next_cut_seq and s.seq is null)`)
}

export async function findLastSegment(tx: Tx): Promise<AuditSegment | null> {
  const [last] = await listSegmentsWhere(tx, sql`true`, sql`order by first_index desc limit 1`)
  return last ?? null
}

/** Segments from a leaf on, in the order of the tree. */
export async function listSegments(tx: Tx, fromIndex: number, limit: number): Promise<readonly AuditSegment[]> {
  return listSegmentsWhere(tx, sql`first_index >= ${fromIndex}`, sql`order by first_index limit ${limit}`)
}

/** Says whether it won: another sealer may have taken the same place. */
export async function insertSegment(tx: Tx, segment: AuditSegment, sealedAt: Date): Promise<boolean> {
  const rows = await tx.execute(sql`
    insert into audit_segments (first_index, size, seqs, last_seq, leaf_hashes, edge, checkpoint, sealed_at, last_at)
    values (${segment.firstIndex}, ${segment.seqs.length}, ${`{${segment.seqs.join(',')}}`}::bigint[], ${Math.max(...segment.seqs)},
      ${segment.leafHashes}, ${segment.edge}, ${segment.checkpoint}, ${sealedAt.toISOString()}, ${segment.lastAt.toISOString()})
    on conflict (first_index) do nothing returning first_index`)
  return rows.length === 1
}

/** The events of these numbers that are still there, in order of number. */
export async function listEvents(tx: Tx, seqs: readonly number[]): Promise<readonly LoggedEvent[]> {
  const rows = await tx.execute<LoggedEvent & Record<string, unknown>>(sql`
    select ${eventColumns} from audit_events where seq = any (${`{${seqs.join(',')}}`}::bigint[]) order by seq`)
  return [...rows]
}

/**
 * Numbers up to the cut that are in the table and in no segment: put in behind the sealer's back. Bounded by `limit`.
 * The cut itself is only the sealer's note: a number below that of a sealed event's set is looked at too.
 */
export async function listEventsNeverSealed(tx: Tx, limit: number): Promise<readonly number[]> {
  const rows = await tx.execute<{ seq: number }>(sql`
    select e.seq::float8 as seq from audit_events e
    left join (select unnest(seqs) as seq from audit_segments) s on s.seq = e.seq
    where s.seq is null and e.seq <= (select cut_seq from audit_sealing) order by e.seq limit ${limit}`)
  return rows.map((row) => row.seq)
}

/** How far sealing is behind: for the metric and for `doctor`. */
export type SealingState = { readonly unsealed: number; readonly oldestUnsealedAgeMs: number | null; readonly size: number }

export async function readSealingState(tx: Tx): Promise<SealingState> {
  const [row] = await tx.execute<SealingState & Record<string, unknown>>(sql`
    with sealed as (select unnest(seqs) as seq from audit_segments where last_seq > (select cut_seq from audit_sealing)),
      waiting as (
        select e.at from audit_events e where e.seq > (select cut_seq from audit_sealing)
          and not exists (select from sealed s where s.seq = e.seq) limit 100000)
    select count(*)::int as unsealed, (extract(epoch from now() - min(at)) * 1000)::float8 as "oldestUnsealedAgeMs",
      (select coalesce(max(first_index + size), 0)::float8 from audit_segments) as size
    from waiting`)
  assert(row, 'an aggregate answers one row')
  return row
}

/** `olderThanDays` by PostgreSQL's clock, which refuses fewer than 180. */
export type Purge = { readonly olderThanDays: number; readonly segmentsMax: number }

/** Deletes the events of whole segments that are all older; their hashes and checkpoints stay. Answers how many events went. */
export async function purgeSegments(tx: Tx, { olderThanDays, segmentsMax }: Purge): Promise<number> {
  const [row] = await tx.execute<{ purged: number }>(
    sql`select passerelle_purge_audit(now() - ${olderThanDays}::int * interval '1 day', ${segmentsMax}::int)::float8 as purged`,
  )
  return row?.purged ?? 0
}

/** How many events `purgeSegments` would delete. */
export async function countPurgeable(tx: Tx, { olderThanDays, segmentsMax }: Purge): Promise<number> {
  const [row] = await tx.execute<{ events: number }>(sql`
    select coalesce(sum(size), 0)::float8 as events from (
      select size from audit_segments
      where purged_at is null and last_at < now() - ${olderThanDays}::int * interval '1 day'
      order by first_index limit ${segmentsMax}) as old`)
  return row?.events ?? 0
}

async function listSegmentsWhere(tx: Tx, where: ReturnType<typeof sql>, rest: ReturnType<typeof sql>): Promise<AuditSegment[]> {
  const rows = await tx.execute<{
    firstIndex: number
    seqs: string
    leafHashes: Buffer
    edge: Buffer
    checkpoint: string
    lastAt: string
    purged: boolean
  }>(sql`
    select first_index::float8 as "firstIndex", array_to_string(seqs, ',') as seqs, leaf_hashes as "leafHashes", edge, checkpoint,
      to_char(last_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "lastAt", purged_at is not null as purged
    from audit_segments where ${where} ${rest}`)
  return rows.map((row) => ({ ...row, seqs: row.seqs.split(',').map(Number), lastAt: new Date(row.lastAt) }))
}
