/** Runs plain numbered SQL files under one lock; refuses what was edited, what is missing, and a database newer than the code. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Sql } from 'postgres'
import { assert } from '../base/assert.ts'
import { isConnectionLost } from './guarded-client.ts'

export type MigrationFile = { readonly version: number; readonly name: string; readonly sha256: string; readonly sql: string }
export type AppliedMigration = { readonly version: number; readonly name: string; readonly sha256: string }

export const migrationProblemCodes = [
  'bad-file-name',
  'gap-in-numbers',
  'edited',
  'missing',
  'database-newer',
  'failed',
  'lock-not-got',
] as const
export type MigrationProblemCode = (typeof migrationProblemCodes)[number]

export class MigrationError extends Error {
  override readonly name = 'MigrationError'
  readonly code: MigrationProblemCode

  constructor(code: MigrationProblemCode, detail: string, options?: { cause?: unknown }) {
    super(`${code}: ${detail}`, options)
    this.code = code
  }
}

/** Where the files of this release lie. */
export const migrationFolders = {
  main: new URL('../../migrations/', import.meta.url).pathname,
  keystore: new URL('../../migrations/keystore/', import.meta.url).pathname,
}

/** Any number that only we use: the advisory lock that one migrating process holds. */
const lockKey = 7_277_347_235
const lockWaitMs = 60_000
const filesMax = 10_000
/** Statements give up soon on a lock that live traffic holds; the whole file is tried again this often. */
const lockTimeout = '2s'
/** A backend whose process was killed notices after this, and lets go of the locks that it holds. */
const deadClientCheck = '1s'
const triesMax = 15
const retryableCodes = new Set(['55P03', '40P01', '40001'])

/** Reads `0001_name.sql`, `0002_…`; numbers must run without a gap. */
export async function readMigrations(folder: string): Promise<readonly MigrationFile[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql') && name !== 'schema.sql').sort()
  assert(names.length <= filesMax, 'too many migration files')
  const files: MigrationFile[] = []
  for (const name of names) {
    const match = /^(\d{4})_[a-z0-9-]+\.sql$/.exec(name)
    if (!match) throw new MigrationError('bad-file-name', name)
    if (Number(match[1]) !== files.length + 1)
      throw new MigrationError('gap-in-numbers', `${name} where ${files.length + 1} was expected`)
    const sql = (await readFile(join(folder, name), 'utf8')).replaceAll('\r\n', '\n')
    files.push({ version: files.length + 1, name, sha256: createHash('sha256').update(sql).digest('hex'), sql })
  }
  // A release without its files would call an empty database up to date.
  if (files.length === 0) throw new MigrationError('missing', `no migration file in ${folder}`)
  return files
}

/** The files that `applied`, in order of version, still lacks; throws `MigrationError` where the two disagree. Pure. */
export function planMigrations(files: readonly MigrationFile[], applied: readonly AppliedMigration[]): readonly MigrationFile[] {
  for (const [index, done] of applied.entries()) {
    // A record that was taken out would have its file, or another, run a second time.
    if (done.version !== index + 1)
      throw new MigrationError('gap-in-numbers', `the database has ${done.name} where ${index + 1} was expected`)
    const file = files[index]
    if (!file)
      throw new MigrationError('database-newer', `the database has ${done.name}; this release knows ${files.length} files`)
    if (file.name !== done.name) throw new MigrationError('missing', `${done.name} (found ${file.name})`)
    if (file.sha256 !== done.sha256) throw new MigrationError('edited', file.name)
  }
  return files.slice(applied.length)
}

/** `0015_contract-0012-drop-act.sql` takes away what releases that know at least the files up to 0012 do not read any more. */
const contractPattern = /^\d{4}_contract-(\d{4})-/

/**
 * What a release that serves still lacks. Unlike `planMigrations` it bears a newer database, so that the release before runs on
 * during an upgrade and can be gone back to: newer files only expand, or say in their name down to which release they contract
 * (migrations/README.md). Throws `MigrationError` where database and release do not belong together. Pure.
 */
export function lackingMigrations(
  files: readonly MigrationFile[],
  applied: readonly AppliedMigration[],
): readonly MigrationFile[] {
  const contracted = applied.slice(files.length).find(({ name }) => Number(contractPattern.exec(name)?.[1] ?? 0) > files.length)
  if (contracted)
    throw new MigrationError('database-newer', `${contracted.name} took away what this release of ${files.length} files reads`)
  return planMigrations(files, applied.slice(0, files.length))
}

export type MigrationReport = { readonly applied: readonly string[]; readonly version: number }

/**
 * Brings a database to the newest file, one transaction a file, so that a crash leaves whole files only and the next run
 * goes on. Many processes may call it at once: one works, the others wait and find nothing left to do.
 */
export async function migrate(
  owner: Sql,
  folder: string,
  options: { readonly now: () => Date; readonly wait: (ms: number) => Promise<void> },
): Promise<MigrationReport> {
  const files = await readMigrations(folder)
  const connection = await owner.reserve()
  let lost = false
  try {
    await takeLock(connection, options.wait)
    await connection`create table if not exists schema_migrations (
      version integer primary key, name text not null, sha256 text not null, applied_at timestamptz not null)`
    const pending = planMigrations(files, await listApplied(connection))
    for (const file of pending) await runFile(connection, file, options)
    return { applied: pending.map((file) => file.name), version: files.length }
  } catch (cause) {
    lost = isConnectionLost(cause)
    throw cause
  } finally {
    // With the connection the server gave back the lock; the driver must not be asked to write on it (see guarded-client.ts).
    if (!lost) {
      await connection`select pg_advisory_unlock(${lockKey})`
      connection.release()
    }
  }
}

/** What has been applied, for `migrate --status` and for the check at start. */
export async function listApplied(sql: Pick<Sql, 'unsafe'>): Promise<readonly AppliedMigration[]> {
  const [found] = await sql.unsafe<{ found: boolean }[]>(`select to_regclass('schema_migrations') is not null as found`)
  if (!found?.found) return []
  return sql.unsafe<AppliedMigration[]>(`select version, name, sha256 from schema_migrations order by version limit ${filesMax}`)
}

async function takeLock(connection: Sql, wait: (ms: number) => Promise<void>): Promise<void> {
  const stepMs = 100
  for (let waited = 0; waited <= lockWaitMs; waited += stepMs) {
    const [row] = await connection<{ got: boolean }[]>`select pg_try_advisory_lock(${lockKey}) as got`
    if (row?.got) return
    await wait(stepMs)
  }
  throw new MigrationError('lock-not-got', `another process has been migrating for ${lockWaitMs / 1000} s`)
}

async function runFile(
  connection: Sql,
  file: MigrationFile,
  options: { now: () => Date; wait: (ms: number) => Promise<void> },
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await connection.unsafe(
        `begin; set local lock_timeout = '${lockTimeout}'; set local client_connection_check_interval = '${deadClientCheck}'`,
      )
      await connection.unsafe(file.sql)
      await connection`insert into schema_migrations (version, name, sha256, applied_at)
        values (${file.version}, ${file.name}, ${file.sha256}, ${options.now().toISOString()})`
      // If we die on the next line the file is wholly applied or wholly not: its rows and its record commit together.
      await connection.unsafe('commit')
      return
    } catch (cause) {
      if (!isConnectionLost(cause)) await connection.unsafe('rollback')
      const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : ''
      if (!retryableCodes.has(code) || attempt >= triesMax) throw new MigrationError('failed', file.name, { cause })
      await options.wait(200 * attempt)
    }
  }
}
