/** The queue's hot SQL, set-based and fenced; a test explains each statement and names the index that it uses. */
import { type SQL, sql } from 'drizzle-orm'
import type { DeclarationKind } from '../domain/declaration.ts'
import type { Author } from '../domain/declaration-document.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { Settlement } from '../domain/settlement.ts'
import type { ChargeTerms } from '../domain/tariff.ts'
import { chargeColumns, chargeInput, chargeParts } from './charges.ts'
import { keptStatement, type OneStatement, type Tx } from './database.ts'
import type { ScreeningRow } from './screenings.ts'

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
  readonly replacesVersion: number | null
  readonly controlId: string
  readonly attemptCount: number
  /** Of what was claimed together (`claimed_sets`). */
  readonly set: number
}

const claimColumns = sql`d.id, d.epoch::int8 as epoch, d.pharmacy_id as "pharmacyId", d.screening_id as "screeningId", d.version_id as "versionId",
  d.version, d.destination, d.kind, d.replaces_version as "replacesVersion", d.control_id as "controlId", d.attempt_count as "attemptCount"`

/**
 * Each statement here has one text for sets of any size: parsed once a connection, and planned anew whenever a table that it
 * reads has been analysed. Its plan for sets of any size is explained by the test too.
 */
const kept = sql.raw(keptStatement)

/**
 * Compared so, a state leads to no partial index: a row is then found by its key alone. Otherwise statistics that saw no row under
 * way lead to the index of those, which is full of rows that were: a set of hundreds was looked for among thousands, each against each.
 */
const stateIn = (row: string, ...states: readonly string[]) =>
  sql.raw(`(${row}.state || '') in (${states.map((state) => `'${state}'`).join(', ')})`)

/** bigint comes as text over the wire; epochs stay far below 2^53. */
function readClaim<Row extends { epoch: unknown; set: unknown }>(row: Row): Row & { epoch: number; set: number } {
  return { ...row, epoch: Number(row.epoch), set: Number(row.set) }
}

/** Kept beside the rows that `taken` claims, in the same statement: without it nobody would find them once their leases have run out. */
const recordSet = (leaseMs: number) => sql`recorded as (
      insert into claimed_sets (declaration_ids, leased_until)
      select array_agg(taken.id), now() + ${leaseMs} * interval '1 ms' from taken having count(*) > 0
      returning id as set
    )`

export type Turn = {
  readonly claims: readonly Claim[]
  /** The pharmacy after which the next turn begins. */
  readonly turnAfter: string
  /** True where the turn went round every pharmacy that has rows waiting: then nothing more can be claimed now. */
  readonly wentRound: boolean
}

/**
 * Claims due declarations of one destination, in turns: it walks the pharmacies that have rows waiting, from the one after
 * `turnAfter` on (an index probe each, at most `limit` of them), and takes an even share of each. The row-locking part runs
 * once, so two workers take disjoint rows. A version waits for every earlier version of its screening at the same
 * destination: a correction never overtakes what it corrects.
 */
