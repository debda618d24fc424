/** Months, statements, their files and seals, as plain SQL: what is billed, numbered and kept. Aggregates read the index alone. */
import { sql } from 'drizzle-orm'
import { assert } from '../base/assert.ts'
import type { ChargedDay, Statement, StatementKind } from '../domain/statement.ts'
import type { Tx } from './database.ts'

export const statementFormats = ['pdf', 'xml', 'csv', 'json'] as const
export type StatementFormat = (typeof statementFormats)[number]

/** The lock of `passerelle_note_late_charges`, taken alone while months freeze. */
const freezeLock = 7_277_347_237n
const pharmaciesMax = 5_000
/** A pharmacy's months: thirty years. */
const statementsMax = 400
const creditNotesMax = 1_000

/** `2026-10` as PostgreSQL's date of its first day. */
const firstOf = (month: string) => sql`${`${month}-01`}::date`
/**
 * Of the month after, as a date too: a date held against a timestamp is a comparison that row-level security keeps out of
 * indexes, and all that a pharmacy was ever charged was read for each month.
 */
const firstAfter = (month: string) => sql`(${`${month}-01`}::date + interval '1 month')::date`
/** Pharmacies by id, or all. */
const ofPharmacies = (pharmacyId: string | null) => (pharmacyId === null ? sql`true` : sql`p.id = ${pharmacyId}`)

/**
 * Pharmacies with charges of months before `month` that no statement has billed yet, and the earliest such month of each; also
 * those of which an earlier month was frozen and not completed. Closing in order keeps each charge in one statement.
 */
export async function listUnbilledBefore(tx: Tx, options: { month: string; pharmacyId: string | null }) {
  const { month, pharmacyId } = options
  // Worked out before charges are looked at, and as a date: see `firstAfter`.
  const rows = await tx.execute<{ pharmacyId: string; finess: string; month: string }>(sql`
    with billed as materialized (
      select p.id, p.finess, coalesce((max(b.month) + interval '1 month')::date, '-infinity'::date) as until
      from pharmacies p left join billing_months b on b.pharmacy_id = p.id where ${ofPharmacies(pharmacyId)} group by p.id, p.finess
    )
    select p.id as "pharmacyId", p.finess, to_char(min(first), 'YYYY-MM') as month from billed p,
      lateral (
        select b.month as first from billing_months b where b.pharmacy_id = p.id and b.month < ${firstOf(month)} and b.completed_at is null
        union all
        select l.billing_month from late_charges l where l.pharmacy_id = p.id and l.billing_month < ${firstOf(month)}
          and not exists (select from billing_months b where b.pharmacy_id = p.id and b.month = l.billing_month)
        union all
        (select c.charged_on from charges c where c.pharmacy_id = p.id and c.charged_on >= p.until and c.charged_on < ${firstOf(month)}
          order by c.charged_on limit 1)
      ) found
    group by p.id, p.finess order by month, p.finess limit ${pharmaciesMax}`)
  return [...rows]
}

/**
 * Freezes the month for these pharmacies. Waits for charges that are being written, and after the commit none can join the
 * month: dying right after leaves it frozen and open, and the next close goes on from there. Answers how many were frozen now.
 */
export async function freezeMonth(tx: Tx, options: { month: string; pharmacyId: string | null; at: Date }): Promise<number> {
  const { month, pharmacyId, at } = options
  await tx.execute(sql`select pg_advisory_xact_lock(${freezeLock})`)
  const rows = await tx.execute(sql`
    insert into billing_months (pharmacy_id, month, frozen_at)
    select p.id, ${firstOf(month)}, ${at.toISOString()}::timestamptz from pharmacies p where ${ofPharmacies(pharmacyId)}
      and not exists (select from billing_months b where b.pharmacy_id = p.id and b.month > ${firstOf(month)})
    on conflict do nothing returning pharmacy_id`)
  return rows.length
}

/** Pharmacies whose month is not completed, frozen or not: what a close would look at. */
export async function listPharmaciesToClose(
  tx: Tx,
  options: { month: string; pharmacyId: string | null },
): Promise<readonly OpenMonth[]> {
  return tx.execute<OpenMonth>(sql`select p.id as "pharmacyId", p.finess from pharmacies p
    where ${ofPharmacies(options.pharmacyId)} and not exists (
      select from billing_months b where b.pharmacy_id = p.id and (b.month > ${firstOf(options.month)} or b.month = ${firstOf(options.month)} and b.completed_at is not null))
    order by p.finess limit ${pharmaciesMax}`)
}

