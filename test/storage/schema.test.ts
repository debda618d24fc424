/** One schema, three descriptions: what the migrations make, the dump beside them, and the tables as drizzle sees them. */
import { readFileSync } from 'node:fs'
import { getTableColumns, getTableName, is, Table } from 'drizzle-orm'
import { getTableConfig, type PgColumn } from 'drizzle-orm/pg-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import * as schema from '../../src/storage/schema.ts'
import { connect, createTestDatabases, migrationFolders, type TestDatabases } from '../support/database.ts'
import { dumpSchema } from '../support/schema-dump.ts'
import { createEmptyDatabase } from './empty-database.ts'

let databases: TestDatabases
beforeAll(async () => {
  databases = await createTestDatabases(inject('postgresSuperUrl'))
})
afterAll(() => databases.drop())

describe.for([
  ['main database', 'main'],
  ['key store', 'keystore'],
] as const)('the schema of the %s', ([, which]) => {
  const committed = readFileSync(`${migrationFolders[which]}schema.sql`, 'utf8')

  test('is the one of schema.sql (if meant: node test/support/write-schema-dump.ts)', async () => {
    const sql = connect(which === 'main' ? databases.ownerUrl : databases.keystoreOwnerUrl)
    const dump = await dumpSchema(sql)
    await sql.end()
    expect(dump).toBe(committed)
  })

  test('is said whole by schema.sql: what that file makes has the same dump', async () => {
    const empty = await createEmptyDatabase(inject('postgresSuperUrl'))
    try {
      await empty.sql.unsafe(committed)
      expect(await dumpSchema(empty.sql)).toBe(committed)
    } finally {
      await empty.drop()
    }
  })
})

describe('the tables as drizzle sees them', () => {
  const tables = Object.values(schema).filter((value): value is Table & typeof value => is(value, Table))

  /** The migrator's own, and those that a single file reads and writes as SQL. */
  const beside = [
    'attempt_counts',
    'audit_sealing',
    'audit_segments',
    'backup_drills',
    'billing_months',
    'claimed_sets',
    'destination_controls',
    'late_charges',
    'ledger_carried',
    'ledger_closes',
    'ledger_days',
    'ledger_movements',
    'periodic_jobs',
    'reconciliation_differences',
    'reconciliations',
    'retry_batch_items',
    'retry_batches',
    'schema_migrations',
    'silence_alarms',
    'statement_files',
    'statement_seals',
    'statement_series',
    'statements',
  ]

  test('are the tables of the database, all but those that are plain SQL on purpose', async () => {
    const sql = connect(databases.ownerUrl)
    const rows = await sql<{ name: string }[]>`select relname as name from pg_class
      where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> all(${beside}) order by relname`
    await sql.end()
    expect(tables.map(getTableName).sort()).toEqual(rows.map((row) => row.name))
  })

  test.for(tables.map((table) => [getTableName(table), table] as const))(
    '%s has the same columns, types, nullability, defaults and key',
    async ([name, table]) => {
      const sql = connect(databases.ownerUrl)
      const rows = await sql<{ column: string; type: string; required: boolean; filled: boolean; key: boolean }[]>`
        select a.attname as column, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
          a.atthasdef or a.attidentity <> '' as filled,
          coalesce((select a.attnum = any(k.conkey) from pg_constraint k where k.conrelid = a.attrelid and k.contype = 'p'), false) as key
        from pg_attribute a where a.attrelid = ${name}::regclass and a.attnum > 0 and not a.attisdropped`
      await sql.end()
      const keys = primaryKeyOf(table)
      const seen = Object.values(getTableColumns(table) as Record<string, PgColumn>).map((column) => ({
        column: column.name,
        type: column.getSQLType().replace('bigserial', 'bigint'),
        required: column.notNull,
        filled: column.hasDefault || column.generatedIdentity !== undefined || column.generated !== undefined,
        key: column.primary || keys.includes(column.name),
      }))
      const byName = (a: { column: string }, b: { column: string }) => (a.column < b.column ? -1 : 1)
      expect(seen.sort(byName)).toEqual([...rows].sort(byName))
    },
  )
})

/** Columns of a primary key that several columns make, from the table's extra configuration. */
function primaryKeyOf(table: Table): readonly string[] {
  const { primaryKeys } = getTableConfig(table as never)
  return primaryKeys.flatMap((key) => key.columns.map((column) => column.name))
}
