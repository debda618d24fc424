/** What a thief of the databases, their files, the configuration and the logs learns of the patients: nothing (F4). */
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync, gzipSync } from 'node:zlib'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runOnce } from '../demo/once.ts'
import { demoCaptures } from '../demo/patients.ts'
import type { Stack } from '../demo/stack.ts'
import { createDeepNeedleFinder, createNeedleFinder } from '../support/needles.ts'
import { traitsOf } from '../support/patient-traits.ts'
import { startTestStack } from '../support/stack.ts'

const count = 24
const captures = demoCaptures(count, '2026-01-01T00:00')
const traits = traitsOf(captures)
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
  const find = createDeepNeedleFinder([...traits, ...codes, ...resultWords])
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
  const find = createDeepNeedleFinder([...traits, ...codes])
  const found = files.flatMap((path) => find(readIfThere(path)).map((needle) => `${path}: ${needle}`))
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
  const guises = [
    Buffer.from(name),
    Buffer.from(Buffer.from(name).toReversed()),
    Buffer.from(name, 'utf16le'),
    Buffer.from(name, 'utf16le').swap16(),
    Buffer.from(Buffer.from(name).toString('hex')),
    ...['', 'a', 'ab'].map((before) => Buffer.from(Buffer.from(`${before}${name}zz`).toString('base64'))),
  ]
  const between = (planted: Buffer) => Buffer.concat([Buffer.from('xx'), planted, Buffer.from('yy')])
  for (const planted of guises) {
    expect(createNeedleFinder([name])(between(planted))).toEqual([name])
    const rows = Buffer.concat([randomBytes(9000), planted, randomBytes(9000)])
    for (const compressed of [
      gzipSync(rows),
      deflateSync(rows),
      gzipSync(gzipSync(rows)),
      gzipSync(rows).subarray(0, -4000),
      piecesOf(deflateSync(rows)),
      gzipSync(piecesOf(deflateSync(rows))),
    ])
      expect(createDeepNeedleFinder([name])(between(compressed))).toEqual([name])
  }
})

/** The server goes on, and replaces files of its caches meanwhile. */
function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return Buffer.alloc(0)
    throw cause
  }
}

/** As pg_dump's custom format writes a compressed table. */
function piecesOf(stream: Buffer): Buffer {
  const written: Buffer[] = []
  for (let from = 0; from <= stream.length; from += 4096) {
    const piece = stream.subarray(from, from + 4096)
    const length = Buffer.alloc(5)
    length.writeUInt32LE(piece.length, 1)
    written.push(length, piece)
  }
  return Buffer.concat([...written, Buffer.alloc(5)])
}
