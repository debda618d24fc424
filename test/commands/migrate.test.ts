/** `migrate`: says what it would do without doing it, for both databases. */
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { readMigrations } from '../../src/storage/migrator.ts'
import { createEmptyDatabase, type EmptyDatabase } from '../storage/empty-database.ts'
import { migrationFolders } from '../support/database.ts'

const main = resolve(import.meta.dirname, '../../src/main.ts')
let data: EmptyDatabase
let keys: EmptyDatabase
beforeEach(async () => {
  data = await createEmptyDatabase(inject('postgresSuperUrl'))
  keys = await createEmptyDatabase(inject('postgresSuperUrl'))
})
afterEach(async () => {
  await data.drop()
  await keys.drop()
})

async function migrate(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  const env = {
    PATH: process.env['PATH'],
    PASSERELLE_PROFILE: 'test',
    DATABASE_OWNER_URL: data.url,
    KEYSTORE_OWNER_URL: keys.url,
  }
  const child = spawn(process.execPath, [main, 'migrate', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number>((done) => child.once('exit', (code) => done(code ?? -1)))
  const [out, error, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, out, error }
}
const tables = async ({ others }: EmptyDatabase) => (await others`select 1 from pg_tables where schemaname = 'public'`).length

test('--status and --dry-run change nothing; migrate then does what they said', { timeout: 120_000 }, async () => {
  const files = await readMigrations(migrationFolders.main)
  const status = await migrate('--status')
  expect([status.code, status.error]).toEqual([0, ''])
  expect(status.out).toContain(`main database: 0 of ${files.length} files applied`)
  expect(status.out).toContain('  pending  0001_house.sql')
  const plan = await migrate('--dry-run')
  expect(plan.code).toBe(0)
  for (const { name, sql } of files) expect([name, plan.out.includes(sql.trimEnd())]).toEqual([name, true])
  expect(plan.out).toContain('-- key store: 0001_keys.sql')
  expect([await tables(data), await tables(keys)]).toEqual([0, 0])

  const done = await migrate()
  expect([done.code, done.error]).toEqual([0, ''])
  expect(done.out).toContain(`main database: applied ${files.map(({ name }) => name).join(', ')}`)
  const after = await migrate('--status')
  expect(after.out).toContain(`main database: ${files.length} of ${files.length} files applied`)
  expect(after.out).not.toContain('pending')
  expect((await migrate('--dry-run')).out).toContain(`-- main database: already at ${files.length}`)
})

test('a database that does not belong to the release is told by --status too, with exit code 1', {
  timeout: 120_000,
}, async () => {
  await migrate()
  await keys.sql`update schema_migrations set sha256 = 'other' where version = 1`
  for (const option of ['--status', '--dry-run']) {
    const refused = await migrate(option)
    expect([option, refused.code, refused.error.trim()]).toEqual([option, 1, 'edited: 0001_keys.sql'])
  }
})
