import { randomBytes, randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Sql } from 'postgres'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { openColumn, sealColumn } from '../../src/crypto/envelope.ts'
import { eraseRecords } from '../../src/crypto/erasure.ts'
import { createJwksRootKeys, newRootKey } from '../../src/crypto/root-jwks.ts'
import type { Sealed } from '../../src/crypto/sealed.ts'
import { openKeyStore } from '../../src/storage/keystore.ts'
import { createKeyStoreAdmin } from '../../src/storage/keystore-admin.ts'
import { connect } from '../support/database.ts'
import { openRingWorld, pharmacyA, type RingWorld } from './ring-fixture.ts'

let world: RingWorld
beforeEach(async () => {
  world = await openRingWorld()
})
afterEach(() => world.close())

type Row = {
  readonly version_id: string
  readonly pharmacy_id: string
  readonly key_ref: string
  readonly patient: Uint8Array
  readonly act: Uint8Array
}
const canaries = () =>
  Array.from({ length: 3 }, (_, n) => ({
    birthName: `CANARI-${randomBytes(8).toString('hex').toUpperCase()}`,
    nir: `1 80 05 75 ${n} ${randomUUID()}`,
  }))
type Patient = ReturnType<typeof canaries>[number]

/** Stores sealed screenings in the real table, as the superuser would restore them. */
async function capture(patients: readonly Patient[]): Promise<void> {
  const sql = connect(world.databases.superUrl)
  const ring = world.ring()
  const professional = randomUUID()
  await sql`insert into pharmacies values (${pharmacyA}, '750000019', 'Officine', now())`
  await sql`insert into professionals values (${professional}, '10000000001', 's', 'X', 'Y', now(), now())`
  for (const patient of patients) {
    const key = await ring.takeRecordKey(pharmacyA)
    const rowId = randomUUID()
    const seal = (column: string, value: unknown) =>
      Buffer.from(sealColumn(key, { pharmacyId: pharmacyA, table: 'screenings', column, rowId }, value))
    await sql`insert into screenings (version_id, screening_id, pharmacy_id, version, status, key_ref, patient, act, drafted_by, captured_at)
      values (${rowId}, ${randomUUID()}, ${pharmacyA}, 1, 'draft', ${key.ref}, ${seal('patient', patient)}, ${seal('act', { result: patient.nir })}, ${professional}, now())`
  }
  await sql.end()
}

/** Everything that opens, in `sql`'s copy of the main database, beside the key store that `keystoreUrl` names. */
async function openAll(sql: Sql, keystoreUrl: string): Promise<readonly string[]> {
  const rows = await sql<Row[]>`select version_id, pharmacy_id, key_ref, patient, act from screenings`
  const store = openKeyStore(keystoreUrl)
  const ring = world.ring({ store })
  const keys = await ring.findRecordKeys(rows.map((row) => row.key_ref))
  const names = rows.flatMap((row) => {
    const key = keys.get(row.key_ref)
    if (!key) return []
    const cell = { pharmacyId: row.pharmacy_id, table: 'screenings', column: 'patient', rowId: row.version_id }
    return [openColumn(key, cell, row.patient as Sealed<Patient>).birthName]
  })
  await ring.close()
  await store.close()
  return names.sort()
}

const nameOf = (url: string) => new URL(url).pathname.slice(1)
const withName = (url: string, name: string) => Object.assign(new URL(url), { pathname: `/${name}` }).href

