/** Opening claimed declarations for the worker: whole and right, or refused for good; another's content never. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openForSending } from '../../src/actions/open-for-sending.ts'
import type { KeyRing } from '../../src/crypto/key-ring.ts'
import type { RecordKey } from '../../src/crypto/sealed.ts'
import type { Pharmacy } from '../../src/domain/pharmacy.ts'
import type { Claim } from '../../src/storage/queries.ts'
import { type ActionsWorld, legalFields, newKey, newRequest, openActionsWorld } from '../support/actions-fixture.ts'

let the: ActionsWorld
beforeAll(async () => {
  the = await openActionsWorld()
})
afterAll(() => the.close())

const unreadable = { outcome: { class: 'permanent', code: 'unreadable-content' } }

async function capture(pharmacy: Pharmacy = the.pharmacies[0]): Promise<Claim> {
  const input = { fields: legalFields, idempotencyKey: newKey() }
  const result = await the.actions.captureScreening(the.person('student', pharmacy), input, newRequest())
  if (!result.ok) throw new Error('the capture was refused')
  const [row] = await the.admin<Claim[]>`select id, 1 as epoch, pharmacy_id as "pharmacyId", screening_id as "screeningId",
      version_id as "versionId", version, destination, kind, replaces_version as "replacesVersion", control_id as "controlId",
      1 as "attemptCount" from declarations where screening_id = ${result.value.screeningId} and destination = 'sidep'`
  if (!row) throw new Error('nothing was declared')
  return row
}
const open = (claims: readonly Claim[], replaced: Partial<Parameters<typeof openForSending>[0]> = {}) =>
  openForSending(
    {
      database: the.database,
      keyRing: the.keyRing,
      findPharmacy: (id) => the.pharmacies.find((one) => one.id === id) ?? null,
      profile: 'test',
      ...replaced,
    },
    claims,
  )
const openOne = async (claim: Claim, replaced: Parameters<typeof open>[1] = {}) =>
  (await open([claim], replaced)).get(claim.id)?.()

test('a claim opens to everything that its message needs, each text as it was typed', async () => {
  const claim = await capture()
  const author = the.person('student')
  expect(await openOne(claim)).toEqual({
    document: {
      declarationId: claim.id,
      controlId: claim.controlId,
      kind: 'original',
      screeningId: claim.screeningId,
      version: 1,
      replacesVersion: null,
      signedAt: '2026-03-02T08:00:00.000Z',
      patient: expect.objectContaining({ birthName: "N'GUYEN VAN THÉO", birthFirstName: 'Ðorđe', birthDate: '1979-03-12' }),
      act: expect.objectContaining({ comment: 'A|B^C~D\\E&F <script>', sampledAt: '2026-03-02T07:45:00.000Z' }),
      author: { rpps: author.rpps, familyName: author.familyName, givenName: author.givenName, role: 'student' },
      pharmacy: the.pharmacies[0],
      profile: 'test',
    },
  })
})

test('a hundred claims of two pharmacies open together, each to its own', async () => {
  const claims = await Promise.all(Array.from({ length: 100 }, (_, index) => capture(the.pharmacies[index % 2 === 0 ? 0 : 1])))
  const opened = await open(claims)
  expect(opened.size).toBe(100)
  for (const claim of claims)
    expect(opened.get(claim.id)?.()).toMatchObject({
      document: { screeningId: claim.screeningId, pharmacy: { id: claim.pharmacyId } },
    })
})

test('a claim opens once, and its key is overwritten then', async () => {
  const claim = await capture()
  const held: RecordKey[] = []
  const readRecordKeys: KeyRing['readRecordKeys'] = async (refs) => {
    const found = await the.keyRing.readRecordKeys(refs)
    held.push(...found.values())
    return found
  }
  const opened = await open([claim], { keyRing: { readRecordKeys } })
  expect(held.map((key) => key.bytes.every((byte) => byte === 0))).toEqual([false])
  expect(opened.get(claim.id)?.()).toHaveProperty('document')
  expect(held.map((key) => key.bytes.every((byte) => byte === 0))).toEqual([true])
  expect(() => opened.get(claim.id)?.()).toThrow('opened once')
})

test('two claims under one key open each, whichever comes first', async () => {
  const claim = await capture()
  const opened = await open([claim, { ...claim, id: randomUUID() }])
  for (const open of opened.values()) expect(open()).toHaveProperty('document')
  expect(opened.size).toBe(2)
})

test('no claims ask nothing', async () => {
  expect((await open([])).size).toBe(0)
})

describe('refused for good, and shown so', () => {
  test('a declaration that points at another pharmacy’s version', async () => {
    const [mine, theirs] = [await capture(), await capture(the.pharmacies[1])]
    expect(await openOne({ ...mine, versionId: theirs.versionId })).toEqual(unreadable)
    expect(await openOne({ ...mine, versionId: theirs.versionId, screeningId: theirs.screeningId })).toEqual(unreadable)
  })

  test('a declaration that points at another screening of its pharmacy', async () => {
    const [one, other] = [await capture(), await capture()]
    expect(await openOne({ ...one, versionId: other.versionId })).toEqual(unreadable)
  })

  test('a version that is not there, or whose key was erased', async () => {
    const claim = await capture()
    expect(await openOne({ ...claim, versionId: randomUUID() })).toEqual(unreadable)
    const [row] = await the.admin<{ ref: string }[]>`select key_ref as ref from screenings where version_id = ${claim.versionId}`
    await the.world.store.sql`delete from record_keys where ref = ${row?.ref ?? ''}`
    the.keyRing.forgetRecordKeys([row?.ref ?? ''])
    expect(await openOne(claim)).toEqual(unreadable)
  })

  test('a draft: nobody has signed it', async () => {
    const claim = await capture()
    await the.admin`update screenings set status = 'draft', signed_by = null, signed_role = null, signed_at = null
      where version_id = ${claim.versionId}`
    expect(await openOne(claim)).toEqual(unreadable)
  })

  test.for(['patient', 'act'] as const)('a %s grafted from another row, without harm to its neighbours', async (column) => {
    const [grafted, other] = [await capture(), await capture()]
    await the.admin`update screenings s set ${the.admin(column)} = o.${the.admin(column)} from screenings o
      where s.version_id = ${grafted.versionId} and o.version_id = ${other.versionId}`
    const opened = await open([grafted, other])
    expect(opened.get(grafted.id)?.()).toEqual(unreadable)
    expect(opened.get(other.id)?.()).toHaveProperty('document')
  })
})

test('a pharmacy that the configuration no longer has is tried again: it may come back', async () => {
  expect(await openOne(await capture(), { findPharmacy: () => null })).toEqual({
    outcome: { class: 'transient', code: 'pharmacy-not-configured' },
  })
})

test('while no key can be had nothing is decided: it throws', async () => {
  const claim = await capture()
  the.store.cut = true
  await expect(openOne(claim, { keyRing: the.world.ring({ store: the.store }) })).rejects.toMatchObject({ code: 'unavailable' })
  the.store.cut = false
})
