/** A parked declaration waits for a person: who may decide, once, and what is left of it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ActionsWorld, legalFields, newKey, newRequest, openActionsWorld } from '../support/actions-fixture.ts'

let the: ActionsWorld

beforeAll(async () => {
  the = await openActionsWorld()
})
afterAll(() => the?.close())

/** A screening of which one declaration has been parked, its budget spent. */
async function parked(): Promise<{ screeningId: string; declarationId: string }> {
  const done = await the.actions.captureScreening(
    the.person('pharmacist'),
    { fields: legalFields, idempotencyKey: newKey() },
    newRequest(),
  )
  if (!done.ok) throw new Error('captured')
  const { screeningId } = done.value
  const [row] =
    await the.admin`update declarations set state = 'parked', code = 'retry-budget-spent', attempt_count = 200, due_at = now() + interval '1 day'
    where id = (select id from declarations where screening_id = ${screeningId} order by destination limit 1) returning id`
  return { screeningId, declarationId: row?.id }
}
const find = async (declarationId: string) =>
  (
    await the.admin`select state, attempt_count, due_at <= now() as due, control_id from declarations where id = ${declarationId}`
  )[0]

test('a pharmacist sends it again: due at once, with a fresh budget, under the same control id, and in the trace', async () => {
  const ids = await parked()
  const before = await find(ids.declarationId)
  await the.actions.retryDeclaration(the.person('pharmacist'), ids, newRequest())
  expect(await find(ids.declarationId)).toEqual({ state: 'queued', attempt_count: 0, due: true, control_id: before?.control_id })
  const [event] = (await the.events()).filter((one) => one.objectId === ids.declarationId && one.action === 'declaration.retry')
  expect(event).toMatchObject({ outcome: 'done', details: { was: 'parked', stoppedFor: 'retry-budget-spent', attempts: 200 } })
})

test('twice is a conflict, and so is one that has not stopped: nothing is sent out of turn', async () => {
  const ids = await parked()
  const send = () => the.actions.retryDeclaration(the.person('pharmacist'), ids, newRequest())
  const both = await Promise.allSettled([send(), send()])
  expect(both.map((one) => one.status).toSorted()).toEqual(['fulfilled', 'rejected'])
  for (const state of ['accepted', 'received', 'cancelled']) {
    await the.admin`update declarations set state = ${state} where id = ${ids.declarationId}`
    await expect(send()).rejects.toMatchObject({ code: 'conflict' })
    expect((await find(ids.declarationId))?.state).toBe(state)
  }
})

test('a preparer may not, and to another pharmacy it is not there; both are in the trace, and it stays parked', async () => {
  const ids = await parked()
  await expect(the.actions.retryDeclaration(the.person('preparer'), ids, newRequest())).rejects.toMatchObject({
    code: 'forbidden',
  })
  const stranger = the.person('titular', the.pharmacies[1])
  await expect(the.actions.retryDeclaration(stranger, ids, newRequest())).rejects.toMatchObject({ code: 'not-found' })
  expect((await find(ids.declarationId))?.state).toBe('parked')
  const denied = (await the.events()).filter((one) => one.objectId === ids.screeningId && one.outcome === 'denied')
  expect(denied.map((one) => one.code).toSorted()).toEqual(['forbidden', 'not-found'])
})

test("a declaration of another screening, or no id at all, is not found through this screening's address", async () => {
  const [one, other] = [await parked(), await parked()]
  for (const declarationId of [other.declarationId, 'DUPONT', ''])
    await expect(
      the.actions.retryDeclaration(the.person('pharmacist'), { screeningId: one.screeningId, declarationId }, newRequest()),
    ).rejects.toMatchObject({ code: 'not-found' })
  expect((await find(other.declarationId))?.state).toBe('parked')
})