export type OpenMonth = { readonly pharmacyId: string; readonly finess: string }

/** Takes up to `limit` pharmacies whose frozen month is not completed, away from other closers until the transaction ends. */
export async function claimOpenMonths(
  tx: Tx,
  options: { month: string; pharmacyId: string | null; limit: number },
): Promise<readonly OpenMonth[]> {
  const { month, pharmacyId, limit } = options
  return tx.execute<OpenMonth>(sql`
    select b.pharmacy_id as "pharmacyId", p.finess from billing_months b join pharmacies p on p.id = b.pharmacy_id
    where b.month = ${firstOf(month)} and b.completed_at is null and ${ofPharmacies(pharmacyId)}
    order by p.finess limit ${limit} for update of b skip locked`)
}

export async function countOpenMonths(tx: Tx, options: { month: string; pharmacyId: string | null }): Promise<number> {
  const [row] = await tx.execute<{ count: number }>(sql`
    select count(*)::int as count from billing_months b join pharmacies p on p.id = b.pharmacy_id
    where b.month = ${firstOf(options.month)} and b.completed_at is null and ${ofPharmacies(options.pharmacyId)}`)
  return row?.count ?? 0
}

export async function completeMonths(
  tx: Tx,
  options: { month: string; pharmacyIds: readonly string[]; at: Date },
): Promise<void> {
  const done = await tx.execute(sql`update billing_months set completed_at = ${options.at.toISOString()}::timestamptz
    where month = ${firstOf(options.month)} and pharmacy_id = any(${list(options.pharmacyIds)}::uuid[]) and completed_at is null
    returning pharmacy_id`)
  assert(done.length === options.pharmacyIds.length, 'a month is completed once, by the one who claimed it')
}

export type BilledDay = ChargedDay & { readonly pharmacyId: string }

/**
 * What the month bills, by pharmacy, Paris day and price: its own charges, without those that came too late for it, with
 * those of earlier months that it bills in their stead. Counts credits below zero. Read from `charges_by_month` alone.
 */
export async function listBilledDays(tx: Tx, options: { month: string; pharmacyIds: readonly string[] }) {
  const month = firstOf(options.month)
  const after = firstAfter(options.month)
  return tx.execute<BilledDay>(sql`
    select p.id as "pharmacyId", to_char(charged_on, 'YYYY-MM-DD') as day, unit as "unitCents", count::int from unnest(${list(options.pharmacyIds)}::uuid[]) p (id),
      lateral (
        select charged_on, unit, sum(n) as count from (
          select c.charged_on, abs(c.amount_cents) as unit, c.kind, count(*) * case c.kind when 'credit' then -1 else 1 end as n from charges c
          where c.pharmacy_id = p.id and c.charged_on >= ${month} and c.charged_on < ${after}
          group by c.charged_on, c.amount_cents, c.kind
          union all
          select l.charged_on, abs(l.amount_cents), l.kind,
            case l.kind when 'credit' then -1 else 1 end * case when l.billing_month = ${month} then 1 else -1 end
          from late_charges l where l.pharmacy_id = p.id and (l.billing_month = ${month}
            or (l.charged_on >= ${month} and l.charged_on < ${after}))
        ) each_kind group by charged_on, unit, kind having sum(n) <> 0
      ) found
    order by p.id, charged_on, unit, count desc`)
}

/**
 * Charges that the month bills, and those of them that follow from their own receipt: of the same pharmacy and screening, on the same
 * Paris day, and one that was owed a charge. A credit follows from a cancellation's receipt, and gives back what was charged.
 */
export async function countProven(tx: Tx, options: { month: string; pharmacyId: string }) {
  const { pharmacyId } = options
  const month = firstOf(options.month)
  const [row] = await tx.execute<{ charges: number; proven: number }>(sql`
    select count(*)::int as charges, count(*) filter (where case c.kind
        when 'charge' then r.billed and d.kind = 'original'
        else d.kind = 'cancellation' and paid.amount_cents = -c.amount_cents and paid.destination = c.destination end)::int as proven
    from (
      select c.* from charges c left join late_charges l on l.screening_id = c.screening_id and l.kind = c.kind
      where c.pharmacy_id = ${pharmacyId} and c.charged_on >= ${month} and c.charged_on < ${firstAfter(options.month)} and l.kind is null
      union all
      select c.* from late_charges l join charges c on c.screening_id = l.screening_id and c.kind = l.kind
      where l.pharmacy_id = ${pharmacyId} and l.billing_month = ${month}
    ) c
    left join receipts r on r.declaration_id = c.declaration_id and r.pharmacy_id = c.pharmacy_id
      and (r.received_at at time zone 'Europe/Paris')::date = c.charged_on
    left join declarations d on d.id = r.declaration_id and d.screening_id = c.screening_id
    left join charges paid on c.kind = 'credit' and paid.screening_id = c.screening_id and paid.kind = 'charge'`)
  return row ?? { charges: 0, proven: 0 }
}

