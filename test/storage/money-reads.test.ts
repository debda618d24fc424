/** What the pages of money and the month's close read of one pharmacy, counted in blocks: as much beside eight hundred days of past as beside forty. */
import { PgDialect } from 'drizzle-orm/pg-core'
import type postgres from 'postgres'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { sumCharges } from '../../src/storage/charges.ts'
import type { Tx } from '../../src/storage/database.ts'
import { readLedger } from '../../src/storage/ledger.ts'
import { findFirstSigningDay } from '../../src/storage/screenings.ts'
import { countProven, listBilledDays, listUnbilledBefore } from '../../src/storage/statements.ts'
import { connect, createTestDatabases, type TestDatabases } from '../support/database.ts'

const young = '00000000-0000-4000-8000-000000000040'
const old = '00000000-0000-4000-8000-000000000800'
const pastDays = { [young]: 40, [old]: 800 } as const
const testsPerDay = 20
/** The pages stand on the evening of this day; the close is that of the month before. */
const today = '2026-11-04'
const month = '2026-10'

let databases: TestDatabases
let app: postgres.Sql

beforeAll(async () => {
  databases = await createTestDatabases(inject('postgresSuperUrl'))
  const sql = connect(databases.superUrl)
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = 'replica'`
    for (const [index, [pharmacyId, days]] of Object.entries(pastDays).entries())
      await writePast(tx, { pharmacyId, days, finess: String(750_000_001 + index) })
  })
  for (const table of ['screenings', 'declarations', 'receipts', 'charges', 'ledger_days'])
    await sql.unsafe(`vacuum (analyze) ${table}`)
  await sql.end()
  app = connect(databases.appUrl)
}, 60_000)
afterAll(async () => {
  await app?.end()
  await databases.drop()
})

/** All days signed, accepted and charged; all but the last two closed, all months but the last two billed. Past triggers and keys: professionals have no row. */
async function writePast(tx: postgres.TransactionSql, past: { pharmacyId: string; days: number; finess: string }): Promise<void> {
  const { pharmacyId, days, finess } = past
  await tx`insert into pharmacies (id, finess, name, created_at) values (${pharmacyId}, ${finess}, 'Pharmacie du Passé', now())`
  await tx`insert into screenings (version_id, screening_id, pharmacy_id, version, status, key_ref, patient, act, drafted_by, signed_by, signed_role,
      captured_at, signed_at, declared_to)
    select gen_random_uuid(), gen_random_uuid(), ${pharmacyId}, 1, 'signed', gen_random_uuid(), repeat('x', 600)::bytea, repeat('y', 300)::bytea,
      gen_random_uuid(), gen_random_uuid(), 'titular', at, at, '{sidep}'
    from generate_series(0, ${days}::int - 1) ago, generate_series(1, ${testsPerDay}::int) n,
      lateral (select (${today}::timestamp - ago * interval '1 day' + interval '8 hours' + n * interval '3 minutes') at time zone 'Europe/Paris' as at) t
    order by at`
  await tx`insert into declarations (id, pharmacy_id, screening_id, version_id, version, destination, kind, state, control_id, settled_at)
    select gen_random_uuid(), pharmacy_id, screening_id, version_id, 1, 'sidep', 'original', 'accepted',
      upper(substr(replace(version_id::text, '-', ''), 1, 20)), signed_at from screenings where pharmacy_id = ${pharmacyId}`
  await tx`insert into receipts (declaration_id, pharmacy_id, destination, control_id, answer_sha256, received_at, billed)
    select id, pharmacy_id, destination, control_id, repeat('ab', 32), settled_at, true from declarations where pharmacy_id = ${pharmacyId}`
  await tx`insert into charges (screening_id, kind, pharmacy_id, declaration_id, destination, charged_at, amount_cents, currency, tariff_id, demonstration)
    select screening_id, 'charge', pharmacy_id, id, destination, settled_at, 100, 'EUR', 'standard', false
    from declarations where pharmacy_id = ${pharmacyId}`
  await tx`insert into ledger_days (pharmacy_id, day, destination, captured, accepted, received, cancelled, carried, receipts, first_accepted,
      first_receipts, billed, charged, differing)
    select pharmacy_id, charged_on, 'sidep', count(*), count(*), 0, 0, 0, count(*), count(*), count(*), count(*), count(*), 0
    from charges where pharmacy_id = ${pharmacyId} and charged_on < ${today}::date - 1 group by pharmacy_id, charged_on`
  await tx`insert into ledger_closes (pharmacy_id, closed_through) values (${pharmacyId}, ${today}::date - 2)`
  await tx`insert into billing_months (pharmacy_id, month, frozen_at, completed_at)
    select ${pharmacyId}, m::date, now(), now() from generate_series('2024-01-01'::timestamp, '2026-09-01'::timestamp, interval '1 month') m`
}

type Run = (tx: Tx, pharmacyId: string) => Promise<unknown>
type Scope = 'pharmacy' | 'worker'

/**
 * Runs a query function against a transaction that only notes its statement, and that statement with its blocks counted: as planned
 * for the values at hand, or, as it is kept after a few runs, for any values.
 */
async function blocksRead(run: Run, given: { pharmacyId: string; scope: Scope; generic: boolean }): Promise<number> {
  const { pharmacyId, scope, generic } = given
  const noted: { sql: string; params: unknown[] }[] = []
  const noting = {
    execute: async (statement: Parameters<PgDialect['sqlToQuery']>[0]) => {
      noted.push(new PgDialect().sqlToQuery(statement))
      return []
    },
  }
  await run(noting as unknown as Tx, pharmacyId)
  const [statement] = noted
  if (!statement) throw new Error('no statement was run')
  const literals = statement.params.map((param) => `'${String(param).replaceAll("'", "''")}'`)
  return app.begin(async (tx) => {
    if (scope === 'worker') await tx`select set_config('passerelle.scope', 'worker', true)`
    else await tx`select set_config('passerelle.pharmacy_id', ${pharmacyId}, true)`
    await tx.unsafe(`set local plan_cache_mode = ${generic ? 'force_generic_plan' : 'force_custom_plan'}`)
    await tx.unsafe(`prepare counted as ${statement.sql}`).simple()
    const call = `execute counted${literals.length > 0 ? `(${literals.join(', ')})` : ''}`
    const [row] = await tx.unsafe(`explain (analyze, buffers, timing off, format json) ${call}`).simple()
    await tx.unsafe('deallocate counted')
    const [explained] = (row as unknown as { 'QUERY PLAN': { Plan: Record<string, number> }[] })['QUERY PLAN']
    return (explained?.Plan['Shared Hit Blocks'] ?? 0) + (explained?.Plan['Shared Read Blocks'] ?? 0)
  })
}

const reads: readonly { name: string; scopes: readonly Scope[]; run: Run }[] = [
  {
    name: 'the page of the ledger',
    scopes: ['pharmacy', 'worker'],
    run: (tx, pharmacyId) => readLedger(tx, { pharmacyId, from: '2026-10-04', to: today }),
  },
  {
    name: 'a month of the ledger that is closed',
    scopes: ['pharmacy'],
    run: (tx, pharmacyId) => readLedger(tx, { pharmacyId, from: '2026-10-01', to: '2026-10-31' }),
  },
  {
    name: 'the day of the first signature',
    scopes: ['pharmacy'],
    run: (tx, pharmacyId) => findFirstSigningDay(tx, pharmacyId),
  },
  {
    name: 'what the month comes to so far',
    scopes: ['pharmacy'],
    run: (tx, pharmacyId) => sumCharges(tx, { pharmacyId, firstDay: '2026-11-01', lastDay: '2026-11-30' }),
  },
  {
    name: 'what a month bills',
    scopes: ['pharmacy', 'worker'],
    run: (tx, pharmacyId) => listBilledDays(tx, { month, pharmacyIds: [pharmacyId] }),
  },
  {
    name: 'months that should have been billed before',
    scopes: ['worker'],
    run: (tx, pharmacyId) => listUnbilledBefore(tx, { month, pharmacyId }),
  },
  {
    name: 'the receipts behind a statement',
    scopes: ['worker'],
    run: (tx, pharmacyId) => countProven(tx, { month, pharmacyId }),
  },
]

/** Trees of indexes are a level higher, and where rows lie differs a little. */
const tolerated = 1.6
const someBlocks = 12

test.each(reads.flatMap((read) => read.scopes.flatMap((scope) => [false, true].map((generic) => ({ ...read, scope, generic })))))(
  'reads no more of the past for $name, as $scope, kept plan: $generic',
  async ({ run, scope, generic }) => {
    const [fresh, aged] = [
      await blocksRead(run, { pharmacyId: young, scope, generic }),
      await blocksRead(run, { pharmacyId: old, scope, generic }),
    ]
    expect(fresh).toBeGreaterThan(0)
    expect(aged).toBeLessThanOrEqual(fresh * tolerated + someBlocks)
  },
)

test('a month of the ledger long past costs no more than the last days', async () => {
  const ofDays = (from: string, to: string) =>
    blocksRead((tx, pharmacyId) => readLedger(tx, { pharmacyId, from, to }), {
      pharmacyId: old,
      scope: 'pharmacy',
      generic: true,
    })
  expect(await ofDays('2025-01-01', '2025-01-31')).toBeLessThanOrEqual(await ofDays('2026-10-04', today))
})

test.each([
  ['what it bills', (wanted, tx, pharmacyId) => listBilledDays(tx, { month: wanted, pharmacyIds: [pharmacyId] })],
  ['the receipts behind its statement', (wanted, tx, pharmacyId) => countProven(tx, { month: wanted, pharmacyId })],
] satisfies [string, (wanted: string, ...given: Parameters<Run>) => Promise<unknown>][])(
  'reads of a month long past its own charges alone, none that came after: %s',
  async (_name, read) => {
    const ofMonth = (wanted: string) =>
      blocksRead((tx, pharmacyId) => read(wanted, tx, pharmacyId), { pharmacyId: old, scope: 'worker', generic: false })
    expect(await ofMonth('2025-01')).toBeLessThanOrEqual((await ofMonth(month)) * tolerated + someBlocks)
  },
)