export async function claimDue(
  tx: Tx,
  claim: {
    worker: string
    leaseMs: number
    destination: string
    limit: number
    turnAfter: string
    /** Sets of which nothing is held any more: they are forgotten. */
    endedSets: readonly number[]
  },
): Promise<Turn> {
  const { worker, leaseMs, destination, limit, turnAfter, endedSets } = claim
  const waiting = sql`declarations w where w.standing = 'open' and w.state = 'queued' and w.destination = ${destination}`
  const following = (after: SQL) => sql`coalesce(
      (select w.pharmacy_id from ${waiting} and w.pharmacy_id > ${after} order by w.pharmacy_id limit 1),
      (select w.pharmacy_id from ${waiting} order by w.pharmacy_id limit 1))`
  const rows = await tx.execute<
    { id: string | null; turns: number; first: string | null; last: string | null } & Record<string, unknown>
  >(sql`${kept}
    with recursive turn (pharmacy_id, first, n) as (
      select start.id, start.id, 1 from (select ${following(sql`${turnAfter}::uuid`)} as id offset 0) start where start.id is not null
      union all
      select following.id, following.first, following.n + 1
      -- offset 0: looked up once a step, not once for each mention.
      from (select turn.first, turn.n, ${following(sql`turn.pharmacy_id`)} as id from turn offset 0) following
      where following.id is not null and following.id <> following.first and following.n < ${limit}
    ), round as (
      select count(*)::int as turns, min(first::text) as first, (array_agg(pharmacy_id order by n desc))[1] as last from turn
    ), due as (
      select of_pharmacy.id from turn cross join round cross join lateral (
        select q.id from declarations q
        where q.standing = 'open' and q.state = 'queued' and q.destination = ${destination} and q.pharmacy_id = turn.pharmacy_id and q.due_at <= now()
          and not exists (
            select from declarations earlier
            where earlier.screening_id = q.screening_id and earlier.destination = q.destination and earlier.version < q.version
              and earlier.standing in ('open', 'parked'))
        order by q.due_at, q.id limit ceil(${limit}::float8 / round.turns) for update of q skip locked
      ) of_pharmacy
      limit ${limit}
    ), taken as (
      update declarations d
      set state = 'claimed', epoch = d.epoch + 1, claimed_by = ${worker}, lease_until = now() + ${leaseMs} * interval '1 ms',
          attempt_count = d.attempt_count + 1
      from due where d.id = due.id
      returning ${claimColumns}
    ), ${recordSet(leaseMs)}, forgotten as (
      delete from claimed_sets where id = any(${sql.param([...endedSets])}::bigint[])
    )
    select round.turns, round.first, round.last, taken.*, recorded.set from round left join (taken cross join recorded) on true`)
  const [round] = rows
  const wentRound = (round?.turns ?? 0) < limit
  return {
    claims: rows
      .filter((row) => row.id !== null)
      .map(({ turns: _turns, first: _first, last: _last, ...row }) => readClaim(row as Claim)),
    // Round in one go: the next one begins one pharmacy later, so that none is always first.
    turnAfter: (wentRound ? round?.first : round?.last) ?? turnAfter,
    wentRound,
  }
}

/** A version that a declaration is about to be written from: sealed, with its author. */
export type VersionForSending = {
  readonly versionId: string
  readonly screeningId: string
  readonly pharmacyId: string
  readonly keyRef: string
  readonly patient: ScreeningRow['patient']
  readonly act: ScreeningRow['act']
  /** Milliseconds since 1970. */
  readonly signedAtMs: number
  readonly signedRole: Author['role']
  readonly rpps: string
  readonly familyName: string
  readonly givenName: string
}

/** Those of the named versions that were signed, of any pharmacy. */
export async function listVersionsForSending(
  one: OneStatement,
  versionIds: readonly string[],
): Promise<readonly VersionForSending[]> {
  return one.execute<VersionForSending & Record<string, unknown>>(sql`${kept}
    select v.version_id as "versionId", v.screening_id as "screeningId", v.pharmacy_id as "pharmacyId", v.key_ref as "keyRef", v.patient, v.act,
      (extract(epoch from v.signed_at) * 1000)::float8 as "signedAtMs", v.signed_role as "signedRole", author.rpps,
      author.family_name as "familyName", author.given_name as "givenName"
    from screenings v join professionals author on author.id = v.signed_by
    where v.version_id = any(${sql.param([...versionIds])}::uuid[])`)
}

/** A row taken over: in which state, and under which epoch, it was left. */
export type Expired = Claim & { readonly leftIn: 'claimed' | 'sent'; readonly leftEpoch: number }

/**
 * Takes over rows whose lease ran out, under a new epoch: whoever held them can write no more. A server that has only just
 * started leaves their holders `graceMs` to come back: while it was away they could neither settle nor prolong. If we die between
 * this commit and the settlement, the new lease runs out and the next rescue takes them over in turn.
 */
