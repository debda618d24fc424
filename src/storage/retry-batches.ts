/** Retries of many at once: chosen in one statement, released in paced sets, stopped at any time. */
import { type SQL, sql } from 'drizzle-orm'
import type { FailureCode } from '../domain/failure-codes.ts'
import type { StoppedFilter, StoppedState } from '../domain/stopped.ts'
import type { Tx } from './database.ts'
import { chosenBy, type Promises } from './stopped.ts'

export type BatchState = 'waiting' | 'running' | 'stopped' | 'done'
/** A person of the pharmacy, or the operator under the name given at the command line. */
export type Decider = { readonly professionalId: string } | { readonly operator: string }

export type BatchRow = {
  readonly id: string
  readonly pharmacyId: string | null
  readonly requestedBy: string | null
  readonly operator: string | null
  readonly requestedAt: Date
  readonly destination: string | null
  readonly stoppedState: StoppedState | null
  readonly code: FailureCode | null
  readonly perSecond: number
  readonly state: BatchState
  readonly needsApproval: boolean
  readonly approvedAt: Date | null
  readonly chosen: number
  readonly released: number
  readonly skipped: number
  readonly endedAt: Date | null
}

const person = (who: Decider) => ('professionalId' in who ? who.professionalId : null)
const operator = (who: Decider) => ('operator' in who ? who.operator : null)

export type NewBatch = {
  readonly id: string
  readonly by: Decider
  readonly filter: StoppedFilter
  readonly perSecond: number
  readonly limit: number
  /** True: also those that the destination may hold already. */
  readonly includeDoubtful: boolean
  readonly promises: Promises
  /** More than this many, with what the same person chose alone within a day, need a second person. */
  readonly aloneMax: number
}
/** `aloneBefore`: what the one who asked had chosen alone within a day, this batch not counted. */
export type InsertedBatch = BatchRow & { readonly aloneBefore: number }

/**
 * What they had sent again, or may still, within a day and without a second person. Of a batch that was stopped only what it
 * released counts: who stops a slip and begins anew has not sent twice as much.
 */
export async function countAlone(tx: Tx, by: Decider): Promise<number> {
  const [row] = await tx.execute<{ count: number }>(sql`
    select coalesce(sum(case when state = 'stopped' then released else chosen - skipped end), 0)::int as count from retry_batches
    where requested_at > now() - interval '1 day' and not needs_approval
      and requested_by is not distinct from ${person(by)}::uuid and operator is not distinct from ${operator(by)}::text`)
  return row?.count ?? 0
}

