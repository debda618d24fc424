import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { randomId } from '../../src/base/ids.ts'
import { openColumn, sealColumn } from '../../src/crypto/envelope.ts'
import { eraseRecords } from '../../src/crypto/erasure.ts'
import { newRecordKey, wrapRecordKey } from '../../src/crypto/record-keys.ts'
import { createJwksRootKeys, parseRootKeys, writeRootKeys } from '../../src/crypto/root-jwks.ts'
import { readTenantKey } from '../../src/crypto/root-keys.ts'
import { addRootKey, promoteRootKey, type RootChange, retireRootKey } from '../../src/crypto/root-rotation.ts'
import { destroyReplacedKeys, keysStatus, rewrap, rotateTenantKeys } from '../../src/crypto/rotation.ts'
import type { RecordKey, Sealed } from '../../src/crypto/sealed.ts'
import { createKeyStoreAdmin } from '../../src/storage/keystore-admin.ts'
import { openRingWorld, pharmacyA, pharmacyB, type RingWorld } from './ring-fixture.ts'

let world: RingWorld
beforeEach(async () => {
  world = await openRingWorld()
})
afterEach(() => world.close())

const admin = () => createKeyStoreAdmin(world.store.sql)
const deps = (rootKeys = world.rootKeys) => ({
  store: world.store,
  admin: admin(),
  rootKeys,
  clock: world.clock,
  newId: randomId,
})
const later = () => world.clock.move(1000)

type Row = { readonly ref: string; readonly pharmacyId: string; readonly rowId: string; readonly patient: Sealed<string> }
const cellOf = (row: Omit<Row, 'patient'>) => ({
  pharmacyId: row.pharmacyId,
  table: 'screenings',
  column: 'patient',
  rowId: row.rowId,
})

async function captureMany(count: number, pharmacyId = pharmacyA, ring = world.ring()): Promise<Row[]> {
  const rows: Row[] = []
  for (let made = 0; made < count; made++) {
    const key = await ring.takeRecordKey(pharmacyId)
    const row = { ref: key.ref, pharmacyId, rowId: randomId() }
    rows.push({ ...row, patient: sealColumn(key, cellOf(row), `patient ${row.rowId}`) })
  }
  return rows
}

/** Opens all with a ring that has cached nothing. */
async function countOpened(rows: readonly Row[], rootKeys = world.rootKeys): Promise<number> {
  const keys = await world.ring({ rootKeys }).findRecordKeys(rows.map((row) => row.ref))
  const open = (row: Row, key: RecordKey) => openColumn(key, cellOf(row), row.patient) === `patient ${row.rowId}`
  return rows.filter((row) => {
    const key = keys.get(row.ref)
    return key !== undefined && open(row, key)
  }).length
}