/** How long before a receipt its screening was signed at most, to be looked at here; what waited longer is the ledger's to find. */
const signedDaysBefore = 400

/**
 * Screenings that a receipt of the month owed a charge and that have none, in this month or any other. Found by their signing,
 * the one index of a pharmacy's past that there is: a person asks for this seldom, and each receipt that is stored would pay for another.
 */
export async function countUncharged(tx: Tx, options: { month: string; pharmacyId: string }): Promise<number> {
  const { pharmacyId } = options
  const beginning = sql`(${firstOf(options.month)}::timestamp at time zone 'Europe/Paris')`
  const end = sql`(${firstAfter(options.month)}::timestamp at time zone 'Europe/Paris')`
  const [row] = await tx.execute<{ count: number }>(sql`
    select count(distinct s.screening_id)::int as count
    from screenings s join declarations d on d.screening_id = s.screening_id and d.version = s.version and d.kind = 'original' join receipts r on r.declaration_id = d.id
    where s.pharmacy_id = ${pharmacyId} and s.signed_at >= ${beginning} - ${signedDaysBefore} * interval '1 day' and s.signed_at < ${end}
      and r.billed and r.received_at >= ${beginning} and r.received_at < ${end}
      and not exists (select from charges c where c.screening_id = s.screening_id and c.kind = 'charge')`)
  return row?.count ?? 0
}

/**
 * Gives the next `count` numbers of an issuer and year, and answers the first. The row stays locked until the commit: a
 * transaction that dies gives its numbers back, and two that run at once wait for each other.
 */
export async function takeNumbers(tx: Tx, options: { issuer: string; year: number; count: number }): Promise<number> {
  const { issuer, year, count } = options
  const [row] = await tx.execute<{ last: number }>(sql`
    insert into statement_series (issuer, year, last_sequence) values (${issuer}, ${year}, ${count})
    on conflict (issuer, year) do update set last_sequence = statement_series.last_sequence + excluded.last_sequence
    returning last_sequence as last`)
  assert(row, 'a counter row answers')
  return row.last - count + 1
}

export type StatementRow = {
  readonly statement: Statement
  readonly pharmacyId: string
  readonly year: number
  readonly sequence: number
  readonly issuedBy: string | null
  readonly issuedAt: Date
}

/** One statement for the whole set: a thousand rows in a round trip. */
export async function insertStatements(tx: Tx, rows: readonly StatementRow[]): Promise<void> {
  if (rows.length === 0) return
  const values = rows.map(({ statement, pharmacyId, year, sequence, issuedBy, issuedAt }) => ({
    ...{
      number: statement.number,
      issuer: statement.issuer.siren,
      year,
      sequence,
      pharmacy_id: pharmacyId,
      kind: statement.kind,
    },
    ...{ month: `${statement.month}-01`, credits: statement.credited?.number ?? null, issued_on: statement.issuedOn },
    ...{ net_cents: statement.netCents, vat_cents: statement.vatCents, gross_cents: statement.grossCents },
    ...{ content: statement, issued_by: issuedBy, issued_at: issuedAt.toISOString() },
  }))
  await tx.execute(sql`insert into statements
    select * from jsonb_populate_recordset(null::statements, ${JSON.stringify(values)}::jsonb)`)
}

export type SealedFiles = {
  readonly number: string
  readonly pharmacyId: string
  readonly files: Readonly<Record<StatementFormat, Uint8Array>>
  readonly manifest: string
  readonly signature: string
  readonly keyId: string
  readonly sealedAt: Date
}

