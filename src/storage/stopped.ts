/** Stopped declarations (parked, or rejected in the version in force): counted, listed, sent again, or received by hand. */
import { inArray, type SQL, sql } from 'drizzle-orm'
import type { DeclarationKind } from '../domain/declaration.ts'
import type { FailureCode } from '../domain/failure-codes.ts'
import type { ReceivableState, StoppedCount, StoppedFilter, StoppedState } from '../domain/stopped.ts'
import { dueChannel, type Tx } from './database.ts'
import { leavesDoubt, mayBeThere as mayBeThereSql } from './doubt.ts'
import { receivedByHand, screenings } from './schema.ts'
import type { ScreeningRow } from './screenings.ts'

const mayBeThere = mayBeThereSql(sql`d`)
/** A rejected one stays until it has ended some other way, or a newer version of the screening has taken its place. */
const waitsForSomebody = sql`(d.standing = 'parked' or (d.standing = 'rejected'
  and exists (select from screenings s where s.version_id = d.version_id and s.status <> 'superseded')))`
const stoppedAt = sql`case when d.state = 'rejected' then d.settled_at
  else (select max(a.ended_at) from attempts a where a.declaration_id = d.id) end`

function matches(filter: StoppedFilter): SQL {
  const conditions: SQL[] = [
    filter.state === null ? sql`d.standing in ('parked', 'rejected')` : sql`d.standing = ${filter.state}`,
    waitsForSomebody,
  ]
  if (filter.pharmacyId !== null) conditions.push(sql`d.pharmacy_id = ${filter.pharmacyId}`)
  if (filter.destination !== null) conditions.push(sql`d.destination = ${filter.destination}`)
  if (filter.notAt.length > 0) conditions.push(sql`not d.destination = any(${sql.param([...filter.notAt])}::text[])`)
  if (filter.code !== null) conditions.push(sql`d.code = ${filter.code}`)
  if (filter.since !== null) conditions.push(sql`${stoppedAt} >= ${filter.since.toISOString()}::timestamptz`)
  if (filter.until !== null) conditions.push(sql`${stoppedAt} < ${filter.until.toISOString()}::timestamptz`)
  return sql.join(conditions, sql` and `)
}

/** `safe`: destinations that recognise a message that they get twice, or can be asked: nothing there is doubtful. */
export type Promises = { readonly safe: readonly string[] }

const doubtful = ({ safe }: Promises) => sql`(${mayBeThere} and not d.destination = any(${sql.param([...safe])}::text[]))`

/** Groups of one destination, state and code, largest first; at most 200. */
export async function countStopped(tx: Tx, filter: StoppedFilter, promises: Promises): Promise<readonly StoppedCount[]> {
  const rows = await tx.execute<Omit<StoppedCount, 'oldest'> & { oldest: string | null } & Record<string, unknown>>(sql`
    select d.destination, d.state, d.code, count(*)::int as count,
      count(*) filter (where ${doubtful(promises)})::int as doubtful, min(${stoppedAt})::text as oldest
    from declarations d where ${matches(filter)} group by 1, 2, 3 order by count(*) desc, 1, 2, 3 limit 200`)
  return rows.map((row) => ({ ...row, oldest: row.oldest === null ? null : new Date(row.oldest) }))
}

export type StoppedRow = {
  readonly id: string
  readonly pharmacyId: string
  readonly screeningId: string
  readonly versionId: string
  readonly version: number
  readonly destination: string
  readonly kind: DeclarationKind
  readonly state: StoppedState
  readonly code: FailureCode | null
  readonly location: string | null
  readonly controlId: string
  readonly epoch: number
  readonly attemptCount: number
  readonly mayBeThere: boolean
  readonly stoppedAt: Date | null
  readonly createdAt: Date
}

const rowColumns = sql`d.id, d.pharmacy_id as "pharmacyId", d.screening_id as "screeningId", d.version_id as "versionId", d.version, d.destination, d.kind, d.state, d.code,
  d.location, d.control_id as "controlId", d.epoch::int8 as epoch, d.attempt_count as "attemptCount", ${mayBeThere} as "mayBeThere", (${stoppedAt})::text as "stoppedAt",
  d.created_at::text as "createdAt"`