describe('rotating tenant keys', () => {
  test('ends with no row on an old key, and everything opens before, between and after', async () => {
    const rows = [...(await captureMany(40)), ...(await captureMany(5, pharmacyB))]
    later()
    expect(await rotateTenantKeys(deps())).toEqual({ rotated: 2 })
    expect(await countOpened(rows)).toBe(45)
    expect((await keysStatus(deps())).recordKeysUnderReplaced).toBeGreaterThan(44)
    const report = await rewrap(deps(), { batchRows: 7 })
    expect(report.left).toEqual({ tenantKeysUnderOtherRoots: 0, recordKeysUnderReplaced: 0 })
    expect(await countOpened(rows)).toBe(45)
    expect(await destroyReplacedKeys(deps())).toEqual({ destroyed: 2, needed: 0 })
    expect(await countOpened(rows)).toBe(45)
    const [left] = await world.store.sql`select count(*)::int as keys from tenant_keys where purpose = 'records'`
    expect(left?.keys).toBe(2)
  })

  test('one pharmacy leaves the others alone', async () => {
    await captureMany(1)
    await captureMany(1, pharmacyB)
    later()
    expect(await rotateTenantKeys(deps(), { pharmacyId: pharmacyB })).toEqual({ rotated: 1 })
    const replaced = await admin().listReplacedTenantKeys(null, 10)
    expect(replaced.map((row) => row.pharmacyId)).toEqual([pharmacyB])
  })

  test('run again before the rewrap rotates nothing twice', async () => {
    await captureMany(1)
    later()
    await rotateTenantKeys(deps())
    later()
    expect(await rotateTenantKeys(deps())).toEqual({ rotated: 0 })
  })

  test('a replica that still holds the old key makes no record key under it', async () => {
    const ring = world.ring({ limits: { blockMin: 1, blockMax: 1 } })
    await captureMany(3, pharmacyA, ring)
    later()
    await rotateTenantKeys(deps())
    await rewrap(deps())
    const rows = await captureMany(5, pharmacyA, ring)
    expect((await keysStatus(deps())).recordKeysUnderReplaced).toBe(0)
    await destroyReplacedKeys(deps())
    rows.push(...(await captureMany(5, pharmacyA, ring)))
    expect(await countOpened(rows)).toBe(10)
  })

  test('what another run has moved meanwhile is not moved again by one that read it before', async () => {
    const rows = await captureMany(3)
    later()
    await rotateTenantKeys(deps())
    const [block] = await admin().listKeyBlocksToMove(null, 1)
    const [primary] = await admin().findPrimaryTenantKeys([pharmacyA])
    if (!block || !primary) throw new Error('a rotation leaves a block to move and a primary key')
    await rewrap(deps())
    const stale = { ...block, tenantKeyId: primary.id, wrapped: Buffer.alloc(60) }
    expect(await admin().moveKeyBlocks([{ from: block.tenantKeyId, row: stale }])).toBe(0)
    const next = { wrapped: primary.wrapped, rootKid: primary.rootKid }
    expect(await admin().rewrapTenantKey({ ...primary, wrapped: 'as another run read it' }, next)).toBe(false)
    expect(await admin().rewrapTenantKey(primary, next)).toBe(true)
    expect(await countOpened(rows)).toBe(3)
  })

  test('digests stay the same, so that what was indexed is still found', async () => {
    const mac = async () =>
      Buffer.from(await world.ring().macForPharmacy(pharmacyA, 'blind-index-ins', Buffer.from('x'))).toString('hex')
    const before = await mac()
    later()
    await rotateTenantKeys(deps())
    expect(await mac()).toBe(before)
  })

  test('stopped after any batch and started again ends the same', async () => {
    const rows = await captureMany(30)
    later()
    await rotateTenantKeys(deps())
    for (let runs = 0; runs < 200; runs++) {
      const stop = new AbortController()
      const { left } = await rewrap(deps(), { batchRows: 10, signal: stop.signal, onProgress: () => stop.abort() })
      if (left.recordKeysUnderReplaced === 0) break
      expect(await countOpened(rows)).toBe(30)
    }
    expect((await keysStatus(deps())).recordKeysUnderReplaced).toBe(0)
    expect(await countOpened(rows)).toBe(30)
  })

  test('a key that rows still need is not destroyed', async () => {
    const rows = await captureMany(3)
    later()
    await rotateTenantKeys(deps())
    expect(await destroyReplacedKeys(deps())).toEqual({ destroyed: 0, needed: 1 })
    const [old] = await admin().listReplacedTenantKeys(null, 1)
    expect(await admin().destroyTenantKey(old?.id ?? '')).toBe('needed')
    const primary = await world.store.findPrimaryTenantKey(pharmacyA, 'records')
    expect(await admin().destroyTenantKey(primary?.id ?? '')).toBe('needed')
    expect(await countOpened(rows)).toBe(3)
  })

  test('a block that does not open stops the rewrap with its id, and loses nothing', async () => {
    const rows = await captureMany(3)
    const other = await captureMany(2)
    const [bad] = await world.store.sql<{ id: string }[]>`update key_blocks
      set wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)
      where id = (select block_id from record_keys where ref = ${rows[0]?.ref ?? ''}) returning id`
    later()
    await rotateTenantKeys(deps())
    await expect(rewrap(deps())).rejects.toMatchObject({ code: 'bad-key', keyId: bad?.id })
    expect(await countOpened(other)).toBe(2)
  })

  test('a record erased while its block is being rewrapped stays erased', async () => {
    const [row] = await captureMany(1)
    const ref = row?.ref ?? ''
    later()
    await rotateTenantKeys(deps())
    const list = admin().listKeyBlocksToMove
    const racing = {
      ...admin(),
      listKeyBlocksToMove: async (...args: Parameters<typeof list>) => {
        const rows = await list(...args)
        await eraseRecords({ admin: admin(), ring: null }, [ref])
        return rows
      },
    }
    await rewrap({ ...deps(), admin: racing })
    expect((await world.store.findRecordKeys([ref])).length).toBe(0)
  })

  test('a paced rewrap rests between its batches, as long as it is told', async () => {
    await captureMany(30)
    later()
    await rotateTenantKeys(deps())
    const rests: number[] = []
    // Each look at this clock takes a millisecond: what a batch "took" is known exactly.
    const clock = {
      now: () => {
        world.clock.move(1)
        return world.clock.now()
      },
    }
    const pace = { rowsPerSecond: 50, wait: async (ms: number) => rests.push(ms) }
    const { keyBlocks, left } = await rewrap({ ...deps(), clock }, { batchRows: 1, pace })
    expect(left.recordKeysUnderReplaced).toBe(0)
    // One row in 20 ms, of which one was work; never less than three times the work.
    expect(rests).toEqual(Array.from({ length: keyBlocks }, () => 19))
    await destroyReplacedKeys(deps())
    later()
    await rotateTenantKeys(deps())
    rests.length = 0
    await rewrap({ ...deps(), clock }, { batchRows: 1, pace: { ...pace, rowsPerSecond: 1_000_000 } })
    expect(rests).toEqual(Array.from({ length: keyBlocks }, () => 3))
  })
})

