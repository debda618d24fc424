/** What a thief of the databases, their files, the configuration and the logs learns of the patients: nothing (F4). */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runOnce } from '../demo/once.ts'
import { demoCaptures } from '../demo/patients.ts'
import type { Stack } from '../demo/stack.ts'
import { createNeedleFinder } from '../support/needles.ts'
import { startTestStack } from '../support/stack.ts'

const count = 24
const captures = demoCaptures(count, '2026-01-01T00:00')
/** Names of fewer than five letters stand in any file by chance; their owners' other traits are looked for all the same. */
const traits = captures.flatMap(
  ({ birthName = '', birthFirstName = '', insMatricule, phone, email, addressLine, kitLot, comment }) =>
    [birthName, birthFirstName, insMatricule, phone, email, addressLine, kitLot, comment].filter(
      (text) => text !== undefined && text.length >= 5,
    ),
) as string[]
const codes = ['unsatisfactory-sample', '10828004', '260385009', '373068000', '125154007']
/** Words that PostgreSQL's own files hold too; in our rows they would be results. */
const resultWords = ['positive', 'negative', 'indeterminate']

let stack: Stack
let captured: number

beforeAll(async () => {
  stack = await startTestStack()
  captured = (await runOnce(stack, count)).captured
}, 120_000)

afterAll(() => stack?.close(), 60_000)

async function rowsAsStored(superUrl: string): Promise<{ table: string; bytes: Buffer }[]> {
  const sql = postgres(superUrl, { max: 1, onnotice: () => undefined })
  try {
    const tables = await sql<
      { name: string }[]
    >`select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`
    const dumped: { table: string; bytes: Buffer }[] = []
    for (const { name } of tables) {
      for (const row of await sql.unsafe(`select t.* from ${name} t`).values()) {
        const cells = row.map((value: unknown) =>
          value instanceof Uint8Array
            ? Buffer.from(value)
            : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value ?? null)),
        )
        dumped.push({ table: name, bytes: Buffer.concat(cells) })
      }
    }
    return dumped
  } finally {
    await sql.end()
  }
}

test('no row of any table of either database holds a name, a NIR, a contact or a result', async () => {
  const rows = [...(await rowsAsStored(stack.superUrl)), ...(await rowsAsStored(stack.postgres.superUrl('passerelle_keys')))]
  expect(captured).toBe(count)
  expect(rows.filter((row) => row.table === 'public.screenings')).toHaveLength(count)
  const find = createNeedleFinder([...traits, ...codes, ...resultWords])
  const found = rows.flatMap(({ table, bytes }) => find(bytes).map((needle) => `${table}: ${needle}`))
  expect(found).toEqual([])
})

test('no file of the cluster, its write-ahead log, the configuration or the logs does', async () => {
  const sql = postgres(stack.superUrl, { max: 1 })
  await sql`checkpoint`
  await sql.end()
  const folders = ['postgres', 'config', 'logs'].map((name) => join(stack.folder.path, name))
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile()),
  )
  expect(files.length).toBeGreaterThan(900)
  const find = createNeedleFinder([...traits, ...codes])
  const found = files.flatMap((path) => find(readFileSync(path)).map((needle) => `${path}: ${needle}`))
  expect(found).toEqual([])
})

test('the nation, though, has every name, first name, birth date and INS exactly as it was typed', () => {
  const line = (...parts: readonly (string | null | undefined)[]) => parts.map((part) => part ?? '-').join(' | ')
  const taken = stack.sidep.received().map(({ report, taken }) => {
    expect(taken).toBe(1)
    return line(report?.patient.name, report?.patient.firstName, report?.patient.birthDate, report?.patient.ins)
  })
  const typed = captures.map(({ birthName, birthFirstName, birthDate, insMatricule }) =>
    line(birthName, birthFirstName, birthDate?.replaceAll('-', ''), insMatricule),
  )
  expect(taken.toSorted()).toEqual(typed.toSorted())
})

test('the search itself finds what is there: the nation has the traits, and a planted text is found in every guise', () => {
  const journal = readFileSync(join(stack.folder.path, 'sidep-journal.jsonl'))
  expect(createNeedleFinder(['PAT-TROIS', '279035121518989'])(journal)).toEqual(['279035121518989', 'PAT-TROIS'])
  const name = 'QUÉMÉNEUR'
  for (const planted of [
    Buffer.from(name),
    Buffer.from(name, 'utf16le'),
    Buffer.from(name, 'utf16le').swap16(),
    Buffer.from(Buffer.from(name).toString('hex')),
    ...['', 'a', 'ab'].map((before) => Buffer.from(Buffer.from(`${before}${name}zz`).toString('base64'))),
  ])
    expect(createNeedleFinder([name])(Buffer.concat([Buffer.from('xx'), planted, Buffer.from('yy')]))).toEqual([name])
})
