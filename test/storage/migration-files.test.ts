/** The files of the migrator: how they are named and numbered, and which of them a database still lacks. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MigrationError, planMigrations, readMigrations } from '../../src/storage/migrator.ts'
import { migrationFolders } from '../support/database.ts'
import { createMigrationFolder } from './empty-database.ts'

let folder: ReturnType<typeof createMigrationFolder>
beforeEach(() => {
  folder = createMigrationFolder({ '0001_one.sql': '', '0002_two.sql': '', '0003_three.sql': '' })
})
afterEach(() => folder.remove())

describe('the folder', () => {
  const problem = (added: Record<string, string>) => {
    for (const [name, sql] of Object.entries(added)) folder.write(name, sql)
    return expect(readMigrations(folder.path)).rejects
  }

  test.for(['4_four.sql', '0004-four.sql', '0004_Four.sql', '0004_four.up.sql', '0004_.sql', '0004_four five.sql'])(
    'refuses a file named %j',
    (name) => problem({ [name]: '' }).toMatchObject({ code: 'bad-file-name' }),
  )

  test('refuses a gap in the numbers, and two files of one number', async () => {
    await problem({ '0005_five.sql': '' }).toMatchObject({ code: 'gap-in-numbers' })
    folder.remove('0005_five.sql')
    await problem({ '0003_again.sql': '' }).toMatchObject({ code: 'gap-in-numbers' })
  })

  test('passes over the dump of the schema and what is no SQL', async () => {
    folder.write('schema.sql', 'drop table one;')
    folder.write('README.md', '')
    expect(await readMigrations(folder.path)).toHaveLength(3)
  })

  test('ours end no transaction of their own: the migrator’s is the only one', async () => {
    for (const path of Object.values(migrationFolders))
      for (const { name, sql } of await readMigrations(path)) {
        const statements = sql.replaceAll(/--.*$/gm, '')
        expect([name, /\b(commit|rollback|savepoint|start transaction|concurrently)\b/i.exec(statements)?.[0]]).toEqual([
          name,
          undefined,
        ])
      }
  })
})

test('planning is pure: the same files and records always lack the same files', () => {
  const files = ['a', 'b', 'c'].map((name, index) => ({
    version: index + 1,
    name: `000${index + 1}_${name}.sql`,
    sha256: name,
    sql: '',
  }))
  expect(planMigrations(files, [])).toEqual(files)
  expect(planMigrations(files, files.slice(0, 2))).toEqual(files.slice(2))
  expect(planMigrations(files, files)).toEqual([])
  expect(() => planMigrations(files.slice(0, 2), files)).toThrow(MigrationError)
})
