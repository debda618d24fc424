/** Benchmark of the ledger page: what one pharmacy's page reads, beside everybody's past. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getLedger } from '../../src/actions/get-ledger.ts'
import type { Professional } from '../../src/domain/actor.ts'
import type { Rpps } from '../../src/domain/rpps.ts'
import { openDatabase } from '../../src/storage/database.ts'
import { buildTemplates, connect, createTestDatabases } from '../support/database.ts'
import { startPostgresServer } from '../support/postgres-server.ts'
import type { Bench, BenchResult } from './bench.ts'
import { type LedgerWorld, writeLedgerWorld } from './ledger-world.ts'

/** More for the whole promise: BENCH_PHARMACIES=1000 BENCH_DAYS=400 makes thirty million charges. */
const pharmacies = Number(process.env['BENCH_PHARMACIES'] ?? 100)
const days = Number(process.env['BENCH_DAYS'] ?? 100)
const testsPerDay = 75
const lastDay = '2026-11-04'
const pagesRead = 400
const promiseMs = 50

export const benches: readonly Bench[] = [{ name: 'ledger', run: async () => ({ results: await benchLedger() }) }]

async function benchLedger(): Promise<readonly BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-bench-'))
  const server = await startPostgresServer({ folder })
  try {
    await buildTemplates(server.superUrl('postgres'))
    const databases = await createTestDatabases(server.superUrl('postgres'))
    const admin = connect(databases.superUrl)
    const database = openDatabase(databases.appUrl)
    try {
      console.error(`writing ${pharmacies * days * testsPerDay} charges…`)
      const world = await writeLedgerWorld(admin, { pharmacies, days, testsPerDay, lastDay })
      return await readPages(database, world)
    } finally {
      await database.close()
      await admin.end()
    }
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function readPages(database: ReturnType<typeof openDatabase>, world: LedgerWorld): Promise<readonly BenchResult[]> {
  const now = new Date(`${lastDay}T18:00:00Z`)
  const read = getLedger({ database, clock: { now: () => now }, findDestination: () => null })
  const took: number[] = []
  for (let index = 0; index < pagesRead; index++) {
    const pharmacyId = world.pharmacyIds[index % world.pharmacyIds.length] ?? ''
    const started = performance.now()
    const ledger = await read(personAt(pharmacyId, world.professionalId), { requestId: randomUUID(), clientAddress: '192.0.2.7' })
    took.push(performance.now() - started)
    // Closed days are written here as they stand after one late movement: carried one, moved one.
    if (ledger.days.length !== 32 || !ledger.total.balanced) throw new Error('the generated ledger does not balance')
  }
  const sorted = took.toSorted((a, b) => a - b)
  const p95 = sorted[Math.ceil(0.95 * sorted.length) - 1] ?? 0
  const size = `${world.pharmacyIds.length} pharmacies, ${world.charges} charges`
  return [
    {
      name: `ledger page of one pharmacy, p95, beside ${size}`,
      value: p95,
      unit: 'ms',
      ratio: p95 / promiseMs,
      against: `${promiseMs} ms`,
    },
    { name: 'ledger page of one pharmacy, median', value: sorted[Math.floor(sorted.length / 2)] ?? 0, unit: 'ms' },
  ]
}

function personAt(pharmacyId: string, professionalId: string): Professional {
  return {
    kind: 'professional',
    professionalId,
    rpps: '10000000004' as Rpps,
    familyName: 'MARTIN',
    givenName: 'Alix',
    role: 'titular',
    pharmacyId,
    sessionId: randomUUID(),
  }
}
