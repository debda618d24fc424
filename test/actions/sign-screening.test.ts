/** Signing a preparer's draft: once, by somebody who may, with what the form reads now. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { CaptureInput } from '../../src/domain/capture-fields.ts'
import { roleMay, roles } from '../../src/domain/roles.ts'
import { type ActionsWorld, legalFields, newKey, newRequest, openActionsWorld } from '../support/actions-fixture.ts'

let the: ActionsWorld
let draftId: string

beforeAll(async () => {
  the = await openActionsWorld()
})
afterAll(() => the.close())
beforeEach(async () => {
  draftId = await draft()
})

async function draft(idempotencyKey = newKey()): Promise<string> {
  const result = await the.actions.captureScreening(the.person('preparer'), { fields: legalFields, idempotencyKey }, newRequest())
  if (!result.ok) throw new Error('the draft was refused')
  return result.value.screeningId
}
const sign = (
  screeningId = draftId,
  fields: CaptureInput = legalFields,
  idempotencyKey = newKey(),
  actor = the.person('pharmacist'),
) => the.actions.signScreening(actor, { screeningId, fields, idempotencyKey }, newRequest())
const state = async (screeningId = draftId) => {
  const [row] = await the.admin<{ status: string; declared: number }[]>`select status,
    (select count(*)::int from declarations d where d.screening_id = s.screening_id) as declared
    from screenings s where screening_id = ${screeningId}`
  return row
}
const unsigned = { status: 'draft', declared: 0 }
const lastEvent = async () => (await the.events()).at(-1)

test('a signed draft is declared to every destination, in the signer’s name and role, and the signature is recorded', async () => {
  const actor = the.person('titular')
  expect(await sign(draftId, legalFields, newKey(), actor)).toEqual({
    ok: true,
    value: { screeningId: draftId, status: 'signed', replayed: false },
  })
  expect(await state()).toEqual({ status: 'signed', declared: 2 })
  const [row] =
    await the.admin`select drafted_by, signed_by, signed_role, version from screenings where screening_id = ${draftId}`
  expect(row).toEqual({
    drafted_by: the.person('preparer').professionalId,
    signed_by: actor.professionalId,
    signed_role: 'titular',
    version: 1,
  })
  expect(await lastEvent()).toMatchObject({
    action: 'screening.sign',
    outcome: 'done',
    objectId: draftId,
    details: { declarations: 2 },
  })
})

test('what is signed is what the form read at the signature, not what was drafted', async () => {
  await sign(draftId, { ...legalFields, birthName: 'LENÔTRE', 'result.sars-cov-2': 'negative' })
  const view = await the.actions.getScreening(the.person('pharmacist'), draftId, newRequest())
  expect(view.patient.birthName).toBe('LENÔTRE')
  expect(view.act.results).toEqual([{ analyte: 'sars-cov-2', result: 'negative' }])
})

test('each role may sign or is refused as the table says; a refusal is recorded and the draft stays', async () => {
  for (const role of roles) {
    draftId = await draft()
    const signing = sign(draftId, legalFields, newKey(), the.person(role))
    if (roleMay(role, 'screening.sign')) {
      expect((await signing).ok).toBe(true)
      continue
    }
    await expect(signing).rejects.toMatchObject({ code: 'forbidden' })
    expect(await state()).toEqual(unsigned)
    expect(await lastEvent()).toMatchObject({ action: 'screening.sign', outcome: 'denied', code: 'forbidden', objectId: draftId })
  }
})

test('another pharmacy’s draft is not there; the try is recorded in the trier’s own pharmacy', async () => {
  const stranger = the.person('titular', the.pharmacies[1])
  await expect(sign(draftId, legalFields, newKey(), stranger)).rejects.toMatchObject({ code: 'not-found' })
  expect(await state()).toEqual(unsigned)
  const [event] =
    await the.admin`select pharmacy_id, action, outcome, code, object_id from audit_events order by seq desc limit 1`
  expect(event).toEqual({
    pharmacy_id: stranger.pharmacyId,
    action: 'screening.sign',
    outcome: 'denied',
    code: 'not-found',
    object_id: draftId,
  })
})

test.for(['', 'x', '00000000-0000-4000-8000-000000000000', "' or 1=1 --"])('what has the id %j is not there', async (id) => {
  await expect(sign(id)).rejects.toMatchObject({ code: 'not-found' })
})

test('a problem in a field leaves the draft as it was', async () => {
  expect(await sign(draftId, { ...legalFields, birthName: 'A|B' })).toEqual({
    ok: false,
    problem: [{ field: 'birthName', code: 'forbidden-character' }],
  })
  expect(await state()).toEqual(unsigned)
})

describe('signing twice', () => {
  test('with the same request answers the same; nothing is declared a second time', async () => {
    const key = newKey()
    await sign(draftId, legalFields, key)
    expect(await sign(draftId, legalFields, key)).toEqual({
      ok: true,
      value: { screeningId: draftId, status: 'signed', replayed: true },
    })
    expect(await state()).toEqual({ status: 'signed', declared: 2 })
  })

  test('with another request is a conflict, and leaves no key behind', async () => {
    await sign()
    const before = await the.counts()
    await expect(sign()).rejects.toMatchObject({ code: 'conflict' })
    expect(await the.counts()).toEqual(before)
  })

  test('at once, by ten people, is won by one', async () => {
    const ends = await Promise.allSettled(Array.from({ length: 10 }, () => sign()))
    expect(ends.filter((end) => end.status === 'fulfilled')).toHaveLength(1)
    for (const end of ends) if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'conflict' })
    expect(await state()).toEqual({ status: 'signed', declared: 2 })
  })
})

describe('an idempotency key stands for one request alone', () => {
  test('the key of the capture does not answer for the signature', async () => {
    const key = newKey()
    const actor = the.person('pharmacist')
    const captured = await the.actions.captureScreening(actor, { fields: legalFields, idempotencyKey: key }, newRequest())
    expect(captured.ok).toBe(true)
    await expect(sign(draftId, legalFields, key, actor)).rejects.toMatchObject({ code: 'conflict' })
    expect(await state()).toEqual(unsigned)
  })

  test('the key of a cancellation does not answer for a correction, even one of nothing', async () => {
    const [key, actor, reason] = [newKey(), the.person('pharmacist'), 'saisie en double']
    await sign()
    const change = { screeningId: draftId, version: 1, reason, idempotencyKey: key }
    expect(await the.actions.cancelScreening(actor, change, newRequest())).toMatchObject({ ok: true })
    const correction = the.actions.correctScreening(actor, { ...change, fields: {} }, newRequest())
    await expect(correction).rejects.toMatchObject({ name: 'GatewayError', code: 'conflict' })
  })

  test('the key of one signature does not answer for another draft', async () => {
    const key = newKey()
    const other = await draft()
    await sign(other, legalFields, key)
    await expect(sign(draftId, legalFields, key)).rejects.toMatchObject({ code: 'conflict' })
    expect(await state()).toEqual(unsigned)
  })
})

test('a draft whose key was erased is not there any more', async () => {
  const [row] = await the.admin<{ ref: string }[]>`select key_ref as ref from screenings where screening_id = ${draftId}`
  await the.world.store.sql`delete from record_keys where ref = ${row?.ref ?? ''}`
  the.keyRing.forgetRecordKeys([row?.ref ?? ''])
  await expect(sign()).rejects.toMatchObject({ code: 'not-found' })
  expect(await state()).toEqual(unsigned)
})

test('while the key store is away, a draft of another replica cannot be signed: unavailable, and it stays', async () => {
  const actions = the.withDeps({ keyRing: the.world.ring({ store: the.store }) })
  the.store.cut = true
  const input = { screeningId: draftId, fields: legalFields, idempotencyKey: newKey() }
  await expect(actions.signScreening(the.person('pharmacist'), input, newRequest())).rejects.toMatchObject({
    code: 'unavailable',
  })
  the.store.cut = false
  expect(await state()).toEqual(unsigned)
})
