/** Pharmacies with a past, for benches of money: a cluster of their own, thrown away, or kept so that thirty million rows are written once. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Sql } from 'postgres'
import type { Pharmacy } from '../../src/domain/pharmacy.ts'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import {
  buildTemplates,
  connect,
  createTestDatabases,
  type DatabaseUrls,
  migrateAt,
  migrationFolders,
  urlsOf,
} from '../support/database.ts'
import { startPostgresServer } from '../support/postgres-server.ts'
import { chargesIn, ensureRegister, type LedgerRows, type LedgerWorldSize, writeLedgerRows } from './ledger-rows.ts'

export type LedgerWorld = LedgerRows & {
  readonly database: Database
  readonly admin: Sql
  readonly register: ReadonlyMap<string, Pharmacy>
}

/** The promise is about 1 000 pharmacies and 400 days: `BENCH_PHARMACIES=1000 BENCH_DAYS=400` writes thirty million charges. */
export function sizeFromEnvironment(byDefault: LedgerWorldSize): LedgerWorldSize {
  const read = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise)
  return { pharmacies: read('BENCH_PHARMACIES', byDefault.pharmacies), days: read('BENCH_DAYS', byDefault.days) }
}

/** One statement of a month's close may count a month of thirty million on a busy machine. */
const statementTimeoutMs = 300_000

/** A cluster as durable as a real one: gone afterwards, or kept in the folder `BENCH_LEDGER_WORLD` and found there by the next run. */
export async function withLedgerWorld<Value>(size: LedgerWorldSize, run: (world: LedgerWorld) => Promise<Value>): Promise<Value> {
  const kept = process.env['BENCH_LEDGER_WORLD']
  const folder = kept ?? mkdtempSync(join(tmpdir(), 'passerelle-bench-'))
  if (kept) mkdirSync(kept, { recursive: true, mode: 0o755 })
  const server = await startPostgresServer({ folder, settings: ['max_wal_size=8GB'] })
  try {
    return await inWorld({ superUrl: server.superUrl('postgres'), note: join(folder, 'world.json') }, size, run)
  } finally {
    await server.stop()
    if (!kept) rmSync(folder, { recursive: true, force: true })
  }
}

/** What a world that is kept says of itself; written last, so a world that was cut off has none. */
type Note = {
  readonly size: LedgerWorldSize
  readonly names: { readonly main: string; readonly keystore: string }
  readonly rows: LedgerRows
}
type Place = { readonly superUrl: string; readonly note: string }

async function inWorld<Value>(place: Place, size: LedgerWorldSize, run: (world: LedgerWorld) => Promise<Value>): Promise<Value> {
  const note = existsSync(place.note) ? (JSON.parse(readFileSync(place.note, 'utf8')) as Note) : null
  if (note && (note.size.pharmacies !== size.pharmacies || note.size.days !== size.days))
    throw new Error(
      `${place.note} is a world of ${note.size.pharmacies} pharmacies and ${note.size.days} days: ask for that, or name another folder`,
    )
  const urls = note ? await reopened(place, note) : await fresh(place)
  const admin = connect(urls.superUrl)
  const database = openDatabase(urls.appUrl, { connectionsMax: 4, statementTimeoutMs })
  try {
    const register = await ensureRegister(database, size.pharmacies)
    const rows = note?.rows ?? (await written(admin, size))
    const names = { main: nameIn(urls.appUrl), keystore: nameIn(urls.keystoreAppUrl) }
    if (!note) writeFileSync(place.note, JSON.stringify({ size, names, rows } satisfies Note))
    return await run({ ...rows, database, admin, register })
  } finally {
    await database.close()
    await admin.end()
  }
}

async function fresh({ superUrl }: Place): Promise<DatabaseUrls> {
  await buildTemplates(superUrl)
  return createTestDatabases(superUrl)
}

/** Brought to today's schema: what is measured is what stands in the repository now. */
async function reopened({ superUrl }: Place, { names }: Note): Promise<DatabaseUrls> {
  const urls = urlsOf(superUrl, names)
  await migrateAt(urls.ownerUrl, migrationFolders.main)
  return urls
}

async function written(admin: Sql, size: LedgerWorldSize): Promise<LedgerRows> {
  console.error(`writing ${chargesIn(size)} charges…`)
  const started = performance.now()
  const rows = await writeLedgerRows(admin, size.days)
  console.error(`written in ${Math.round((performance.now() - started) / 1000)} s`)
  return rows
}

const nameIn = (url: string): string => new URL(url).pathname.slice(1)
