/** The ledger in SQL: closed days as they were counted then, and the rest from the rows themselves, in one snapshot. */
import { type SQL, sql } from 'drizzle-orm'
import { assert } from '../base/assert.ts'
import type { DeclarationKind, DeclarationState } from '../domain/declaration.ts'
import type { LedgerLine, LedgerProblem } from '../domain/ledger.ts'
import { keptStatement, type Tx } from './database.ts'

/** Null pharmacy: all of them, which only the worker's scope can see. Days are Paris days, both included. */
export type LedgerScope = { readonly pharmacyId: string | null; readonly from: string; readonly to: string }

/** The instant at which a Paris day begins. */
const beginningOf = (day: SQL) => sql`((${day})::timestamp at time zone 'Europe/Paris')`

/** By key, whatever is guessed of how many will be asked: a join over guessed thousands reads whole tables for a page of a hundred. */
const chargedBy = (screeningId: SQL) => sql`
        (select c.declaration_id from charges c where c.screening_id = ${screeningId} and c.kind = 'charge') as charged_by,
        (select c.declaration_id from charges c where c.screening_id = ${screeningId} and c.kind = 'credit') as credited_by`

/**
 * Common table expressions up to `items`: one row for each declaration of the versions signed in `scope` (columns id,
 * since, until), and one for each that the capture said and that is not there. The index of signings is walked a pharmacy
 * at a time; everything else is a probe by key, once a version or once a declaration. `scope` is worked out first
 * (`materialized`): row-level security keeps what is computed of another row out of an index's conditions, and all that a
 * pharmacy ever signed was read for each page.
 */
const itemsOfScope = sql`versions as materialized (
      select s.pharmacy_id, s.screening_id, s.version, s.declared_to, (s.signed_at at time zone 'Europe/Paris')::date as day,
        ${chargedBy(sql`s.screening_id`)}
      from scope join screenings s on s.pharmacy_id = scope.id and s.signed_at >= scope.since and s.signed_at < scope.until
    ), pairs as (
      select v.pharmacy_id, v.screening_id, v.day, v.charged_by, v.credited_by, pair.* from versions v cross join lateral (
        select coalesce(named.destination, d.destination) as destination, named.destination is not null or v.declared_to is null as captured,
          d.id, d.kind, d.state
        from unnest(v.declared_to) as named (destination)
        full join (select * from declarations d where d.screening_id = v.screening_id and d.version = v.version) d on d.destination = named.destination) pair
    ), items as (${proven(sql`pairs`)})`

/** Declarations of closed days, in the columns of `pairs`. */
const carriedPairs = (where: SQL) => sql`(
      select k.pharmacy_id, d.screening_id, k.day, ${chargedBy(sql`d.screening_id`)}, k.destination, true as captured, d.id, d.kind, d.state
      from ledger_carried k join declarations d on d.id = k.declaration_id where ${where})`

/** Adds to pairs the receipt that proves them, and what is wrong with each. `offset 0`: else the receipt is asked for again in each place that names it. */
function proven(pairs: SQL): SQL {
  return sql`select of_pair.*, case
        when not of_pair.captured then 'declared-beside'
        when of_pair.id is null then 'not-declared'
        when of_pair.state = 'accepted' and not of_pair.receipted then 'receipt-missing'
        when of_pair.state <> 'accepted' and of_pair.receipted then 'receipt-beside'
        when of_pair.due and of_pair.charged_by is null then 'charge-missing'
        when of_pair.due and of_pair.charged_by <> of_pair.id and not ${ofItsScreening(sql`of_pair.charged_by`)} then 'charge-missing'
        when not of_pair.due and of_pair.charged_by = of_pair.id then 'charge-beside'
        when of_pair.credited_by = of_pair.id and not (of_pair.kind = 'cancellation' and of_pair.receipted and exists (
          select from charges c where c.screening_id = of_pair.screening_id and c.kind = 'charge' and c.destination = of_pair.destination)) then 'credit-beside'
        when of_pair.kind = 'original' and (of_pair.charged_by is null or of_pair.charged_by = of_pair.id) and not ${ofItsScreening(sql`of_pair.credited_by`)} then 'credit-beside' end as problem
      from (
        select pairs.*, pairs.of_receipt is not null as receipted, coalesce(pairs.of_receipt and pairs.kind = 'original', false) as due
        from (select pairs.*, (select r.billed from receipts r where r.declaration_id = pairs.id) as of_receipt from ${pairs} pairs offset 0) pairs
      ) of_pair`
}

/** False where money names a declaration of another screening than the one that it stands for. */
function ofItsScreening(declarationId: SQL): SQL {
  return sql`(${declarationId} is null or exists (
          select from declarations named where named.id = ${declarationId} and named.screening_id = of_pair.screening_id))`
}

/** What does not move any more. A refused one does: a person may find it at the destination after all. */
const ended = sql`('accepted', 'received', 'cancelled')`

const stateCounts = sql`
      count(*) filter (where state = 'accepted')::int as accepted, count(*) filter (where state = 'received')::int as received,
      count(*) filter (where state = 'cancelled')::int as cancelled`
