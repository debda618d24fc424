/** The queue's hot SQL, set-based and fenced; a test explains each statement and names the index that it uses. */
import { sql } from 'drizzle-orm'
import type { DeclarationKind } from '../domain/declaration.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { Settlement } from '../domain/settlement.ts'
import type { Tx } from './database.ts'

/** A claimed row: what the worker holds, under the epoch that all its writes must name. */
export type Claim = {
  readonly id: string
  readonly epoch: number
  readonly pharmacyId: string
  readonly screeningId: string
  readonly versionId: string
  readonly version: number
  readonly destination: string
  readonly kind: DeclarationKind
  readonly controlId: string
  readonly attemptCount: number
}

const claimColumns = sql`d.id, d.epoch::int8 as epoch, d.pharmacy_id as "pharmacyId", d.screening_id as "screeningId", d.version_id as "versionId",
  d.version, d.destination, d.kind, d.control_id as "controlId", d.attempt_count as "attemptCount"`

/** bigint comes as text over the wire; epochs stay far below 2^53. */
function readClaim<Row extends { epoch: unknown }>(row: Row): Row & { epoch: number } {
  return { ...row, epoch: Number(row.epoch) }
}

/**
 * Claims due declarations. The row-locking CTE runs once, so two workers take disjoint rows. A version waits for every
 * earlier version of its screening at the same destination: a correction never overtakes what it corrects.
 */
export async function claimDue(
  tx: Tx,
  claim: { worker: string; leaseMs: number; destinations: readonly string[]; limit: number },
): Promise<Claim[]> {
  const rows = await tx.execute<Claim & Record<string, unknown>>(sql`
    with due as (
      select q.id from declarations q
      where q.state = 'queued' and q.due_at <= now() and q.destination = any(${sql.param([...claim.destinations])}::text[])
        and not exists (
          select from declarations earlier
          where earlier.screening_id = q.screening_id and earlier.destination = q.destination and earlier.version < q.version
            and earlier.state in ('queued', 'claimed', 'sent', 'parked'))
      order by q.due_at, q.id limit ${claim.limit} for update of q skip locked
    )
    update declarations d
    set state = 'claimed', epoch = d.epoch + 1, claimed_by = ${claim.worker}, lease_until = now() + ${claim.leaseMs} * interval '1 ms',
        attempt_count = d.attempt_count + 1
    from due where d.id = due.id
    returning ${claimColumns}`)
  return rows.map(readClaim)
}

/** Takes over rows whose lease ran out, under a new epoch: whoever held them can write no more. Says in which state each was left. */
export async function claimExpired(
  tx: Tx,
  claim: { worker: string; leaseMs: number; limit: number },
): Promise<(Claim & { readonly leftIn: 'claimed' | 'sent' })[]> {
  const rows = await tx.execute<Claim & { leftIn: 'claimed' | 'sent' } & Record<string, unknown>>(sql`
    with expired as (
      select x.id, x.state from declarations x
      where x.state in ('claimed', 'sent') and x.lease_until < now()
      order by x.lease_until limit ${claim.limit} for update of x skip locked
    )
    update declarations d
    set epoch = d.epoch + 1, claimed_by = ${claim.worker}, lease_until = now() + ${claim.leaseMs} * interval '1 ms'
    from expired where d.id = expired.id
    returning ${claimColumns}, expired.state as "leftIn"`)
  return rows.map(readClaim)
}

export type Held = { readonly id: string; readonly epoch: number }

/** Prolongs leases that are still ours; answers the ids that were. */
export async function extendLeases(tx: Tx, held: readonly Held[], leaseMs: number): Promise<ReadonlySet<string>> {
  const rows = await tx.execute<{ id: string }>(sql`
    update declarations d set lease_until = now() + ${leaseMs} * interval '1 ms'
    from unnest(${sql.param(held.map((row) => row.id))}::uuid[], ${sql.param(held.map((row) => row.epoch))}::bigint[]) as mine (id, epoch)
    where d.id = mine.id and d.epoch = mine.epoch and d.state in ('claimed', 'sent')
    returning d.id`)
  return new Set(rows.map((row) => row.id))
}

/**
 * Writes `sent`, and opens the attempt, before the first byte leaves: after this commit a crash means "maybe delivered".
 * Answers the ids that were still ours.
 */