/** The same of what a person may end as received by hand. */
export type ReceivableRow = Omit<StoppedRow, 'state'> & { readonly state: ReceivableState }

type RawRow<State> = Omit<StoppedRow, 'state' | 'stoppedAt' | 'createdAt' | 'epoch'> & {
  readonly state: State
  readonly stoppedAt: string | null
  readonly createdAt: string
  readonly epoch: string
} & Record<string, unknown>

const readRow = <State>(row: RawRow<State>) => ({
  ...row,
  epoch: Number(row.epoch),
  stoppedAt: row.stoppedAt === null ? null : new Date(row.stoppedAt),
  createdAt: new Date(row.createdAt),
})

/** Oldest capture first. */
export async function listStopped(
  tx: Tx,
  filter: StoppedFilter,
  page: { readonly limit: number; readonly offset: number },
): Promise<readonly StoppedRow[]> {
  const rows = await tx.execute<RawRow<StoppedState>>(sql`
    select ${rowColumns} from declarations d where ${matches(filter)} order by d.created_at, d.id limit ${page.limit} offset ${page.offset}`)
  return rows.map(readRow)
}

type Wanted = { readonly id: string; readonly epoch: number | null }

/** Locks those of these that still wait for somebody, as they stand now; `epoch` must be the one that was seen, where it is given. */
export async function lockStopped(tx: Tx, wanted: readonly Wanted[]): Promise<readonly StoppedRow[]> {
  const states = sql`('parked', 'rejected')`
  const rows = await lockRows<StoppedState>(tx, wanted, { states, waits: waitsForSomebody })
  return rows.map(readRow)
}

/** Locks one that has stopped or is queued, as it stands now; null where it is neither. Whether a queued one may end is the caller's. */
export async function lockReceivable(tx: Tx, wanted: Wanted): Promise<ReceivableRow | null> {
  const states = sql`('parked', 'rejected', 'queued')`
  const [row] = await lockRows<ReceivableState>(tx, [wanted], { states, waits: sql`(d.state = 'queued' or ${waitsForSomebody})` })
  return row ? readRow(row) : null
}

async function lockRows<State>(
  tx: Tx,
  wanted: readonly Wanted[],
  { states, waits }: { readonly states: SQL; readonly waits: SQL },
): Promise<readonly RawRow<State>[]> {
  if (wanted.length === 0) return []
  const named = sql`unnest(${sql.param(wanted.map((one) => one.id))}::uuid[], ${sql.param(wanted.map((one) => one.epoch))}::bigint[]) as t (id, epoch)`
  await tx.execute(sql`select d.id from declarations d join ${named} on d.id = t.id
    where d.state in ${states} order by d.id for update of d`)
  // A statement of its own: a correction locks what it replaces without changing it, and PostgreSQL judges such a row by what
  // the waiting statement saw before it waited. Only this one sees the newer version that was planned meanwhile.
  return tx.execute<RawRow<State>>(sql`
    select ${rowColumns} from declarations d join ${named} on d.id = t.id and (t.epoch is null or d.epoch = t.epoch)
    where ${waits} order by d.id`)
}

/**
 * Queues them again, due now, their attempts counted anew; wakes the workers on commit. Call with rows locked in this
 * transaction. `controlId`: the same where the destination may hold it under that one; else a fresh one may be given.
 */
export async function requeueStopped(
  tx: Tx,
  rows: readonly { readonly id: string; readonly controlId: string }[],
): Promise<ReadonlySet<string>> {
  if (rows.length === 0) return new Set()
  const released = await tx.execute<{ id: string }>(sql`
    update declarations d set state = 'queued', due_at = now(), attempt_count = 0, settled_at = null, control_id = t.control_id
    from unnest(${sql.param(rows.map((row) => row.id))}::uuid[], ${sql.param(rows.map((row) => row.controlId))}::text[]) as t (id, control_id)
    where d.id = t.id and ${waitsForSomebody} returning d.id`)
  await tx.execute(sql`select pg_notify(${dueChannel}, '')`)
  return new Set(released.map((row) => row.id))
}