/** A screening that several billed destinations took was charged for one of them: the others' receipts are free, and count nowhere as billed. */
const proofCounts = sql`
      count(*) filter (where receipted)::int as receipts,
      count(*) filter (where state = 'accepted' and kind = 'original')::int as first_accepted,
      count(*) filter (where receipted and kind = 'original')::int as first_receipts,
      count(*) filter (where due and (charged_by is null or charged_by = id))::int as billed,
      count(*) filter (where charged_by = id)::int as charged,
      count(*) filter (where problem is not null)::int as differing`
const openCounts = sql`
      count(*) filter (where state = 'queued')::int as queued, count(*) filter (where state in ('claimed', 'sent'))::int as in_flight,
      count(*) filter (where state = 'rejected')::int as rejected, count(*) filter (where state = 'parked')::int as parked`
const countNames = sql`captured, queued, in_flight, accepted, received, rejected, parked, cancelled, receipts, first_accepted,
      first_receipts, billed, charged, differing`
const countSums = sql`sum(captured)::int as captured, sum(queued)::int as queued, sum(in_flight)::int as "inFlight",
      sum(accepted)::int as accepted, sum(received)::int as received, sum(rejected)::int as rejected, sum(parked)::int as parked,
      sum(cancelled)::int as cancelled, sum(receipts)::int as receipts, sum(first_accepted)::int as "firstAccepted",
      sum(first_receipts)::int as "firstReceipts", sum(billed)::int as billed, sum(charged)::int as charged, sum(differing)::int as differing`

/** Days after the last closed one, within the scope; `recount` takes no closed day at its word. */
function liveScope({ pharmacyId, from, to }: LedgerScope, recount: boolean): SQL {
  const since = recount ? sql`${from}::date` : sql`greatest(${from}::date, closes.closed_through + 1)`
  return sql`select p.id, ${beginningOf(since)} as since, ${beginningOf(sql`${to}::date + 1`)} as until
    from pharmacies p left join ledger_closes closes on closes.pharmacy_id = p.id
    where ${pharmacyId === null ? sql`true` : sql`p.id = ${pharmacyId}`}`
}

const lineLimit = 200_000

/**
 * The lines of a scope, newest day first, in one statement and so in one snapshot: it balances at every instant. `recount`
 * counts closed days from the rows again, instead of what was written when they were closed.
 */
export async function readLedger(
  tx: Tx,
  scope: LedgerScope,
  options: { readonly recount?: boolean } = {},
): Promise<readonly LedgerLine[]> {
  const recount = options.recount ?? false
  const { pharmacyId, from, to } = scope
  const within = (table: string) => {
    const name = sql.identifier(table)
    const ofPharmacy = pharmacyId === null ? sql`true` : sql`${name}.pharmacy_id = ${pharmacyId}`
    return sql`${ofPharmacy} and ${name}.day between ${from}::date and ${to}::date`
  }
  const closed = sql`
      select pharmacy_id, day, destination, captured, 0 as queued, 0 as in_flight, accepted, received, 0 as rejected, 0 as parked, cancelled,
        receipts, first_accepted, first_receipts, billed, charged, differing
      from ledger_days where ${within('ledger_days')}
      union all
      select pharmacy_id, day, destination, 0, 0, 0, accepted, received, 0, 0, cancelled, receipts, first_accepted, first_receipts, billed,
        charged, differing
      from ledger_movements where ${within('ledger_movements')}
      union all
      select pharmacy_id, day, destination, ${countNames} from (
        select pharmacy_id, day, destination, 0 as captured, ${openCounts}, ${stateCounts}, ${proofCounts}
        from carried group by pharmacy_id, day, destination) of_carried`
  const rows = await tx.execute<LedgerLine & Record<string, unknown>>(sql`${sql.raw(keptStatement)}
    with scope as materialized (${liveScope(scope, recount)}), ${itemsOfScope}, carried as (${proven(carriedPairs(within('k')))})
    select pharmacy_id as "pharmacyId", day::text, destination, ${countSums} from (
      select pharmacy_id, day, destination, ${countNames} from (
        select pharmacy_id, day, destination, count(*) filter (where captured)::int as captured, ${openCounts}, ${stateCounts}, ${proofCounts}
        from items group by pharmacy_id, day, destination) of_items
      ${recount ? sql`` : sql`union all ${closed}`}) lines
    group by pharmacy_id, day, destination order by day desc, destination, pharmacy_id limit ${lineLimit}`)
  // A sum over a part would look balanced.
  assert(rows.length < lineLimit, 'a ledger is read a pharmacy or some days at a time')
  return [...rows]
}

export type LedgerItem = {
  readonly pharmacyId: string
  readonly day: string
  readonly destination: string
  readonly screeningId: string
  /** Null where the capture named the destination and there is no declaration. */
  readonly declarationId: string | null
  readonly kind: DeclarationKind | null
  readonly state: DeclarationState | null
  readonly problem: LedgerProblem | null
}

