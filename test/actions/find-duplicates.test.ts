/** Blind indexes as captures store them, and the warning that the same person was screened here today. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { CaptureInput } from '../../src/domain/capture-fields.ts'
import { roleMay, roles } from '../../src/domain/roles.ts'
import { type ActionsWorld, legalFields, newKey, newRequest, openActionsWorld } from '../support/actions-fixture.ts'

let the: ActionsWorld
beforeAll(async () => {
  the = await openActionsWorld()
})
afterAll(() => the.close())
beforeEach(async () => {
  await the.admin`update screenings set captured_at = captured_at - interval '1 day'`
})
afterEach(() => {
  the.store.cut = false
})

const { insMatricule: _ins, identityStatus: _status, ...withoutIns } = legalFields

async function capture(fields: CaptureInput, actor = the.person('pharmacist'), idempotencyKey = newKey()): Promise<string> {
  const result = await the.actions.captureScreening(actor, { fields, idempotencyKey }, newRequest())
  if (!result.ok) throw new Error(JSON.stringify(result.problem))
  return result.value.screeningId
}
const find = async (fields: CaptureInput, actor = the.person('pharmacist'), idempotencyKey = newKey()) =>
  (await the.actions.findDuplicates(actor, { fields, idempotencyKey }, newRequest())).map((one) => one.screeningId)
const indexesOf = async (screeningId: string) => {
  const [row] = await the.admin<{ identity: string | null; ins: string | null }[]>`
    select identity_index as identity, ins_index as ins from screenings where screening_id = ${screeningId} order by version desc limit 1`
  return row
}

describe('a person who was screened here today', () => {
  test('is found under every spelling of the same name, and by their number alone', async () => {
    const id = await capture(legalFields)
    expect(await find(legalFields)).toEqual([id])
    expect(await find({ ...withoutIns, birthName: 'NGUYEN-VAN-THEO', birthFirstName: 'DORDE' })).toEqual([id])
    expect(await find({ ...legalFields, birthName: 'MARTIN', birthFirstName: 'Zoé' })).toEqual([id])
  })

  test('is another one where the first name, the date or the number differs: twins are two people', async () => {
    await capture(legalFields)
    expect(await find({ ...withoutIns, birthFirstName: 'Ana' })).toEqual([])
    expect(await find({ ...withoutIns, birthDate: '1979-03-13' })).toEqual([])
    await capture({ ...withoutIns, birthName: 'PETIT' })
    expect(await find({ ...legalFields, birthName: 'PETIT', birthFirstName: 'Ana' })).toHaveLength(1) // by number: the first
  })

  test('is not found in another pharmacy, on another day, cancelled, or in a replaced version', async () => {
    const id = await capture(legalFields)
    const [here, elsewhere] = the.pharmacies
    expect(await find(legalFields, the.person('pharmacist', elsewhere))).toEqual([])
    await the.admin`update screenings set status = 'cancelled' where screening_id = ${id}`
    expect(await find(legalFields, the.person('pharmacist', here))).toEqual([])
    await the.admin`update screenings set status = 'signed', captured_at = captured_at - interval '1 day' where screening_id = ${id}`
    expect(await find(legalFields)).toEqual([])
  })

  test('is found where a preparer only drafted it', async () => {
    const id = await capture(legalFields, the.person('preparer'))
    expect(await find(legalFields)).toEqual([id])
  })

  test('is not warned of by the very request that stored it, sent twice', async () => {
    const key = newKey()
    await capture(legalFields, the.person('pharmacist'), key)
    expect(await find(legalFields, the.person('pharmacist'), key)).toEqual([])
  })

  test('is not found once erased, and nothing fails', async () => {
    const id = await capture(legalFields)
    const [row] = await the.admin<{ ref: string }[]>`select key_ref as ref from screenings where screening_id = ${id}`
    await the.world.store.sql`delete from record_keys where ref = ${row?.ref ?? ''}`
    the.keyRing.forgetRecordKeys([row?.ref ?? ''])
    expect(await find(legalFields)).toEqual([])
  })

  test('is one of many who share an index, and of those only they are found', async () => {
    const id = await capture(withoutIns)
    const others = await Promise.all(
      Array.from({ length: 20 }, (_, n) => capture({ ...withoutIns, birthName: `DURAND${'ABCDEFGHIJKLMNOPQRSTU'[n]}` })),
    )
    const shared = await indexesOf(id)
    await the.admin`update screenings set identity_index = ${shared?.identity ?? ''} where screening_id = any(${others}::uuid[])`
    expect(await find(withoutIns)).toEqual([id])
  })

  test('is shown as a reading: one event with the count, and no trait', async () => {
    await capture(legalFields)
    const before = (await the.events()).length
    await find(legalFields)
    await find({ ...withoutIns, birthName: 'INCONNU' })
    const events = (await the.events()).slice(before)
    expect(events).toMatchObject([{ action: 'screening.list', details: { count: 1, purpose: 'same-person-today' } }])
  })
})

test('a form that is not in order finds nobody; its errors come from the capture', async () => {
  await capture(legalFields)
  expect(await find({ ...legalFields, birthDate: 'hier' })).toEqual([])
})

test('while the key store is away the warning is left out, and the capture goes on from the reserve', async () => {
  await capture(legalFields)
  const [row] = await the.admin<{ ref: string }[]>`select key_ref as ref from screenings order by captured_at desc limit 1`
  the.keyRing.forgetRecordKeys([row?.ref ?? ''])
  the.store.cut = true
  expect(await find(legalFields)).toEqual([])
  await capture(legalFields)
})

test.each(roles.filter((role) => !roleMay(role, 'screening.draft')))('%s may not ask', async (role) => {
  await expect(find(legalFields, the.person(role))).rejects.toMatchObject({ code: 'forbidden' })
})

describe('the stored indexes', () => {
  test('are short, of this pharmacy alone, and hold neither name, date nor number', async () => {
    const [here, elsewhere] = the.pharmacies
    const [one, two] = [await capture(legalFields), await capture(legalFields, the.person('pharmacist', elsewhere))]
    const [first, second] = [await indexesOf(one), await indexesOf(two)]
    expect(first).toEqual({
      identity: expect.stringMatching(/^1\.6\.[0-9a-f]{1,2}$/),
      ins: expect.stringMatching(/^1\.6\.[0-9a-f]{1,2}$/),
    })
    expect(here.id).not.toBe(elsewhere.id)
    // Two pharmacies have two keys; with 12 bits together one in 4096 agrees by chance.
    const more = await capture({ ...withoutIns, birthName: 'LEROY' })
    const other = await capture({ ...withoutIns, birthName: 'LEROY' }, the.person('pharmacist', elsewhere))
    const same = [
      first?.identity === second?.identity,
      first?.ins === second?.ins,
      (await indexesOf(more))?.identity === (await indexesOf(other))?.identity,
    ]
    expect(same.every(Boolean)).toBe(false)
    expect((await indexesOf(more))?.ins).toBe(null)
  })

  test('follow the person where a draft is signed or a screening corrected under another name', async () => {
    const draft = await capture(withoutIns, the.person('preparer'))
    const fields = { ...withoutIns, birthName: 'BERNARD' }
    const signed = await the.actions.signScreening(
      the.person('pharmacist'),
      { screeningId: draft, fields, idempotencyKey: newKey() },
      newRequest(),
    )
    expect(signed.ok).toBe(true)
    expect([await find(withoutIns), await find(fields)]).toEqual([[], [draft]])
    const corrected = await the.actions.correctScreening(
      the.person('pharmacist'),
      {
        screeningId: draft,
        version: 1,
        fields: { ...fields, birthName: 'ROBERT' },
        reason: 'faute de frappe',
        idempotencyKey: newKey(),
      },
      newRequest(),
    )
    expect(corrected.ok).toBe(true)
    expect([await find(fields), await find({ ...fields, birthName: 'ROBERT' })]).toEqual([[], [draft]])
  })

  test('leave with the patient', async () => {
    const id = await capture(legalFields)
    await the.admin`update screenings set payload_left_at = now() where screening_id = ${id}`
    expect(await indexesOf(id)).toEqual({ identity: null, ins: null })
  })

  test('are found by an index of the database, not by reading the pharmacy', async () => {
    const plan = await the.admin.begin(async (tx) => {
      await tx`set local enable_seqscan = off`
      return tx.unsafe(`explain select version_id from screenings where pharmacy_id = '${the.pharmacies[0].id}'
        and (identity_index in ('1.6.3f') or ins_index in ('1.6.1'))`)
    })
    expect(JSON.stringify(plan)).toMatch(/screenings_by_identity.*screenings_by_ins/)
  })
})