export async function markSent(
  tx: Tx,
  sending: readonly (Held & { readonly messageSha256: string })[],
  leaseMs: number,
): Promise<ReadonlySet<string>> {
  const rows = await tx.execute<{ id: string }>(sql`
    with mine as (
      select * from unnest(${sql.param(sending.map((row) => row.id))}::uuid[], ${sql.param(sending.map((row) => row.epoch))}::bigint[],
        ${sql.param(sending.map((row) => row.messageSha256))}::text[]) as t (id, epoch, message_sha256)
    ), won as (
      update declarations d set state = 'sent', lease_until = now() + ${leaseMs} * interval '1 ms'
      from mine where d.id = mine.id and d.epoch = mine.epoch and d.state = 'claimed'
      returning d.id, d.epoch, d.pharmacy_id, d.claimed_by, mine.message_sha256
    )
    insert into attempts (declaration_id, epoch, pharmacy_id, worker, started_at, message_sha256)
    select id, epoch, pharmacy_id, claimed_by, clock_timestamp(), message_sha256 from won
    returning declaration_id as id`)
  return new Set(rows.map((row) => row.id))
}

export type Settled = Held & {
  readonly outcome: Outcome['class']
  readonly settlement: Settlement
  readonly auditAction: 'declaration.settle' | 'declaration.rescue'
}

/**
 * Settles a set: next state, attempt, receipt and audit event in one statement, so that none exists without the others.
 * Answers the ids that were still ours; a row that another epoch holds is left untouched.
 */
export async function settle(tx: Tx, settled: readonly Settled[]): Promise<ReadonlySet<string>> {
  const input = JSON.stringify(settled.map(settleInput))
  const rows = await tx.execute<{ id: string }>(sql`
    with mine as (
      select * from jsonb_to_recordset(${input}::text::jsonb) as t (id uuid, epoch bigint, state text, code text, location text, delay_ms float8,
        uncounted int, outcome text, reference text, answer_sha256 text, action text)
    ), won as (
      update declarations d
      set state = mine.state, code = mine.code, location = mine.location, claimed_by = null, lease_until = null,
          due_at = case when mine.state = 'queued' then now() + mine.delay_ms * interval '1 ms' else d.due_at end,
          attempt_count = d.attempt_count - mine.uncounted,
          settled_at = case when mine.state in ('accepted', 'rejected') then now() end
      from mine, declarations before
      where d.id = mine.id and d.epoch = mine.epoch and d.state in ('claimed', 'sent') and before.id = d.id
      returning d.id, d.epoch, d.pharmacy_id, d.destination, d.control_id, d.state, d.code, d.attempt_count, before.claimed_by as worker,
        mine.outcome, mine.reference, mine.answer_sha256, mine.action
    ), tried as (
      insert into attempts (declaration_id, epoch, pharmacy_id, worker, started_at, ended_at, outcome, code)
      select id, epoch, pharmacy_id, worker, clock_timestamp(), clock_timestamp(), outcome, code from won
      on conflict (declaration_id, epoch) do update set ended_at = excluded.ended_at, outcome = excluded.outcome, code = excluded.code
    ), proof as (
      insert into receipts (declaration_id, pharmacy_id, destination, control_id, reference, answer_sha256, received_at)
      select id, pharmacy_id, destination, control_id, reference, answer_sha256, now() from won where state = 'accepted'
    ), trace as (
      insert into audit_events (at, actor_kind, pharmacy_id, action, outcome, code, object_type, object_id, details)
      select now(), 'system', pharmacy_id, action, 'done', code, 'declaration', id,
        jsonb_build_object('state', state, 'destination', destination, 'attempt', attempt_count)
      from won
    )
    select id from won`)
  return new Set(rows.map((row) => row.id))
}

function settleInput({ id, epoch, outcome, settlement, auditAction }: Settled) {
  return {
    id,
    epoch,
    outcome,
    state: settlement.state,
    code: 'code' in settlement ? settlement.code : null,
    location: settlement.state === 'rejected' ? settlement.location : null,
    delay_ms: settlement.state === 'queued' ? settlement.delayMs : 0,
    uncounted: settlement.state === 'queued' && !settlement.countAttempt ? 1 : 0,
    reference: settlement.state === 'accepted' ? settlement.receipt.reference : null,
    answer_sha256: settlement.state === 'accepted' ? settlement.receipt.answerSha256 : null,
    action: auditAction,
  }
}

/** Milliseconds until the next queued declaration is due; 0 when one is due now, null when none waits. */
export async function msUntilDue(tx: Tx): Promise<number | null> {
  const [row] = await tx.execute<{ ms: number | null }>(sql`
    select greatest(0, extract(epoch from min(due_at) - now()) * 1000)::float8 as ms from declarations where state = 'queued'`)
  return row?.ms ?? null
}