/** What a release before blocks stored: each record key under the tenant key itself. */
async function captureWithoutBlocks(count: number, pharmacyId = pharmacyA): Promise<Row[]> {
  await world.ring().prepareReserve(pharmacyId)
  const tenantKey = await world.store.findPrimaryTenantKey(pharmacyId, 'records')
  if (!tenantKey) expect.fail('no tenant key')
  const bytes = readTenantKey(await world.rootKeys.unwrap(tenantKey.rootKid, tenantKey.wrapped), tenantKey)
  const rows: Row[] = []
  for (let made = 0; made < count; made++) {
    const key = newRecordKey(pharmacyId, randomId())
    const row = { ref: key.ref, pharmacyId, rowId: randomId() }
    const wrapped = wrapRecordKey({ id: tenantKey.id, bytes: bytes ?? Buffer.alloc(32) }, key)
    await world.store.sql`insert into record_keys (ref, pharmacy_id, tenant_key_id, wrapped, reserved_at)
      values (${key.ref}, ${pharmacyId}, ${tenantKey.id}, ${wrapped}, ${world.clock.now()})`
    rows.push({ ...row, patient: sealColumn(key, cellOf(row), `patient ${row.rowId}`) })
  }
  return rows
}

describe('record keys of a release before blocks', () => {
  test('open beside those in blocks, keep their tenant key from being destroyed, and are moved into blocks by a rewrap', async () => {
    const rows = [...(await captureWithoutBlocks(70)), ...(await captureWithoutBlocks(3, pharmacyB)), ...(await captureMany(5))]
    expect(await countOpened(rows)).toBe(78)
    later()
    await rotateTenantKeys(deps())
    expect((await keysStatus(deps())).recordKeysWithoutBlock).toBe(73)
    await world.store.sql`delete from key_blocks where not exists (select from record_keys where block_id = key_blocks.id)`
    expect((await destroyReplacedKeys(deps())).needed).toBe(2)
    const report = await rewrap(deps(), { batchRows: 40 })
    expect(report).toMatchObject({ recordKeys: 73, left: { recordKeysUnderReplaced: 0 } })
    expect(await keysStatus(deps())).toMatchObject({ recordKeysWithoutBlock: 0, recordKeysUnderReplaced: 0 })
    expect(await destroyReplacedKeys(deps())).toEqual({ destroyed: 2, needed: 0 })
    expect(await countOpened(rows)).toBe(78)
  })

  test('one that does not open stops the rewrap with its ref', async () => {
    const rows = await captureWithoutBlocks(3)
    const bad = rows[1]?.ref ?? ''
    await world.store.sql`update record_keys set wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) where ref = ${bad}`
    later()
    await rotateTenantKeys(deps())
    await expect(rewrap(deps())).rejects.toMatchObject({ code: 'bad-key', keyId: bad })
    expect(await countOpened(rows.filter((row) => row.ref !== bad))).toBe(2)
  })

  test('one that is erased while it is being moved stays erased, and the others of its block open', async () => {
    const rows = await captureWithoutBlocks(3)
    const ref = rows[0]?.ref ?? ''
    later()
    await rotateTenantKeys(deps())
    const move = admin().moveIntoBlocks
    const racing = {
      ...admin(),
      moveIntoBlocks: async (...args: Parameters<typeof move>) => {
        await eraseRecords({ admin: admin(), ring: null }, [ref])
        return move(...args)
      },
    }
    expect(await rewrap({ ...deps(), admin: racing })).toMatchObject({ recordKeys: 2 })
    expect((await world.store.findRecordKeys([ref])).length).toBe(0)
    expect(await countOpened(rows)).toBe(2)
  })
})