/** A whole copy of a database at this moment, as a physical backup is. */
async function backUp(url: string, copies: string[]): Promise<string> {
  const sql = connect(inject('postgresSuperUrl'))
  const copy = `backup_${randomBytes(6).toString('hex')}`
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${nameOf(url)}`
  await sql.unsafe(`create database ${copy} template ${nameOf(url)}`)
  await sql.end()
  copies.push(copy)
  return withName(url, copy)
}

async function dropCopies(copies: readonly string[]): Promise<void> {
  const sql = connect(inject('postgresSuperUrl'))
  for (const copy of copies) await sql.unsafe(`drop database ${copy} with (force)`)
  await sql.end()
}

describe('erasure against old backups', () => {
  test('a patient erased today does not open in last month’s main database, and everyone else does', {
    timeout: 120_000,
  }, async () => {
    const patients = canaries()
    await capture(patients)
    const copies: string[] = []
    try {
      const old = connect(await backUp(world.databases.superUrl, copies))
      const oldKeystore = await backUp(world.databases.keystoreAppUrl, copies)
      const all = patients.map((patient) => patient.birthName).sort()
      expect(await openAll(old, world.databases.keystoreAppUrl)).toEqual(all)

      const live = connect(world.databases.superUrl)
      const [row] = await live<Row[]>`select key_ref from screenings limit 1`
      const before = await openAll(live, world.databases.keystoreAppUrl)
      await eraseRecords({ admin: createKeyStoreAdmin(world.store.sql), ring: null }, [row?.key_ref ?? ''])
      const after = await openAll(live, world.databases.keystoreAppUrl)
      expect(before.length - after.length).toBe(1)
      expect(await openAll(old, world.databases.keystoreAppUrl)).toEqual(after)

      // The other side of it, as the README says: a copy of the key store itself opens the record until that copy expires.
      expect(await openAll(old, oldKeystore)).toEqual(all)
      await old.end()
      await live.end()
    } finally {
      await dropCopies(copies)
    }
  })
})

describe('a thief with both databases, their files and their logs, without the root key', () => {
  test('finds no patient in any form', { timeout: 120_000 }, async () => {
    const patients = canaries()
    await capture(patients)
    const files = await readServerFiles()
    expect(files.length).toBeGreaterThan(100)
    for (const patient of patients) {
      for (const secret of [patient.birthName, patient.nir]) expect(findIn(files, secret)).toEqual([])
    }
  })

  test('would have found one that was stored in the clear: the search itself works', { timeout: 120_000 }, async () => {
    const secret = `CANARI-${randomBytes(8).toString('hex').toUpperCase()}`
    const sql = connect(world.databases.superUrl)
    await sql`create table leaks (form text, bytes bytea)`
    for (const [form, needle] of needlesOf(secret))
      await sql`insert into leaks values (${form}, ${Buffer.concat([Buffer.from('..'), needle, Buffer.from('..')])})`
    await sql.end()
    const found = findIn(await readServerFiles(), secret)
    expect(new Set(found)).toEqual(new Set(needlesOf(secret).map(([form]) => form)))
  })

  test('opens nothing with a root key of their own', async () => {
    await capture(canaries())
    const [row] = await world.store.sql<{ ref: string }[]>`select ref from record_keys limit 1`
    const { rootKey } = world
    const guess = createJwksRootKeys([{ ...newRootKey({ now: new Date(), primary: true }), kid: rootKey.kid }])
    await expect(world.ring({ rootKeys: guess }).findRecordKeys([row?.ref ?? ''])).rejects.toMatchObject({ code: 'bad-key' })
  })
})

/** The forms in which a text can lie in a file; base64 at the three offsets, without the edges that depend on neighbours. */
function needlesOf(secret: string): ReadonlyArray<readonly [string, Buffer]> {
  const bytes = Buffer.from(secret)
  const base64 = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    return [`base64 at ${offset}`, Buffer.from(text.slice(offset === 0 ? 0 : offset + 1, -2))] as const
  })
  return [
    ['utf-8', bytes],
    ['utf-16', Buffer.from(secret, 'utf16le')],
    ['utf-16 big endian', Buffer.from(secret, 'utf16le').swap16()],
    ['hex', Buffer.from(bytes.toString('hex'))],
    ['HEX', Buffer.from(bytes.toString('hex').toUpperCase())],
    ['reversed', Buffer.from([...bytes].reverse())],
    ['gzip', gzipSync(bytes).subarray(10, -8)],
    ...base64,
  ]
}

function findIn(files: readonly Buffer[], secret: string): readonly string[] {
  return needlesOf(secret).flatMap(([form, needle]) => (files.some((file) => file.includes(needle)) ? [form] : []))
}

/** Every file of both databases and the write-ahead log, after a checkpoint. */
async function readServerFiles(): Promise<readonly Buffer[]> {
  const sql = connect(world.databases.superUrl)
  await sql`checkpoint`
  const [server] = await sql<{ folder: string }[]>`select setting as folder from pg_settings where name = 'data_directory'`
  const names = [nameOf(world.databases.superUrl), nameOf(world.databases.keystoreAppUrl)]
  const databases = await sql<{ oid: number }[]>`select oid::int from pg_database where datname = any(${names})`
  await sql.end()
  const folders = [...databases.map(({ oid }) => join('base', String(oid))), 'pg_wal'].map((name) =>
    join(server?.folder ?? '', name),
  )
  return folders.flatMap((folder) =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
      entry.isFile() ? [readFileSync(join(folder, entry.name))] : [],
    ),
  )
}
