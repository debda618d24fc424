/** The migrator: each file once, whole or not at all, whoever else runs it and whenever it is cut off. */
import { spawn } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { listApplied, MigrationError, migrate, readMigrations } from '../../src/storage/migrator.ts'
import { connect } from '../support/database.ts'
import { until } from '../support/until.ts'
import { createEmptyDatabase, createMigrationFolder, type EmptyDatabase, migrateWith } from './empty-database.ts'

const one = 'create table one (id integer primary key);\ninsert into one values (1);\n'
const two = 'create table two (id integer primary key);\n'
const three = 'alter table one add column name text;\n'
const all = { '0001_one.sql': one, '0002_two.sql': two, '0003_three.sql': three }

let database: EmptyDatabase
let folder: ReturnType<typeof createMigrationFolder>

beforeEach(async () => {
  database = await createEmptyDatabase(inject('postgresSuperUrl'))
  folder = createMigrationFolder(all)
})
afterEach(async () => {
  folder.remove()
  await database.drop()
})

const tables = async () => {
  const rows = await database.others<{ name: string }[]>`
    select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by relname`
  return rows.map((row) => row.name)
}
const versions = async () => (await listApplied(database.others)).map((done) => done.version)

describe('a database that agrees with the files', () => {
  test('a fresh one gets every file once, in order, each with its name, checksum and time', async () => {
    expect(await listApplied(database.others)).toEqual([])
    expect(await migrateWith(database.sql, folder.path)).toEqual({ applied: Object.keys(all), version: 3 })
    expect(await tables()).toEqual(['one', 'schema_migrations', 'two'])
    const files = await readMigrations(folder.path)
    expect(await listApplied(database.others)).toEqual(files.map(({ version, name, sha256 }) => ({ version, name, sha256 })))
    const [row] = await database.others<{ at: Date }[]>`select applied_at as at from schema_migrations where version = 3`
    expect(row?.at).toEqual(new Date('2026-07-15T10:00:00Z'))
  })

  test('a second run does nothing', async () => {
    await migrateWith(database.sql, folder.path)
    expect(await migrateWith(database.sql, folder.path)).toEqual({ applied: [], version: 3 })
  })

  test('a new release adds its own files alone', async () => {
    await migrateWith(database.sql, folder.path)
    folder.write('0004_four.sql', 'create table four ();')
    expect(await migrateWith(database.sql, folder.path)).toEqual({ applied: ['0004_four.sql'], version: 4 })
  })

  test('a file checked out with CRLF is the same file', async () => {
    await migrateWith(database.sql, folder.path)
    folder.write('0001_one.sql', one.replaceAll('\n', '\r\n'))
    expect(await migrateWith(database.sql, folder.path)).toEqual({ applied: [], version: 3 })
  })

  test('ten processes that start at once run each file once, and all end well', async () => {
    folder.write('0001_one.sql', `${one}select pg_sleep(0.2);`)
    const pools = Array.from({ length: 10 }, () => connect(database.url))
    try {
      const reports = await Promise.all(pools.map((sql) => migrateWith(sql, folder.path)))
      expect(reports.map((report) => report.version)).toEqual(Array(10).fill(3))
      expect(reports.flatMap((report) => report.applied).sort()).toEqual(Object.keys(all))
      expect(await database.others`select count(*)::int as count from one`).toEqual([{ count: 1 }])
    } finally {
      await Promise.all(pools.map((sql) => sql.end()))
    }
  })

  test('the lock is given back, also after a failure', async () => {
    const locks = () => database.others`select 1 from pg_locks where locktype = 'advisory' and database =
      (select oid from pg_database where datname = current_database())`
    await migrateWith(database.sql, folder.path)
    expect(await locks()).toHaveLength(0)
    folder.write('0004_four.sql', 'no sql at all;')
    await expect(migrateWith(database.sql, folder.path)).rejects.toThrow(MigrationError)
    expect(await locks()).toHaveLength(0)
  })
})

describe('a database that does not agree is refused before anything is run', () => {
  const refused = async (code: string, detail: string) => {
    const before = await tables()
    await expect(migrateWith(database.sql, folder.path)).rejects.toMatchObject({ code, message: `${code}: ${detail}` })
    expect(await tables()).toEqual(before)
  }

  test('an edited file', async () => {
    await migrateWith(database.sql, folder.path)
    folder.write('0002_two.sql', `${two}-- a word more`)
    folder.write('0004_four.sql', 'create table four ();')
    await refused('edited', '0002_two.sql')
  })

  test('a file that is gone, with those behind it in its place', async () => {
    await migrateWith(database.sql, folder.path)
    folder.rename('0003_three.sql', '0003_other.sql', three)
    await refused('missing', '0003_three.sql (found 0003_other.sql)')
  })

  test('a database newer than the release', async () => {
    await migrateWith(database.sql, folder.path)
    folder.remove('0003_three.sql')
    await refused('database-newer', 'the database has 0003_three.sql; this release knows 2 files')
  })

  test('a record taken out of the database, so that no file is run twice', async () => {
    await migrateWith(database.sql, folder.path)
    await database.sql`delete from schema_migrations where version = 2`
    await refused('gap-in-numbers', 'the database has 0003_three.sql where 2 was expected')
  })

  test('a release without files, even where the database is empty', async () => {
    for (const name of Object.keys(all)) folder.remove(name)
    await refused('missing', `no migration file in ${folder.path}`)
  })
})