describe('rotating the root key', () => {
  const textOf = (change: RootChange) => {
    if (!change.ok) expect.fail(change.problem.code)
    return change.value.text
  }
  const rootKeysOf = (text: string) => {
    const read = parseRootKeys(text)
    if (!read.ok) expect.fail('bad file')
    return createJwksRootKeys(read.value)
  }

  test('add, promote, rewrap, retire: ends with nothing under the old root, read by every file on the way', async () => {
    const rows = await captureMany(10)
    await world.ring().macForPharmacy(pharmacyA, 'idempotency-body', Buffer.from('x'))
    const files = [writeRootKeys([world.rootKey])]
    const added = addRootKey(files[0] ?? '', world.clock.now())
    files.push(textOf(added))
    const kid = added.ok ? added.value.kid : ''
    expect(await rootKeysOf(files[1] ?? '').primaryKid()).toBe(world.rootKey.kid)
    files.push(textOf(promoteRootKey(files[1] ?? '', kid)))
    for (const file of files) expect(await countOpened(rows, rootKeysOf(file))).toBe(10)

    const promoted = rootKeysOf(files[2] ?? '')
    const early = await retireRootKey({ admin: admin() }, { text: files[2] ?? '', kid: world.rootKey.kid })
    expect(early).toEqual({ ok: false, problem: { code: 'needed', tenantKeys: 2 } })
    const report = await rewrap(deps(promoted))
    expect(report).toMatchObject({ tenantKeys: 2, left: { tenantKeysUnderOtherRoots: 0 } })
    const [left] = await world.store.sql`select count(*)::int as keys from tenant_keys where root_kid = ${world.rootKey.kid}`
    expect(left?.keys).toBe(0)

    const last = rootKeysOf(textOf(await retireRootKey({ admin: admin() }, { text: files[2] ?? '', kid: world.rootKey.kid })))
    expect(await countOpened(rows, last)).toBe(10)
    // A replica that still has the middle file reads what the new root wraps.
    expect(await countOpened(rows, rootKeysOf(files[1] ?? ''))).toBe(10)
  })

  test('refuses to retire the primary, the only, or an unknown key, and to promote an unknown one', async () => {
    const one = writeRootKeys([world.rootKey])
    const retire = (text: string, kid: string) => retireRootKey({ admin: admin() }, { text, kid })
    expect(await retire(one, world.rootKey.kid)).toMatchObject({ problem: { code: 'only-key' } })
    const two = textOf(addRootKey(one, world.clock.now()))
    expect(await retire(two, world.rootKey.kid)).toMatchObject({ problem: { code: 'is-primary' } })
    expect(await retire(two, 'other')).toMatchObject({ problem: { code: 'no-such-key' } })
    expect(promoteRootKey(two, 'other')).toMatchObject({ problem: { code: 'no-such-key' } })
    expect(addRootKey('{}', world.clock.now())).toMatchObject({ problem: { code: 'bad-file' } })
  })
})

describe('erasing records', () => {
  test('reports what was erased and what was gone, and a second run finds nothing', async () => {
    const rows = await captureMany(3)
    const refs = rows.slice(0, 2).map((row) => row.ref)
    const gone = randomId()
    const ring = world.ring()
    const first = await eraseRecords({ admin: admin(), ring }, [...refs, ...refs, gone])
    expect([...first.erased].sort()).toEqual([...refs].sort())
    expect(first.alreadyGone).toEqual([gone])
    expect((await eraseRecords({ admin: admin(), ring }, refs)).erased).toEqual([])
    expect(await countOpened(rows)).toBe(1)
  })
})
