/** The files of the migrator: how they are named and numbered, and which of them a database still lacks. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { lackingMigrations, MigrationError, planMigrations, readMigrations } from '../../src/storage/migrator.ts'
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

describe('a release that serves', () => {
  const fileOf = (name: string) => ({ version: Number(name.slice(0, 4)), name, sha256: name, sql: '' })
  const files = ['0001_a.sql', '0002_b.sql'].map(fileOf)

  test('runs on under the files of a newer one, which only expand', () => {
    expect(lackingMigrations(files, [...files, fileOf('0003_c.sql')])).toEqual([])
    expect(lackingMigrations(files, files.slice(0, 1))).toEqual(files.slice(1))
  })

  test('runs on under a newer one’s contraction down to itself, and stops under one that took away what it reads', () => {
    expect(lackingMigrations(files, [...files, fileOf('0003_contract-0002-drop.sql')])).toEqual([])
    expect(() => lackingMigrations(files, [...files, fileOf('0003_c.sql'), fileOf('0004_contract-0003-drop.sql')])).toThrow(
      'database-newer: 0004_contract-0003-drop.sql took away what this release of 2 files reads',
    )
  })

  test('is refused all the same where a file that it knows was edited', () => {
    const [first = fileOf('0001_a.sql'), second = fileOf('0002_b.sql')] = files
    expect(() => lackingMigrations(files, [first, { ...second, sha256: 'other' }, fileOf('0003_c.sql')])).toThrow(
      'edited: 0002_b.sql',
    )
  })
})
