/** Reconciliations that people asked for: waiting, compared, and what of their differences somebody has taken in hand. */
import { sql } from 'drizzle-orm'
import type { DeclarationState } from '../domain/declaration.ts'
import type { Discrepancy, Proposal, ReconciliationProblem } from '../domain/reconciliation.ts'
import type { Tx } from './database.ts'

export type ReconciliationState = 'waiting' | 'done' | 'failed'
export type ReconciliationRow = {
  readonly id: string
  readonly destination: string
  /** `YYYY-MM-DD`, Paris. */
  readonly day: string
  readonly state: ReconciliationState
  readonly byList: boolean
  readonly requestedAt: Date
  readonly asked: number
  readonly agreed: number
  /** All of them; `listDifferences` may hold fewer. */
  readonly differing: number
}

type Raw = Omit<ReconciliationRow, 'requestedAt'> & { readonly requestedAt: string } & Record<string, unknown>
const columns = sql`id, destination, day::text, state, their_list is not null as "byList", requested_at::text as "requestedAt", asked, agreed, differing`
const read = (row: Raw): ReconciliationRow => ({ ...row, requestedAt: new Date(row.requestedAt) })

/** The id of what waits now: the one that was asked for before, where the same day and destination wait already. */
export async function insertReconciliation(
  tx: Tx,
  asked: {
    readonly id: string
    readonly pharmacyId: string
    readonly destination: string
    readonly day: string
    readonly requestedBy: string
    readonly theirList: readonly string[] | null
  },
): Promise<string> {
  const { id, pharmacyId, destination, day, requestedBy, theirList } = asked
  const list = theirList === null ? sql`null` : sql`${sql.param([...theirList])}::text[]`
  const [row] = await tx.execute<{ id: string }>(sql`
    insert into reconciliations (id, pharmacy_id, destination, day, requested_by, their_list)
    values (${id}, ${pharmacyId}, ${destination}, ${day}, ${requestedBy}, ${list})
    on conflict (pharmacy_id, destination, day) where state = 'waiting' do update set their_list = excluded.their_list returning id`)
  return row?.id ?? id
}

/** Newest first; within a pharmacy's scope its own. */
export async function listReconciliations(tx: Tx, pharmacyId: string, limit: number): Promise<readonly ReconciliationRow[]> {
  const rows = await tx.execute<Raw>(sql`select ${columns} from reconciliations where pharmacy_id = ${pharmacyId}
    order by requested_at desc, id limit ${limit}`)
  return rows.map(read)
}

export async function findReconciliation(tx: Tx, id: string): Promise<ReconciliationRow | null> {
  const [row] = await tx.execute<Raw>(sql`select ${columns} from reconciliations where id = ${id}`)
  return row ? read(row) : null
}

export type DifferenceRow = {
  readonly id: string
  readonly controlId: string
  readonly declarationId: string | null
  readonly screeningId: string | null
  /** Ours when it was compared, and ours now. */
  readonly state: DeclarationState | null
  readonly stateNow: DeclarationState | null
  readonly problem: ReconciliationProblem
  readonly proposal: Proposal
  readonly handled: boolean
}

export async function listDifferences(tx: Tx, reconciliationId: string, limit: number): Promise<readonly DifferenceRow[]> {
  const rows = await tx.execute<DifferenceRow & Record<string, unknown>>(sql`
    select f.id, f.control_id as "controlId", f.declaration_id as "declarationId", f.screening_id as "screeningId", f.state,
      d.state as "stateNow", f.problem, f.proposal, f.handled_at is not null as handled
    from reconciliation_differences f left join declarations d on d.id = f.declaration_id
    where f.reconciliation_id = ${reconciliationId} order by f.problem, f.control_id limit ${limit}`)
  return [...rows]
}

/** Null where somebody was faster, or where it is none of this reconciliation that a person ends in writing. */
export async function handleDifference(
  tx: Tx,
  asked: {
    readonly reconciliationId: string
    readonly differenceId: string
    readonly by: string
    readonly proposals: readonly Proposal[]
  },
): Promise<{ readonly controlId: string; readonly problem: ReconciliationProblem } | null> {
  const { reconciliationId, differenceId, by, proposals } = asked
  const [row] = await tx.execute<{ controlId: string; problem: ReconciliationProblem }>(sql`
    update reconciliation_differences set handled_by = ${by}, handled_at = now()
    where id = ${differenceId} and reconciliation_id = ${reconciliationId} and handled_at is null
      and proposal = any(${sql.param([...proposals])}::text[]) returning control_id as "controlId", problem`)
  return row ?? null
}

export type WaitingReconciliation = {
  readonly id: string
  readonly pharmacyId: string
  readonly destination: string
  readonly day: string
  readonly theirList: readonly string[] | null
  readonly tries: number
}

/** The one that waits longest, its run counted: in a commit of its own, so that one that kills its worker is known. */
export async function beginOldest(tx: Tx): Promise<WaitingReconciliation | null> {
  const [row] = await tx.execute<WaitingReconciliation & Record<string, unknown>>(sql`
    update reconciliations set tries = tries + 1
    where id = (select id from reconciliations where state = 'waiting' order by tries, requested_at, id limit 1 for update skip locked)
    returning id, pharmacy_id as "pharmacyId", destination, day::text, their_list as "theirList", tries`)
  return row ?? null
}

/** Writes what was found, once; false where it had ended. */
export async function endReconciliation(
  tx: Tx,
  ended: {
    readonly id: string
    readonly pharmacyId: string
    readonly state: 'done' | 'failed'
    readonly asked: number
    readonly agreed: number
    readonly differing: number
    readonly kept: readonly (Discrepancy & { readonly id: string })[]
  },
): Promise<boolean> {
  const { id, pharmacyId, state, asked, agreed, differing, kept } = ended
  const won = await tx.execute(sql`update reconciliations
    set state = ${state}, ended_at = now(), asked = ${asked}, agreed = ${agreed}, differing = ${differing}
    where id = ${id} and state = 'waiting' returning id`)
  if (won.length === 0) return false
  if (kept.length === 0) return true
  const rows = kept.map(({ id: differenceId, controlId, ours, problem, proposal }) => ({
    ...{ id: differenceId, reconciliation_id: id, pharmacy_id: pharmacyId, control_id: controlId, problem, proposal },
    ...{ declaration_id: ours?.declarationId ?? null, screening_id: ours?.screeningId ?? null, state: ours?.state ?? null },
  }))
  await tx.execute(sql`insert into reconciliation_differences
    select * from jsonb_populate_recordset(null::reconciliation_differences, ${JSON.stringify(rows)}::jsonb)`)
  return true
}