/** Ends a declaration as received by hand, with who said so and why; wakes what waited for it. False where it is not what it was. */
export async function receiveByHand(tx: Tx, decision: typeof receivedByHand.$inferInsert): Promise<boolean> {
  const ended = await tx.execute<{ id: string }>(sql`
    update declarations set state = 'received', settled_at = now() where id = ${decision.declarationId} and state = ${decision.was}
    returning id`)
  if (ended.length === 0) return false
  await tx.insert(receivedByHand).values(decision)
  await tx.execute(sql`select pg_notify(${dueChannel}, '')`)
  return true
}

/** A query of the declarations that a retry of many chooses: their `id`, `pharmacy_id` and `epoch`, oldest capture first. */
export function chosenBy(
  filter: StoppedFilter,
  options: { readonly includeDoubtful: boolean; readonly promises: Promises; readonly limit: number },
): SQL {
  const doubt = options.includeDoubtful ? sql`true` : sql`not ${doubtful(options.promises)}`
  return sql`select d.id, d.pharmacy_id, d.epoch from declarations d where ${matches(filter)} and ${doubt}
    order by d.created_at, d.id limit ${options.limit}`
}

export type StrandedRow = {
  readonly id: string
  readonly destination: string
  readonly createdAt: Date
  readonly mayBeThere: boolean
}

/** What is queued for destinations other than `configured`, oldest capture first: nobody sends it, and it has not stopped. */
export async function listStranded(
  tx: Tx,
  options: {
    readonly configured: readonly string[]
    readonly filter: Pick<StoppedFilter, 'pharmacyId' | 'destination'>
    readonly limit: number
  },
): Promise<readonly StrandedRow[]> {
  const { configured, filter, limit } = options
  const rows = await tx.execute<Omit<StrandedRow, 'createdAt'> & { createdAt: string }>(sql`
    select d.id, d.destination, d.created_at::text as "createdAt", ${mayBeThere} as "mayBeThere" from declarations d
    where d.standing = 'open' and d.state = 'queued' and not d.destination = any(${sql.param([...configured])}::text[])
      and (${filter.pharmacyId}::uuid is null or d.pharmacy_id = ${filter.pharmacyId}::uuid)
      and (${filter.destination}::text is null or d.destination = ${filter.destination}::text)
    order by d.created_at, d.id limit ${limit}`)
  return rows.map((row) => ({ ...row, createdAt: new Date(row.createdAt) }))
}

/** The screening versions that these declarations speak of. */
export async function listVersionsOf(tx: Tx, versionIds: readonly string[]): Promise<readonly ScreeningRow[]> {
  if (versionIds.length === 0) return []
  return tx
    .select()
    .from(screenings)
    .where(inArray(screenings.versionId, [...versionIds]))
}

export async function findPharmacyByFiness(tx: Tx, finess: string): Promise<string | null> {
  const [row] = await tx.execute<{ id: string }>(sql`select id from pharmacies where finess = ${finess}`)
  return row?.id ?? null
}

export type Tries = {
  readonly declaration: Readonly<Record<string, string | number | null>>
  readonly attempts: readonly {
    readonly epoch: number
    readonly startedAt: string
    readonly endedAt: string | null
    readonly outcome: string | null
    readonly code: string | null
  }[]
}

/** A declaration in whatever state, with its newest tries, for the operator: ids, codes and times. */
export async function listTries(tx: Tx, id: string, limit: number): Promise<Tries | null> {
  const [declaration] = await tx.execute<Record<string, string | number | null>>(sql`
    select id, pharmacy_id, screening_id, version, destination, kind, state, code, location, control_id, attempt_count, created_at::text,
      due_at::text, settled_at::text from declarations where id = ${id}`)
  if (!declaration) return null
  const attempts = await tx.execute<Tries['attempts'][number] & Record<string, unknown>>(sql`
    select epoch::int as epoch, started_at::text as "startedAt", ended_at::text as "endedAt", outcome, code from attempts
    where declaration_id = ${id} order by epoch desc limit ${limit}`)
  return { declaration, attempts: [...attempts] }
}

/** Digests of what was sent in tries that may have been taken, or found it there already; empty where there is none such. */
export async function listDoubtfulDigests(tx: Tx, declarationId: string): Promise<readonly string[]> {
  const rows = await tx.execute<{ digest: string }>(sql`
    select distinct a.message_sha256 as digest from attempts a
    where a.declaration_id = ${declarationId} and ${leavesDoubt} and a.message_sha256 is not null limit 100`)
  return rows.map((row) => row.digest)
}