/** Says whether this call stored them: files that are there stay as they are. */
export async function insertSealedFiles(tx: Tx, sealed: SealedFiles): Promise<boolean> {
  const { number, pharmacyId, files, manifest, signature, keyId, sealedAt } = sealed
  const won = await tx.execute(sql`insert into statement_seals (number, pharmacy_id, manifest, signature, key_id, sealed_at)
    values (${number}, ${pharmacyId}, ${manifest}, ${signature}, ${keyId}, ${sealedAt.toISOString()}::timestamptz)
    on conflict do nothing returning number`)
  if (won.length === 0) return false
  const rows = statementFormats.map((format) => sql`(${number}, ${format}, ${pharmacyId}, ${files[format]})`)
  await tx.execute(sql`insert into statement_files (number, format, pharmacy_id, bytes) values ${sql.join(rows, sql`, `)}`)
  return true
}

export type StoredStatement = { readonly statement: Statement; readonly pharmacyId: string; readonly sealed: boolean }

const storedColumns = sql`s.content as statement, s.pharmacy_id as "pharmacyId",
  exists (select from statement_seals e where e.number = s.number) as sealed`

/** Issued and not sealed yet: what a close that was cut off left to do. */
export async function listUnsealed(tx: Tx, options: { limit: number }): Promise<readonly StoredStatement[]> {
  return tx.execute<StoredStatement>(sql`select ${storedColumns} from statements s
    where not exists (select from statement_seals e where e.number = s.number) order by s.number limit ${options.limit}`)
}

export async function findStatement(tx: Tx, number: string): Promise<StoredStatement | null> {
  const [row] = await tx.execute<StoredStatement>(sql`select ${storedColumns} from statements s where s.number = ${number}`)
  return row ?? null
}

/** Credit notes on one statement, oldest first. */
export async function listCreditNotes(tx: Tx, number: string): Promise<readonly Statement[]> {
  const rows = await tx.execute<{ statement: Statement }>(
    sql`select content as statement from statements where credits = ${number} order by year, sequence limit ${creditNotesMax}`,
  )
  return rows.map(({ statement }) => statement)
}

/** Credit notes on one statement are written one after another: each sees those before it. */
export async function lockStatement(tx: Tx, number: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`statement ${number}`}, 0))`)
}

export type StatementSummary = {
  readonly number: string
  readonly kind: StatementKind
  /** `YYYY-MM`. */
  readonly month: string
  readonly issuedOn: string
  readonly dueOn: string
  readonly credits: string | null
  readonly receipts: number
  readonly netCents: number
  readonly vatCents: number
  readonly grossCents: number
  readonly demonstration: boolean
  readonly sealed: boolean
}

/** Newest first; within a pharmacy's scope its own. */
export async function listStatements(tx: Tx, pharmacyId: string): Promise<readonly StatementSummary[]> {
  return tx.execute<StatementSummary>(sql`
    select s.number, s.kind, to_char(s.month, 'YYYY-MM') as month, to_char(s.issued_on, 'YYYY-MM-DD') as "issuedOn", s.content ->> 'dueOn' as "dueOn",
      s.credits, (select coalesce(sum((line ->> 'count')::int), 0) from jsonb_array_elements(s.content -> 'lines') line)::int as receipts,
      s.net_cents::float8 as "netCents", s.vat_cents::float8 as "vatCents", s.gross_cents::float8 as "grossCents",
      (s.content ->> 'demonstration')::boolean as demonstration, exists (select from statement_seals e where e.number = s.number) as sealed
    from statements s where s.pharmacy_id = ${pharmacyId} order by s.month desc, s.year desc, s.sequence desc limit ${statementsMax}`)
}

export async function findFile(tx: Tx, options: { number: string; format: StatementFormat }): Promise<Uint8Array | null> {
  const [row] = await tx.execute<{ bytes: Uint8Array }>(
    sql`select bytes from statement_files where number = ${options.number} and format = ${options.format}`,
  )
  return row?.bytes ?? null
}

export type Seal = { readonly manifest: string; readonly signature: string; readonly keyId: string }

export async function findSeal(tx: Tx, number: string): Promise<Seal | null> {
  const [row] = await tx.execute<Seal>(
    sql`select manifest, signature, key_id as "keyId" from statement_seals where number = ${number}`,
  )
  return row ?? null
}

/** drizzle spreads a bare array into single parameters; PostgreSQL reads this text as one. */
function list(ids: readonly string[]): string {
  assert(ids.length <= pharmaciesMax, 'a bounded set of pharmacies')
  return `{${ids.join(',')}}`
}