export async function claimExpired(
  tx: Tx,
  claim: { worker: string; leaseMs: number; limit: number; graceMs: number },
): Promise<Expired[]> {
  const rows = await tx.execute<Expired & Record<string, unknown>>(sql`${kept}
    with looked_at as (
      select s.id, s.declaration_ids from claimed_sets s
      where s.leased_until < now() and pg_postmaster_start_time() < now() - ${claim.graceMs} * interval '1 ms'
      order by s.leased_until limit ${setsLookedAt} for update of s skip locked
    ), held as (
      select looked_at.id as set, h.id, h.lease_until from looked_at
      cross join unnest(looked_at.declaration_ids) as member (id) join declarations h on h.id = member.id
      where ${stateIn('h', 'claimed', 'sent')}
    ), expired as (
      select x.id, x.state, x.epoch from declarations x
      where x.id = any(array(select held.id from held where held.lease_until < now() order by held.lease_until limit ${claim.limit}))
        -- Asked of the row itself once more, now that it is locked: it may have been prolonged, or taken over, meanwhile.
        and x.lease_until < now() and ${stateIn('x', 'claimed', 'sent')}
      for update of x skip locked
    ), taken as (
      update declarations d
      set epoch = d.epoch + 1, claimed_by = ${claim.worker}, lease_until = now() + ${claim.leaseMs} * interval '1 ms'
      from expired where d.id = expired.id
      returning ${claimColumns}, expired.state as "leftIn", expired.epoch::int8 as "leftEpoch"
    ), ${recordSet(claim.leaseMs)}, left_over as (
      select held.set, min(held.lease_until) as lease_until from held
      where not exists (select from taken where taken.id = held.id) group by held.set
    ), looked_at_later as (
      update claimed_sets s set leased_until = left_over.lease_until from left_over where s.id = left_over.set
    ), forgotten as (
      delete from claimed_sets s using looked_at where s.id = looked_at.id and not exists (select from left_over where left_over.set = s.id)
    )
    select taken.*, recorded.set from taken cross join recorded`)
  return rows.map((row) => ({ ...readClaim(row), leftEpoch: Number(row.leftEpoch) }))
}

/** Sets looked at in one go; each names as many rows as were claimed at once. */
const setsLookedAt = 20

export type Held = { readonly id: string; readonly epoch: number }

/** Prolongs leases that are still ours; a row that is being written at this moment is passed over, and waits for nobody. */
export async function extendLeases(tx: Tx, held: readonly Held[], leaseMs: number): Promise<ReadonlySet<string>> {
  const rows = await tx.execute<{ id: string }>(sql`${kept}
    with mine as (
      select h.id from declarations h
      join unnest(${sql.param(held.map((row) => row.id))}::uuid[], ${sql.param(held.map((row) => row.epoch))}::bigint[]) as t (id, epoch)
        on h.id = t.id and h.epoch = t.epoch
      where ${stateIn('h', 'claimed', 'sent')} for update of h skip locked
    )
    update declarations d set lease_until = now() + ${leaseMs} * interval '1 ms' from mine where d.id = mine.id
    returning d.id`)
  return new Set(rows.map((row) => row.id))
}

/**
 * Writes `sent`, and opens the attempt, before the first byte leaves. Answers, by the ids that were still ours, how many ms their
 * lease still runs: at least three fifths of `leaseMs`. A lease that runs longer is left as it is, so that the row changes in place
 * and no index hears of it (`0015_mark-in-place.sql`). If we die before this commit, nothing was sent and rescue gives the rows back
 * uncounted; from it on, every one of the set is "maybe delivered".
 */
