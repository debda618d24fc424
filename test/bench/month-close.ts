/** Benchmark of the month's close: a thousand pharmacies, four hundred days, seventy-five receipts a day; numbered, rendered, signed, stored. */
import { readFileSync } from 'node:fs'
import type { Sql } from 'postgres'
import { closeMonth } from '../../src/actions/statements/close-month.ts'
import type { StatementDeps } from '../../src/actions/statements/deps.ts'
import { generateSigningKeys, openSigner } from '../../src/crypto/signing.ts'
import { readStatementFonts } from '../../src/formats/statement/fonts.ts'
import { listBilledDays } from '../../src/storage/statements.ts'
import { sampleIssuer } from '../support/sample-statements.ts'
import type { Bench, BenchResult } from './bench-result.ts'
import { readPages } from './ledger.ts'
import { now } from './ledger-rows.ts'
import { type LedgerWorld, sizeFromEnvironment, withLedgerWorld } from './ledger-world.ts'

const month = '2026-10'
const promiseSeconds = 60

export const benches: readonly Bench[] = [
  {
    name: 'month-close',
    // The pages too: writing the promised thirty million once is enough.
    run: async () => ({
      results: await withLedgerWorld(sizeFromEnvironment({ pharmacies: 100, days: 400 }), async (world) => [
        ...(await readPages(world)),
        ...(await measureClose(world)),
      ]),
    }),
  },
]

export async function measureClose({ database, admin, register, charges }: LedgerWorld): Promise<readonly BenchResult[]> {
  const fonts = readStatementFonts((path) => readFileSync(path))
  const deps: StatementDeps = {
    ...{ database, clock: { now: () => now }, issuer: sampleIssuer, vatRateBasisPoints: 2000, demonstration: false },
    pricesOf: () => [{ tariffId: 'standard', amountCents: 100, from: null, until: null }],
    findPharmacy: (id) => register.get(id) ?? null,
    signer: openSigner(generateSigningKeys(now, 'bench')),
    fonts: async () => fonts,
  }
  const pharmacyIds = [...register.keys()]
  await forgetClose(admin)
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
      name: `month close of ${closed.value.issued.length} pharmacies, ${receipts} of ${charges} charges`,
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

/** A world that is kept was closed by the run before: what that wrote leaves it, past the triggers that keep statements as they are. */
async function forgetClose(admin: Sql): Promise<void> {
  await admin.begin(async (tx) => {
    await tx`set local session_replication_role = 'replica'`
    await tx`truncate statement_files, statement_seals, statements, statement_series, late_charges`
    await tx`delete from billing_months where month >= ${`${month}-01`}`
  })
  await admin.unsafe('vacuum (analyze) billing_months')
  await admin.unsafe('checkpoint')
}
