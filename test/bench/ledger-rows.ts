/** The rows of a world of money: generated charges and closed ledger days of the past, and two days that are still open. */
import { randomUUID } from 'node:crypto'
import type { Sql, TransactionSql } from 'postgres'
import type { Finess } from '../../src/domain/finess.ts'
import type { Pharmacy } from '../../src/domain/pharmacy.ts'
import type { Database } from '../../src/storage/database.ts'
import { ensurePharmacies } from '../../src/storage/pharmacies.ts'

export type LedgerWorldSize = { readonly pharmacies: number; readonly days: number }
export type LedgerRows = { readonly professionalId: string; readonly charges: number }

const testsPerDay = 75
/** The newest day, Paris; it and the day before are not closed. */
const lastDay = '2026-11-04'
export const now = new Date(`${lastDay}T18:00:00Z`)
const destinations = ['sidep', 'dmp'] as const

export const chargesIn = ({ pharmacies, days }: LedgerWorldSize): number => pharmacies * days * testsPerDay

/** The pharmacies of the world by their ids; makes those that are not there yet. */
export async function ensureRegister(database: Database, pharmacies: number): Promise<ReadonlyMap<string, Pharmacy>> {
  const settings = Array.from({ length: pharmacies }, (_, index) => ({
    finess: String(750_000_000 + index) as Finess,
    name: `Pharmacie n° ${index + 1}`,
    ...{ addressLine: `${index + 1}, rue de l’Essai`, postalCode: '75007', city: 'Paris', phone: null },
  }))
  return new Map((await database.forNobody((tx) => ensurePharmacies(tx, settings, now))).map((one) => [one.id, one]))
}

/** Of all pharmacies. As superuser, past triggers and foreign keys, since past screenings are not written; vacuumed, as a night would leave it. */
export async function writeLedgerRows(admin: Sql, days: number): Promise<LedgerRows> {
  const professionalId = randomUUID()
  const rebuild = await dropIndexes(admin, 'charges')
  await admin.begin(async (tx) => {
    await tx`set local session_replication_role = 'replica'`
    await tx`insert into professionals values (${professionalId}, '10000000004', 'bench', 'MARTIN', 'Alix', now(), now())`
    await writePast(tx, days)
    await writeOpenDays(tx, professionalId)
    // All months before the one that is to be closed are.
    await tx`insert into billing_months select p.id, m::date, now(), now()
      from pharmacies p, generate_series('2025-01-01'::timestamp, '2026-09-01'::timestamp, interval '1 month') m`
  })
  await rebuild()
  for (const table of ['charges', 'ledger_days', 'ledger_movements', 'screenings', 'declarations', 'receipts', 'billing_months'])
    await admin.unsafe(`vacuum (analyze) ${table}`)
  await admin.unsafe('checkpoint')
  const [charged] = await admin<{ count: number }[]>`select count(*)::int as count from charges`
  return { professionalId, charges: charged?.count ?? 0 }
}

/** Keys and indexes cost least when they are built over all rows at once; they come back just as the migrations wrote them. */
async function dropIndexes(admin: Sql, table: string): Promise<() => Promise<void>> {
  const constraints = await admin<{ owner: string; name: string; definition: string }[]>`
    select conrelid::regclass::text as owner, conname as name, pg_get_constraintdef(oid) as definition from pg_constraint
    where conrelid = ${table}::regclass and contype = 'p' or confrelid = ${table}::regclass order by contype desc`
  const indexes = await admin<{ name: string; definition: string }[]>`
    select indexname as name, indexdef as definition from pg_indexes
    where tablename = ${table} and indexname not in (select conname from pg_constraint)`
  for (const { owner, name } of constraints.toReversed()) await admin.unsafe(`alter table ${owner} drop constraint ${name}`)
  for (const { name } of indexes) await admin.unsafe(`drop index ${name}`)
  return async () => {
    await admin.unsafe(`set maintenance_work_mem = '1GB'`)
    for (const { definition } of indexes) await admin.unsafe(definition)
    for (const { owner, name, definition } of constraints)
      await admin.unsafe(`alter table ${owner} add constraint ${name} ${definition}`)
  }
}