/** Chooses the declarations and writes the batch; null where none is chosen. What is chosen stays so, whatever stops meanwhile. */
export async function insertBatch(tx: Tx, batch: NewBatch): Promise<InsertedBatch | null> {
  const { id, by, filter, perSecond, limit } = batch
  // One of theirs at a time, until the commit: two that are asked for at once would each be within a bound that they exceed together.
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`retry-batches ${person(by) ?? operator(by)}`}, 0))`)
  const aloneBefore = await countAlone(tx, by)
  const leftAlone = batch.aloneMax - aloneBefore
  const { destination, state: stoppedState, code } = filter
  const asked = {
    destination,
    state: stoppedState,
    code,
    since: filter.since?.toISOString() ?? null,
    until: filter.until?.toISOString() ?? null,
  }
  const items = await tx.execute(sql`
    with chosen as materialized (${chosenBy(filter, { ...batch, limit })}), counted as (select count(*)::int as count from chosen), batch as (
      insert into retry_batches (id, pharmacy_id, requested_by, operator, filter, per_second, state, needs_approval, chosen)
      select ${id}::uuid, ${filter.pharmacyId}::uuid, ${person(by)}::uuid, ${operator(by)}::text, ${JSON.stringify(asked)}::text::jsonb, ${perSecond}::float8,
        case when count > ${leftAlone} then 'waiting' else 'running' end, count > ${leftAlone}, count from counted where count > 0
    )
    insert into retry_batch_items (batch_id, declaration_id, pharmacy_id, epoch)
    select ${id}::uuid, chosen.id, chosen.pharmacy_id, chosen.epoch from chosen returning batch_id`)
  const inserted = items.length === 0 ? null : await findBatch(tx, id)
  return inserted && { ...inserted, aloneBefore }
}

const columns = sql`b.id, b.pharmacy_id as "pharmacyId", b.requested_by as "requestedBy", b.operator, b.requested_at::text as "requestedAt",
  b.filter ->> 'destination' as destination, b.filter ->> 'state' as "stoppedState", b.filter ->> 'code' as code, b.per_second as "perSecond",
  b.state, b.needs_approval as "needsApproval", b.approved_at::text as "approvedAt", b.chosen, b.released, b.skipped, b.ended_at::text as "endedAt"`
type Raw = Omit<BatchRow, 'requestedAt' | 'approvedAt' | 'endedAt'> & {
  readonly requestedAt: string
  readonly approvedAt: string | null
  readonly endedAt: string | null
} & Record<string, unknown>
const read = (row: Raw): BatchRow => ({
  ...row,
  requestedAt: new Date(row.requestedAt),
  approvedAt: row.approvedAt === null ? null : new Date(row.approvedAt),
  endedAt: row.endedAt === null ? null : new Date(row.endedAt),
})

export async function findBatch(tx: Tx, id: string): Promise<BatchRow | null> {
  const [row] = await tx.execute<Raw>(sql`select ${columns} from retry_batches b where b.id = ${id}`)
  return row ? read(row) : null
}

/** Newest first: those that are not at their end, and those that ended within a day. */
export async function listBatches(tx: Tx, limit: number): Promise<readonly BatchRow[]> {
  const rows = await tx.execute<Raw>(sql`
    select ${columns} from retry_batches b where b.state in ('waiting', 'running') or b.requested_at > now() - interval '1 day'
    order by b.requested_at desc, b.id limit ${limit}`)
  return rows.map(read)
}

/** Lets a waiting batch run; false where it does not wait (any more), or where it is the same person who asked for it. */
export async function approveBatch(tx: Tx, id: string, by: Decider): Promise<boolean> {
  const won = await tx.execute(sql`
    update retry_batches set state = 'running', approved_by = ${person(by)}, approved_operator = ${operator(by)}, approved_at = now(), paced_from = now()
    where id = ${id} and state = 'waiting' and (${person(by)}::uuid is null or requested_by is distinct from ${person(by)}::uuid)
      and (${operator(by)}::text is null or operator is distinct from ${operator(by)}) returning id`)
  return won.length === 1
}

/** Nothing more of it is released; what was released goes its way. False where it had ended. */
export async function stopBatch(tx: Tx, id: string): Promise<boolean> {
  const won = await tx.execute(sql`
    update retry_batches set state = 'stopped', ended_at = now() where id = ${id} and state in ('waiting', 'running') returning id`)
  return won.length === 1
}

/** Ends what nobody approved in time. */
export async function stopUnapproved(
  tx: Tx,
  olderThanMs: number,
): Promise<readonly { readonly id: string; readonly pharmacyId: string | null }[]> {
  const rows = await tx.execute<{ id: string; pharmacyId: string | null }>(sql`
    update retry_batches set state = 'stopped', ended_at = now()
    where state = 'waiting' and requested_at < now() - ${olderThanMs} * interval '1 ms' returning id, pharmacy_id as "pharmacyId"`)
  return [...rows]
}

export type RunningBatch = BatchRow & {
  /** Ms since the pace was last counted from. */
  readonly pacedMs: number
}

/** Locks one running batch that no other transaction holds, among those not in `except`; null where there is none. */
export async function lockRunningBatch(tx: Tx, except: readonly string[]): Promise<RunningBatch | null> {
  const [row] = await tx.execute<Raw & { pacedMs: number }>(sql`
    select ${columns}, (extract(epoch from now() - b.paced_from) * 1000)::float8 as "pacedMs" from retry_batches b
    where b.state = 'running' and not b.id = any(${sql.param([...except])}::uuid[]) order by b.requested_at limit 1 for update skip locked`)
  return row ? { ...read(row), pacedMs: row.pacedMs } : null
}

export type BatchItem = { readonly id: string; readonly epoch: number }

export async function listWaitingItems(tx: Tx, batchId: string, limit: number): Promise<readonly BatchItem[]> {
  const rows = await tx.execute<{ id: string; epoch: string }>(sql`
    select declaration_id as id, epoch from retry_batch_items where batch_id = ${batchId} and outcome is null order by declaration_id limit ${limit}`)
  return rows.map((row) => ({ id: row.id, epoch: Number(row.epoch) }))
}

/** Writes what became of these items, and ends the batch where none is left; true then. */
export async function settleItems(
  tx: Tx,
  batchId: string,
  items: { readonly released: readonly string[]; readonly skipped: readonly string[] },
): Promise<boolean> {
  const mark = (ids: readonly string[], outcome: 'released' | 'skipped'): SQL => sql`
    update retry_batch_items set outcome = ${outcome} where batch_id = ${batchId} and declaration_id = any(${sql.param([...ids])}::uuid[])`
  if (items.released.length > 0) await tx.execute(mark(items.released, 'released'))
  if (items.skipped.length > 0) await tx.execute(mark(items.skipped, 'skipped'))
  const rows = await tx.execute<{ state: BatchState }>(sql`
    update retry_batches b set released = released + ${items.released.length}, skipped = skipped + ${items.skipped.length}, paced_from = now(),
      state = case when left_over.none then 'done' else b.state end, ended_at = case when left_over.none then now() end
    from (select not exists (select from retry_batch_items where batch_id = ${batchId} and outcome is null) as none) left_over
    where b.id = ${batchId} returning b.state`)
  return rows[0]?.state === 'done'
}