describe('a file that fails', () => {
  test('leaves nothing of itself, and the files before it in place', async () => {
    folder.write('0003_three.sql', 'create table half (id integer); insert into one values (2); insert into one values (1);')
    await expect(migrateWith(database.sql, folder.path)).rejects.toMatchObject({
      code: 'failed',
      message: 'failed: 0003_three.sql',
      cause: { code: '23505' },
    })
    expect(await tables()).toEqual(['one', 'schema_migrations', 'two'])
    expect(await versions()).toEqual([1, 2])
    expect(await database.others`select id from one`).toEqual([{ id: 1 }])
  })

  test('with an error of syntax leaves the database at the file before; mended, it runs', async () => {
    folder.write('0002_two.sql', `${two} creat table oops;`)
    await expect(migrateWith(database.sql, folder.path)).rejects.toMatchObject({ code: 'failed', cause: { code: '42601' } })
    expect(await versions()).toEqual([1])
    folder.write('0002_two.sql', two)
    expect(await migrateWith(database.sql, folder.path)).toEqual({ applied: ['0002_two.sql', '0003_three.sql'], version: 3 })
  })

  test('for a lock that live traffic holds is tried again until it gets it', async () => {
    folder.remove('0003_three.sql')
    await migrateWith(database.sql, folder.path)
    folder.write('0003_three.sql', three)
    const traffic = connect(database.url)
    const held = await traffic.reserve()
    await held`begin`
    await held`lock table one`
    const waits: number[] = []
    const report = migrate(database.sql, folder.path, {
      now: () => new Date(),
      wait: async (ms) => {
        waits.push(ms)
        await held`rollback`
      },
    })
    expect((await report).applied).toEqual(['0003_three.sql'])
    expect(waits).toEqual([200])
    held.release()
    await traffic.end()
  })

  test('for a lock that is never given ends after a bounded number of tries, as a failure', async () => {
    folder.write('0002_two.sql', `do $$ begin raise exception 'held' using errcode = '55P03'; end $$;`)
    const waits: number[] = []
    const never = migrate(database.sql, folder.path, { now: () => new Date(), wait: async (ms) => void waits.push(ms) })
    await expect(never).rejects.toMatchObject({ code: 'failed', cause: { code: '55P03' } })
    expect(waits).toHaveLength(14)
    expect(await versions()).toEqual([1])
  })

  test('because its connection is cut says so, and not that the rollback failed', async () => {
    folder.write('0002_two.sql', `${two} select pg_terminate_backend(pg_backend_pid());`)
    await expect(migrateWith(database.sql, folder.path)).rejects.toMatchObject({
      code: 'failed',
      message: 'failed: 0002_two.sql',
    })
    const fresh = connect(database.url)
    expect((await listApplied(fresh)).map((done) => done.version)).toEqual([1])
    expect(await fresh`select to_regclass('two') as two`).toEqual([{ two: null }])
    folder.write('0002_two.sql', two)
    expect((await migrateWith(fresh, folder.path)).applied).toEqual(['0002_two.sql', '0003_three.sql'])
    await fresh.end()
  })
})

describe('a process that waits or dies', () => {
  test('while another migrates gives up after a bound, having run nothing', async () => {
    const other = await database.sql.reserve()
    await other`select pg_advisory_lock(7277347235)`
    const waits: number[] = []
    const blocked = migrate(database.sql, folder.path, { now: () => new Date(), wait: async (ms) => void waits.push(ms) })
    await expect(blocked).rejects.toMatchObject({ code: 'lock-not-got' })
    expect(waits.reduce((sum, ms) => sum + ms)).toBeGreaterThanOrEqual(60_000)
    expect(await tables()).toEqual([])
    await other`select pg_advisory_unlock(7277347235)`
    other.release()
  })

  test('killed in the middle of a file leaves whole files only; the next run goes on, without waiting for the dead', async () => {
    folder.write('0002_two.sql', `${two} select pg_sleep(300);`)
    const child = spawn(process.execPath, [new URL('migrate-once.ts', import.meta.url).pathname, database.url, folder.path], {
      stdio: 'ignore',
    })
    const exited = new Promise((done) => child.once('exit', done))
    const sleeping = () => database.others`select pid from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and wait_event = 'PgSleep'`
    await until('the file is half run', async () => (await sleeping()).length === 1)
    child.kill('SIGKILL')
    await exited
    expect(await versions()).toEqual([1])
    await until('the server has noticed', async () => (await sleeping()).length === 0)
    expect(await tables()).toEqual(['one', 'schema_migrations'])

    folder.write('0002_two.sql', two)
    expect(await migrateWith(database.sql, folder.path)).toEqual({ applied: ['0002_two.sql', '0003_three.sql'], version: 3 })
  })
})
