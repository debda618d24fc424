import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { type OpenedKeyStore, openKeyStore } from '../../src/storage/keystore.ts'
import { createKeyStoreAdmin, selectRecordKeysToMove } from '../../src/storage/keystore-admin.ts'
import { connect, createTestDatabases, type TestDatabases } from '../support/database.ts'

let databases: TestDatabases
let store: OpenedKeyStore
beforeEach(async () => {
  databases = await createTestDatabases(inject('postgresSuperUrl'))
  store = openKeyStore(databases.keystoreAppUrl)
})
afterEach(async () => {
  await store.close()
  await databases.drop()
})

const id = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`

/** `perKey` record keys under each of `keys` tenant keys, of which the even ones have been replaced. */
async function fill(keys: number, perKey: number): Promise<void> {
  const sql = store.sql
  await sql`insert into tenant_keys select ${id(0)}::uuid, gen_random_uuid(), 'macs', 'x', 'root', true, now()`
  for (let key = 1; key <= keys; key++) {
    await sql`insert into tenant_keys values (${id(key)}, ${id(key)}, 'records', 'x', 'root', ${key % 2 === 1}, now())`
    await sql`insert into record_keys select gen_random_uuid(), ${id(key)}::uuid, ${id(key)}::uuid, decode(repeat('00', 60), 'hex'), now()
      from generate_series(1, ${perKey}::int)`
  }
}

test('a walk over the record keys to move meets each once, in batches across tenant keys', async () => {
  await fill(8, 7)
  const admin = createKeyStoreAdmin(store.sql)
  const met: string[] = []
  let after: { readonly tenantKeyId: string; readonly ref: string } | null = null
  for (let batch = 0; batch < 100; batch++) {
    const rows = await admin.listRecordKeysToMove(after, 5)
    met.push(...rows.map((row) => row.ref))
    after = rows.at(-1) ?? null
    if (!after) break
  }
  const all = await store.sql<
    { ref: string }[]
  >`select ref from record_keys join tenant_keys on id = tenant_key_id where not is_primary`
  expect([...met].sort()).toEqual(all.map((row) => row.ref).sort())
  expect(met.length).toBe(28)
})

test('that walk reads its batch from the index and sorts no pharmacy, even before the first ANALYZE', async () => {
  await fill(4, 3000)
  const plan = await store.sql.begin(async (tx) => {
    await tx`select set_config('enable_bitmapscan', 'off', true), set_config('enable_seqscan', 'off', true)`
    return selectRecordKeysToMove(tx, null, 50, 'explain')
  })
  const text = JSON.stringify(plan)
  expect(text).toContain('Index Scan using record_keys_by_tenant_key')
  expect(text).not.toMatch(/Bitmap|Seq Scan on record_keys|Sort Key: record_keys\.ref/)
})

test('the application’s role owns nothing: it can neither drop, truncate nor alter what it uses', async () => {
  for (const statement of [
    'drop table record_keys',
    'truncate record_keys',
    'alter table record_keys drop column wrapped',
    'create table x ()',
  ]) {
    await expect(store.sql.unsafe(statement)).rejects.toMatchObject({ code: '42501' })
  }
})

test('a wrapped key of another length, a second primary key and an orphan do not enter', async () => {
  await fill(1, 1)
  const sql = connect(databases.keystoreOwnerUrl)
  const insert = (ref: string, key: string, bytes: number) =>
    sql`insert into record_keys values (${ref}, ${id(1)}, ${key}, decode(repeat('00', ${bytes}::int), 'hex'), now())`
  await expect(insert(id(90), id(1), 56)).rejects.toMatchObject({ code: '23514' })
  await expect(insert(id(91), id(99), 60)).rejects.toMatchObject({ code: '23503' })
  await expect(
    sql`insert into tenant_keys values (${id(92)}, ${id(1)}, 'records', 'x', 'root', true, now())`,
  ).rejects.toMatchObject({ code: '23505' })
  await sql.end()
})