/** The items behind the lines of a scope, counted from the rows: those that differ, or all. Ordered by random ids. */
export async function listLedgerItems(
  tx: Tx,
  scope: LedgerScope,
  wanted: {
    readonly destination?: string
    readonly states?: readonly DeclarationState[]
    readonly differingOnly: boolean
    readonly limit: number
  },
): Promise<readonly LedgerItem[]> {
  const { destination, states, differingOnly, limit } = wanted
  const rows = await tx.execute<LedgerItem & Record<string, unknown>>(sql`
    with scope as materialized (${liveScope(scope, true)}), ${itemsOfScope}
    select pharmacy_id as "pharmacyId", day::text, destination, screening_id as "screeningId", id as "declarationId", kind, state, problem
    from items where ${destination === undefined ? sql`true` : sql`destination = ${destination}`}
      and ${states === undefined ? sql`true` : sql`state = any(${sql.param([...states])}::text[])`}
      and ${differingOnly ? sql`problem is not null` : sql`true`}
    order by day desc, destination, screening_id, id limit ${limit}`)
  return [...rows]
}

/**
 * The oldest day before `from` on which something moved: booked by a close since `since`, or at its end and not booked yet; `from`
 * where there is none. Movements of one pharmacy are read from their key alone, what is carried by the key of each declaration.
 */
export async function findMovedFrom(
  tx: Tx,
  scope: { readonly pharmacyId: string; readonly from: string; readonly since: string },
): Promise<string> {
  const { pharmacyId, from, since } = scope
  const [row] = await tx.execute<{ from: string }>(sql`
    select least(${from}::date,
      (select min(m.day) from ledger_movements m where m.pharmacy_id = ${pharmacyId} and m.day < ${from}::date and m.moved_on >= ${since}::date),
      (select min(k.day) from ledger_carried k join declarations d on d.id = k.declaration_id
        where k.pharmacy_id = ${pharmacyId} and k.day < ${from}::date and d.state in ${ended}))::text as from`)
  return row?.from ?? from
}

/** Days closed in one go: what a pharmacy of three hundred tests a day captured in a month is one short statement. */
const daysPerClose = 31

/** Answers the last day that is closed now, and whether more remain before `through`. Days that have not ended are never closed. */
export async function closeLedgerDays(
  tx: Tx,
  close: { readonly pharmacyId: string; readonly through: string },
): Promise<{ readonly closedThrough: string | null; readonly closed: boolean; readonly more: boolean }> {
  const { pharmacyId, through } = close
  const last = sql`least(${through}::date, (now() at time zone 'Europe/Paris')::date - 1)`
  // Opened at the day before the first signing: what never signed anything has nothing to close.
  await tx.execute(sql`insert into ledger_closes (pharmacy_id, closed_through)
    select ${pharmacyId}, (min(signed_at) at time zone 'Europe/Paris')::date - 1 from screenings
    where pharmacy_id = ${pharmacyId} and signed_at is not null having min(signed_at) is not null
    on conflict (pharmacy_id) do nothing`)
  const [before] = await tx.execute<{ closed: string; until: string; last: string }>(sql`
    select closed_through::text as closed, least(closed_through + ${daysPerClose}::int, ${last})::text as until, ${last}::text as last
    from ledger_closes where pharmacy_id = ${pharmacyId} for update`)
  if (!before) return { closedThrough: null, closed: false, more: false }
  if (before.until <= before.closed) return { closedThrough: before.closed, closed: false, more: false }
  // A statement of its own, after the lock: it sees what whoever held it has closed. If we die before the commit, nothing is closed.
  await tx.execute(closeStatement(pharmacyId, before))
  return { closedThrough: before.until, closed: true, more: before.until < before.last }
}

function closeStatement(pharmacyId: string, range: { readonly closed: string; readonly until: string }): SQL {
  const { closed, until } = range
  const proofNames = sql`receipts, first_accepted, first_receipts, billed, charged, differing`
  return sql`
    with scope as materialized (select ${pharmacyId}::uuid as id, ${beginningOf(sql`${closed}::date + 1`)} as since, ${beginningOf(sql`${until}::date + 1`)} as until),
    ${itemsOfScope}, counted as (
      insert into ledger_days (pharmacy_id, day, destination, captured, carried, accepted, received, cancelled, ${proofNames})
      select pharmacy_id, day, destination, count(*) filter (where captured), count(*) filter (where state not in ${ended}), ${stateCounts}, ${proofCounts}
      from items group by pharmacy_id, day, destination
    ), kept as (
      insert into ledger_carried (pharmacy_id, day, destination, declaration_id)
      select pharmacy_id, day, destination, id from items where state not in ${ended}
    ), carried as (${proven(carriedPairs(sql`k.pharmacy_id = ${pharmacyId} and d.state in ${ended}`))}
    ), moved as (
      insert into ledger_movements (pharmacy_id, day, destination, moved_on, accepted, received, cancelled, ${proofNames})
      select pharmacy_id, day, destination, ${until}::date, ${stateCounts}, ${proofCounts} from carried group by pharmacy_id, day, destination
    ), freed as (
      delete from ledger_carried k using carried where k.declaration_id = carried.id
    )
    update ledger_closes set closed_through = ${until}::date, closed_at = now() where pharmacy_id = ${pharmacyId}`
}