/** In the order of time, as they would have come: a month of one pharmacy lies scattered over the table. */
async function writePast(tx: TransactionSql, days: number): Promise<void> {
  await tx`insert into charges (screening_id, kind, pharmacy_id, declaration_id, destination, charged_at, amount_cents, currency, tariff_id, demonstration)
    select gen_random_uuid(), 'charge', p.id, '00000000-0000-4000-8000-000000000000', 'sidep',
      (day at time zone 'Europe/Paris') + n * interval '7 minutes' + interval '7 hours', 100, 'EUR', 'standard', false
    from generate_series(${lastDay}::timestamp - (${days} - 1) * interval '1 day', ${lastDay}::timestamp - interval '2 days', interval '1 day') day,
      generate_series(1, ${testsPerDay}::int) n, pharmacies p`
  for (const destination of destinations) {
    const billed = destination === 'sidep' ? testsPerDay : 0
    await tx`insert into ledger_days (pharmacy_id, day, destination, captured, accepted, received, cancelled, carried, receipts, first_accepted,
        first_receipts, billed, charged, differing)
      select p.id, day::date, ${destination}, ${testsPerDay + 1}, ${testsPerDay}, 0, 0, 1, ${testsPerDay}, ${testsPerDay}, ${testsPerDay},
        ${billed}, ${billed}, 0
      from pharmacies p, generate_series(${lastDay}::timestamp - (${days} - 1) * interval '1 day', ${lastDay}::timestamp - interval '2 days', interval '1 day') day`
  }
  await tx`insert into ledger_movements select pharmacy_id, day, destination, day + 1, 1, 0, 0, 1, 1, 1, least(billed, 1), least(charged, 1), 0 from ledger_days`
  await tx`insert into ledger_closes select id, ${lastDay}::date - 2 from pharmacies`
}

/** Two days from the rows themselves: everything of yesterday is acknowledged, of today every fifth still waits. */
async function writeOpenDays(tx: TransactionSql, professionalId: string): Promise<void> {
  await tx`insert into screenings (version_id, screening_id, pharmacy_id, version, status, key_ref, patient, act, drafted_by, signed_by, signed_role,
      captured_at, signed_at, declared_to)
    select gen_random_uuid(), gen_random_uuid(), p.id, 1, 'signed', gen_random_uuid(), repeat('x', 600)::bytea, repeat('y', 300)::bytea,
      ${professionalId}, ${professionalId}, 'titular', at, at, ${[...destinations]}::text[]
    from pharmacies p, generate_series(0, 1) ago, generate_series(1, ${testsPerDay}::int) n,
      lateral (select ((${lastDay}::timestamp - ago * interval '1 day') at time zone 'Europe/Paris') + interval '8 hours' + n * interval '3 minutes' as at) t`
  await tx`insert into declarations (id, pharmacy_id, screening_id, version_id, version, destination, kind, state, control_id, settled_at)
    select gen_random_uuid(), s.pharmacy_id, s.screening_id, s.version_id, 1, destination, 'original',
      case when waits then 'queued' else 'accepted' end, upper(substr(replace(gen_random_uuid()::text, '-', ''), 1, 20)), case when waits then null else now() end
    from screenings s cross join unnest(s.declared_to) as destination,
      lateral (select s.signed_at >= (${lastDay}::timestamp at time zone 'Europe/Paris') and get_byte(uuid_send(s.screening_id), 0) % 5 = 0 as waits) w`
  await tx`insert into receipts (declaration_id, pharmacy_id, destination, control_id, answer_sha256, received_at, billed)
    select id, pharmacy_id, destination, control_id, repeat('ab', 32), now(), destination = 'sidep' from declarations where state = 'accepted'`
  await tx`insert into charges (screening_id, kind, pharmacy_id, declaration_id, destination, charged_at, amount_cents, currency, tariff_id, demonstration)
    select d.screening_id, 'charge', d.pharmacy_id, d.id, d.destination, s.signed_at, 100, 'EUR', 'standard', false
    from declarations d join screenings s on s.version_id = d.version_id where d.state = 'accepted' and d.destination = 'sidep'`
}