export async function markSent(
  one: OneStatement,
  sending: readonly (Held & { readonly messageSha256: string })[],
  leaseMs: number,
): Promise<ReadonlyMap<string, number>> {
  const rows = await one.execute<{ id: string; lease_ms: number }>(sql`${kept}
    with mine as (
      select * from unnest(${sql.param(sending.map((row) => row.id))}::uuid[], ${sql.param(sending.map((row) => row.epoch))}::bigint[],
        ${sql.param(sending.map((row) => row.messageSha256))}::text[]) as t (id, epoch, message_sha256)
    ), won as (
      update declarations d set state = 'sent', lease_until = case
        when d.lease_until < now() + ${leaseMs * leaseKept} * interval '1 ms' then now() + ${leaseMs} * interval '1 ms' else d.lease_until end
      from mine where d.id = mine.id and d.epoch = mine.epoch and ${stateIn('d', 'claimed')}
      returning d.id, d.epoch, d.pharmacy_id, d.claimed_by, mine.message_sha256, d.lease_until
    ), opened as (
      insert into attempts (declaration_id, epoch, pharmacy_id, worker, started_at, message_sha256)
      select id, epoch, pharmacy_id, claimed_by, clock_timestamp(), message_sha256 from won
    )
    select id, (extract(epoch from lease_until - now()) * 1000)::float8 as lease_ms from won`)
  return new Map(rows.map((row) => [row.id, row.lease_ms]))
}

/** The heartbeat keeps two thirds of a lease ahead: below this it has fallen behind, and the mark prolongs by itself. */
const leaseKept = 0.6

/**
 * Gives claimed rows back as they were: nothing was tried, so nothing is counted, and no attempt is written. If we die before this
 * commit, rescue does the same once their leases have run out.
 */
export async function releaseClaims(tx: Tx, held: readonly Held[]): Promise<ReadonlySet<string>> {
  const rows = await tx.execute<{ id: string }>(sql`${kept}
    update declarations d set state = 'queued', claimed_by = null, lease_until = null, attempt_count = d.attempt_count - 1
    from unnest(${sql.param(held.map((row) => row.id))}::uuid[], ${sql.param(held.map((row) => row.epoch))}::bigint[]) as mine (id, epoch)
    where d.id = mine.id and d.epoch = mine.epoch and ${stateIn('d', 'claimed')}
    returning d.id`)
  return new Set(rows.map((row) => row.id))
}

export type Settled = Held & {
  /** The epoch of the attempt that ends: another's, where its claim was taken over. */
  readonly attemptEpoch: number
  readonly outcome: Outcome['class']
  readonly settlement: Settlement
  readonly auditAction: 'declaration.settle' | 'declaration.rescue'
  /** What a receipt costs; null: nothing, because the destination is not billed. */
  readonly charge: ChargeTerms | null
}

export type Won = {
  /** True where a later version of the screening was waiting for this one, and may go now. */
  readonly successorWaits: boolean
  /** Milliseconds from the commit that declared it to this settlement, by PostgreSQL's clock. */
  readonly ageMs: number
}

/**
 * Settles a set: next state, attempt, receipt, charge and audit event in one statement, so that none exists without the others.
 * Answers, by id, those that were still ours; a row that another epoch holds is left untouched. If we die before this commit, the
 * whole set is "maybe delivered" and rescue decides by the destination's promise; after it, each answer has had its one effect.
 */
