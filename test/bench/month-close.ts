/** Benchmark of the month's close: a thousand pharmacies, four hundred days, seventy-five receipts a day; numbered, rendered, signed, stored. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Sql } from 'postgres'
import { closeMonth } from '../../src/actions/statements/close-month.ts'
import type { StatementDeps } from '../../src/actions/statements/deps.ts'
import { generateSigningKeys, openSigner } from '../../src/crypto/signing.ts'
import type { Finess } from '../../src/domain/finess.ts'
import { readStatementFonts } from '../../src/formats/statement/fonts.ts'
import { openDatabase } from '../../src/storage/database.ts'
import { ensurePharmacies } from '../../src/storage/pharmacies.ts'
import { listBilledDays } from '../../src/storage/statements.ts'
import { buildTemplates, connect, createTestDatabases } from '../support/database.ts'
import { startPostgresServer } from '../support/postgres-server.ts'
import { sampleIssuer } from '../support/sample-statements.ts'
import type { Bench, BenchResult } from './bench.ts'

/** Fewer for a quick look; the promise is about thirty million. */
const pharmacyCount = Number(process.env.BENCH_PHARMACIES ?? 1000)
const dayCount = Number(process.env.BENCH_DAYS ?? 400)
const testsPerDay = 75
const month = '2026-10'
const lastDay = '2026-11-04'
const promiseSeconds = 60

export const benches: readonly Bench[] = [{ name: 'month-close', run: async () => ({ results: await benchClose() }) }]

async function benchClose(): Promise<readonly BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-bench-'))
  const server = await startPostgresServer({ folder })
  try {
    await buildTemplates(server.superUrl('postgres'))
    const databases = await createTestDatabases(server.superUrl('postgres'))
    const database = openDatabase(databases.appUrl, { connectionsMax: 4, statementTimeoutMs: 300_000 })
    const admin = connect(databases.superUrl)
    try {
      const now = new Date(`${lastDay}T22:00:00Z`)
      const settings = Array.from({ length: pharmacyCount }, (_, index) => ({
        finess: String(750_000_000 + index) as Finess,
        name: `Pharmacie n° ${index + 1}`,
        ...{ addressLine: `${index + 1}, rue de l’Essai`, postalCode: '75007', city: 'Paris', phone: null },
      }))
      const register = new Map(
        (await database.forNobody((tx) => ensurePharmacies(tx, settings, now))).map((one) => [one.id, one]),
      )
      await writeCharges(admin)
      const fonts = readStatementFonts((path) => readFileSync(path))
      const deps: StatementDeps = {
        ...{ database, clock: { now: () => now }, issuer: sampleIssuer, vatRateBasisPoints: 2000, demonstration: false },
        findPharmacy: (id) => register.get(id) ?? null,
        signer: openSigner(generateSigningKeys(now, 'bench')),
        fonts: async () => fonts,
      }
      return await measure(deps, [...register.keys()], admin)
    } finally {
      await database.close()
      await admin.end()
    }
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Rows as the forwarder writes them, past triggers and keys of the other tables, which this bench does not fill; vacuumed, as a night would. */
async function writeCharges(admin: Sql): Promise<void> {
  console.error(`writing ${pharmacyCount * dayCount * testsPerDay} charges…`)
  await admin.unsafe('alter table charges drop constraint charges_pkey cascade; drop index charges_by_month')
  await admin.begin(async (tx) => {
    await tx`set local session_replication_role = 'replica'`
    await tx`set local synchronous_commit = off`
    await tx`insert into charges (screening_id, kind, pharmacy_id, declaration_id, destination, charged_at, amount_cents, currency, tariff_id, demonstration)
      select gen_random_uuid(), 'charge', p.id, '00000000-0000-4000-8000-000000000000', 'sidep',
        day + n * interval '7 minutes' + interval '7 hours', 100, 'EUR', 'standard', false
      from pharmacies p, generate_series(${lastDay}::timestamptz - (${dayCount} - 1) * interval '1 day', ${lastDay}::timestamptz, interval '1 day') day,
        generate_series(1, ${testsPerDay}::int) n`
    await tx`insert into billing_months select p.id, m::date, now(), now()
      from pharmacies p, generate_series('2025-01-01'::timestamp, '2026-09-01'::timestamp, interval '1 month') m`
  })
  await admin.unsafe(`set maintenance_work_mem = '1GB'`)
  await admin.unsafe(
    'create index charges_by_month on charges (pharmacy_id, charged_on) include (kind, amount_cents, tariff_id, demonstration)',
  )
  await admin.unsafe('vacuum (analyze) charges')
  console.error('closing…')
}

async function measure(deps: StatementDeps, pharmacyIds: readonly string[], admin: Sql): Promise<readonly BenchResult[]> {
  const countStarted = performance.now()
  await deps.database.forWorker((tx) => listBilledDays(tx, { month, pharmacyIds }))
  const countSeconds = (performance.now() - countStarted) / 1000
  const cpu = process.cpuUsage()
  const started = performance.now()
  const closed = await closeMonth(deps, { month, pharmacyId: null }, ({ step, done }) => console.error(`${done} ${step}`))
  const seconds = (performance.now() - started) / 1000
  const used = process.cpuUsage(cpu)
  if (!closed.ok) throw new Error(closed.problem.problem)
  const receipts = closed.value.issued.flatMap(({ lines }) => lines).reduce((sum, line) => sum + line.count, 0)
  const [charged] = await admin<
    { count: number }[]
  >`select count(*)::int as count from charges where charged_on >= '2026-10-01' and charged_on < '2026-11-01'`
  if (receipts !== charged?.count) throw new Error(`billed ${receipts} of ${charged?.count} charges`)
  return [
    {
      name: `month close of ${closed.value.issued.length} pharmacies, ${receipts} of ${pharmacyCount * dayCount * testsPerDay} charges`,
      value: seconds,
      unit: 's',
      ratio: seconds / promiseSeconds,
      against: `${promiseSeconds} s`,
    },
    { name: 'processor time of the closing process', value: (used.user + used.system) / 1_000_000, unit: 's' },
    {
      name: 'counting its charges alone',
      value: countSeconds,
      unit: 's',
      ratio: countSeconds / seconds,
      against: 'the whole close',
    },
    { name: 'statements sealed with their files', value: closed.value.sealed, unit: 'docs' },
  ]
}
