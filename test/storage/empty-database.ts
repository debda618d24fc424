/** Databases with nothing in them and folders of migration files, for the tests of the migrator itself. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Sql } from 'postgres'
import { migrate } from '../../src/storage/migrator.ts'
import { connect } from '../support/database.ts'

/** `others` looks on from connections of its own: it sees what has been committed, and nothing else. */
export type EmptyDatabase = { readonly url: string; readonly sql: Sql; readonly others: Sql; drop(): Promise<void> }

export async function createEmptyDatabase(superUrl: string): Promise<EmptyDatabase> {
  const name = `empty_${randomBytes(6).toString('hex')}`
  const admin = connect(superUrl)
  await admin.unsafe(`create database ${name}`)
  const url = new URL(superUrl)
  url.pathname = `/${name}`
  const sql = connect(url.href)
  const others = connect(url.href)
  return {
    url: url.href,
    sql,
    others,
    drop: async () => {
      await sql.end({ timeout: 1 })
      await others.end()
      await admin.unsafe(`drop database ${name} with (force)`)
      await admin.end()
    },
  }
}

/** A folder that holds these files; `write` adds or replaces one. */
export function createMigrationFolder(files: Readonly<Record<string, string>>) {
  const path = mkdtempSync(join(tmpdir(), 'passerelle-migrations-'))
  const write = (name: string, sql: string) => writeFileSync(join(path, name), sql)
  for (const [name, sql] of Object.entries(files)) write(name, sql)
  return {
    path,
    write,
    rename(from: string, to: string, sql: string) {
      rmSync(join(path, from))
      write(to, sql)
    },
    remove: (name?: string) => rmSync(name ? join(path, name) : path, { recursive: true, force: true }),
  }
}

export function migrateWith(sql: Sql, folder: string) {
  return migrate(sql, folder, { now: () => new Date('2026-07-15T10:00:00Z'), wait: (ms) => wait(ms) })
}