export async function settle(one: OneStatement, settled: readonly Settled[]): Promise<ReadonlyMap<string, Won>> {
  const input = JSON.stringify(settled.map(settleInput))
  const rows = await one.execute<{ id: string; successor_waits: boolean; age_ms: number }>(sql`${kept}
    with mine as (
      select * from jsonb_to_recordset(${input}::text::jsonb) as t (id uuid, epoch bigint, attempt_epoch bigint, state text, code text,
        location text, delay_ms float8, uncounted int, outcome text, reference text, answer_sha256 text, action text,
        ${chargeColumns})
    ), won as (
      update declarations d
      set state = mine.state, code = mine.code, location = mine.location, claimed_by = null, lease_until = null,
          due_at = case when mine.state = 'queued' then now() + mine.delay_ms * interval '1 ms' else d.due_at end,
          attempt_count = d.attempt_count - mine.uncounted,
          settled_at = case when mine.state in ('accepted', 'rejected') then now() end
      from mine
      where d.id = mine.id and d.epoch = mine.epoch and ${stateIn('d', 'claimed', 'sent')}
      returning d.id, d.created_at, mine.attempt_epoch, d.kind, d.pharmacy_id, d.screening_id, d.version, d.destination, d.control_id, d.state, d.code, d.attempt_count,
        mine.outcome, mine.reference, mine.answer_sha256, mine.action,
        mine.prices, mine.currency, mine.refund, mine.demonstration
    ), ended as (
      update attempts a set ended_at = clock_timestamp(), outcome = won.outcome, code = won.code
      from won where a.declaration_id = won.id and a.epoch = won.attempt_epoch and a.ended_at is null
      returning a.declaration_id
    ), refused_before_sending as (
      -- Read as they were before this statement: who held them, and that nothing of them had left. Few, so looked up one by one.
      insert into attempts (declaration_id, epoch, pharmacy_id, worker, started_at, ended_at, outcome, code)
      select won.id, won.attempt_epoch, won.pharmacy_id, before.claimed_by, clock_timestamp(), clock_timestamp(), won.outcome, won.code
      from won join declarations before on before.id = won.id and ${stateIn('before', 'claimed')}
      where won.outcome <> 'interrupted' and won.id not in (select declaration_id from ended)
    ), proof as (
      insert into receipts (declaration_id, pharmacy_id, destination, control_id, reference, answer_sha256, received_at, billed)
      select id, pharmacy_id, destination, control_id, reference, answer_sha256, now(), kind = 'original' and prices is not null from won where state = 'accepted'
    ), ${chargeParts}, trace as (
      insert into audit_events (at, actor_kind, pharmacy_id, action, outcome, code, object_type, object_id, details)
      select now(), 'system', pharmacy_id, action, 'done', code, 'declaration', id,
        jsonb_build_object('state', state, 'destination', destination, 'attempt', attempt_count)
      from won
    )
    select won.id, won.state in ('accepted', 'rejected') and exists (
      select from declarations later where later.screening_id = won.screening_id and later.destination = won.destination
        and later.version > won.version and ${stateIn('later', 'queued')}) as successor_waits,
      (extract(epoch from now() - won.created_at) * 1000)::float8 as age_ms
    from won`)
  return new Map(rows.map((row) => [row.id, { successorWaits: row.successor_waits, ageMs: row.age_ms }]))
}

function settleInput({ id, epoch, attemptEpoch, outcome, settlement, auditAction, charge }: Settled) {
  return {
    id,
    epoch,
    attempt_epoch: attemptEpoch,
    outcome,
    state: settlement.state,
    code: 'code' in settlement ? settlement.code : null,
    location: settlement.state === 'rejected' ? settlement.location : null,
    delay_ms: settlement.state === 'queued' ? settlement.delayMs : 0,
    uncounted: settlement.state === 'queued' && !settlement.countAttempt ? 1 : 0,
    reference: settlement.state === 'accepted' ? settlement.receipt.reference : null,
    answer_sha256: settlement.state === 'accepted' ? settlement.receipt.answerSha256 : null,
    action: auditAction,
    ...chargeInput(settlement.state === 'accepted' ? charge : null),
  }
}

export type LookAhead = {
  readonly destination: string
  /** True where something is due now; an order to keep, a pause or a pace may still hold it. */
  readonly dueNow: boolean
  /** Milliseconds until the next one that is not yet due; null when none waits. */
  readonly nextMs: number | null
}

/** For each destination: is something due, and when is the next one. Two probes each of `declarations_next_due`, which `lower` names. */
export async function lookAhead(tx: Tx, destinations: readonly string[]): Promise<readonly LookAhead[]> {
  return tx.execute<LookAhead>(sql`${kept}
    select destination,
      exists (select from declarations q where lower(q.standing) = 'open' and q.state = 'queued' and q.destination = asked.destination and q.due_at <= now()) as "dueNow",
      (select (extract(epoch from q.due_at - now()) * 1000)::float8 from declarations q
       where lower(q.standing) = 'open' and q.state = 'queued' and q.destination = asked.destination and q.due_at > now() order by q.due_at limit 1) as "nextMs"
    from unnest(${sql.param([...destinations])}::text[]) as asked (destination)`)
}
