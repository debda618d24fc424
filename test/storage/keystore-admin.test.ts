import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import type { KeyPlace } from '../../src/crypto/key-store-admin.ts'
import { type OpenedKeyStore, openKeyStore } from '../../src/storage/keystore.ts'
import { createKeyStoreAdmin, selectKeyBlocksToMove, selectRecordKeysToMove } from '../../src/storage/keystore-admin.ts'
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

type Movable = { readonly tenantKeyId: string; readonly id?: string; readonly ref?: string }
const id = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`

/** `perKey` blocks of one key, and as many keys without a block, under each of `keys` tenant keys; the even ones are replaced. */
async function fill(keys: number, perKey: number): Promise<void> {
  const sql = store.sql
  await sql`insert into tenant_keys select ${id(0)}::uuid, gen_random_uuid(), 'macs', 'x', 'root', true, now()`
  for (let key = 1; key <= keys; key++) {
    await sql`insert into tenant_keys values (${id(key)}, ${id(key)}, 'records', 'x', 'root', ${key % 2 === 1}, now())`
    await sql`insert into record_keys select gen_random_uuid(), ${id(key)}::uuid, ${id(key)}::uuid, decode(repeat('00', 60), 'hex'), now()
      from generate_series(1, ${perKey}::int)`
    await sql`with blocks as (insert into key_blocks
        select gen_random_uuid(), ${id(key)}::uuid, ${id(key)}::uuid, decode(repeat('00', 60), 'hex')
        from generate_series(1, ${perKey}::int) returning id, pharmacy_id, wrapped)
      insert into record_keys (ref, pharmacy_id, block_id, wrapped, reserved_at)
      select gen_random_uuid(), pharmacy_id, id, wrapped, now() from blocks`
  }
}

test('a walk over the blocks to move, or over record keys without one, meets each once, in batches across tenant keys', async () => {
  await fill(8, 7)
  const admin = createKeyStoreAdmin(store.sql)
  const walked = async (list: (place: KeyPlace | null, limit: number) => Promise<readonly Movable[]>) => {
    const met: string[] = []
    let place: KeyPlace | null = null
    for (let batch = 0; batch < 100; batch++) {
      const rows: readonly Movable[] = await list(place, 5)
      const last = rows.at(-1)
      if (!last) break
      met.push(...rows.map((row) => row.id ?? row.ref ?? ''))
      place = { tenantKeyId: last.tenantKeyId, after: last.id ?? last.ref ?? '' }
    }
    return met.sort()
  }
  const all = async (key: string, table: string) => {
    const rows = await store.sql.unsafe<{ id: string }[]>(`select r.${key} as id from ${table} as r
      join tenant_keys as k on k.id = r.tenant_key_id where not k.is_primary`)
    return rows.map((row) => row.id).sort()
  }
  const blocks = await walked(admin.listKeyBlocksToMove)
  expect(blocks).toHaveLength(28)
  expect(blocks).toEqual(await all('id', 'key_blocks'))
  const keys = await walked(admin.listRecordKeysToMove)
  expect(keys).toHaveLength(28)
  expect(keys).toEqual(await all('ref', 'record_keys'))
})

test('those walks read their batch from an index and sort no pharmacy, even before the first ANALYZE', async () => {
  await fill(4, 3000)
  for (const [select, index, table] of [
    [selectKeyBlocksToMove, 'key_blocks_by_tenant_key', 'key_blocks'],
    [selectRecordKeysToMove, 'record_keys_by_tenant_key', 'record_keys'],
  ] as const) {
    const plan = await store.sql.begin(async (tx) => {
      await tx`select set_config('enable_bitmapscan', 'off', true), set_config('enable_seqscan', 'off', true)`
      return select(tx, null, 50, 'explain')
    })
    const text = JSON.stringify(plan)
    expect(text).toContain(`Index Scan using ${index}`)
    expect(text).not.toMatch(new RegExp(`Bitmap|Seq Scan on ${table}|Sort Key: ${table}`))
  }
})

test('a record key has a block or a tenant key, never both and never neither', async () => {
  await fill(1, 1)
  const [row] = await store.sql<{ ref: string }[]>`select ref from record_keys where block_id is not null`
  const refused = { code: '23514' }
  await expect(store.sql`update record_keys set block_id = null where ref = ${row?.ref ?? ''}`).rejects.toMatchObject(refused)
  await expect(store.sql`update record_keys set tenant_key_id = ${id(1)} where ref = ${row?.ref ?? ''}`).rejects.toMatchObject(
    refused,
  )
})

test('erasing the last key of a block takes the block along, erasing another leaves it', async () => {
  const admin = createKeyStoreAdmin(store.sql)
  await fill(1, 0)
  const wrapped = Buffer.alloc(60)
  const block = { id: id(50), pharmacyId: id(1), tenantKeyId: id(1), wrapped }
  const members = [
    { ref: id(60), wrapped },
    { ref: id(61), wrapped },
  ]
  expect(await store.addKeyBlock(block, members, new Date())).toBe(true)
  const countBlocks = async () => (await admin.countKeys()).keyBlocks
  expect(await admin.eraseRecordKeys([id(60)])).toEqual([id(60)])
  expect(await countBlocks()).toBe(1)
  expect(await admin.eraseRecordKeys([id(60), id(61)])).toEqual([id(61)])
  expect(await countBlocks()).toBe(0)
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
