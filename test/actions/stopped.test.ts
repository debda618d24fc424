/** What has stopped: seen, sent again one by one or many at once, or ended by somebody who found it at the destination. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ActionsWorld, legalFields, newKey, newRequest, openActionsWorld } from '../support/actions-fixture.ts'

let the: ActionsWorld

beforeAll(async () => {
  the = await openActionsWorld()
})
afterAll(() => the?.close())
beforeEach(async () => {
  for (const table of [
    'retry_batch_items',
    'retry_batches',
    'received_by_hand',
    'attempts',
    'declarations',
    'screenings',
    'audit_events',
  ])
    await the.admin`delete from ${the.admin(table)}`
})

type Ids = { readonly screeningId: string; readonly declarationId: string }

/** A screening of which the declaration at `sidep` has stopped. */
async function stopped(
  how: { state?: 'parked' | 'rejected'; code?: string; mayBeThere?: boolean; pharmacy?: 0 | 1 } = {},
): Promise<Ids> {
  const { state = 'parked', code = 'answer-lost', mayBeThere = false, pharmacy = 0 } = how
  const actor = the.person('pharmacist', the.pharmacies[pharmacy])
  const done = await the.actions.captureScreening(actor, { fields: legalFields, idempotencyKey: newKey() }, newRequest())
  if (!done.ok) throw new Error('captured')
  const { screeningId } = done.value
  const [row] = await the.admin`
    update declarations set state = ${state}, code = ${code}, attempt_count = 3, settled_at = ${state === 'rejected' ? new Date() : null}
    where screening_id = ${screeningId} and destination = 'sidep' returning id`
  const declarationId: string = row?.id
  await the.admin`insert into attempts (declaration_id, epoch, pharmacy_id, worker, started_at, ended_at, outcome, code)
    values (${declarationId}, 1, ${actor.pharmacyId}, 'w', now() - interval '1 minute', now() - interval '1 minute',
      ${mayBeThere ? 'ambiguous' : state === 'rejected' ? 'permanent' : 'transient'}, ${code})`
  return { screeningId, declarationId }
}

const row = async (id: string) =>
  (await the.admin`select state, code, control_id, attempt_count, settled_at from declarations where id = ${id}`)[0]
const eventsOf = async (action: string) => (await the.events()).filter((one) => one.action === action)
const me = () => the.person('pharmacist')
const boss = () => the.person('titular')
const all = { destination: null, state: null, code: null }

describe('what a destination refused for good', () => {
  test('goes again under a fresh control id once what was wrong is mended, and the old one stays in the trace', async () => {
    const ids = await stopped({ state: 'rejected', code: 'table-value' })
    const before = await row(ids.declarationId)
    await the.actions.retryDeclaration(me(), ids, newRequest())
    const after = await row(ids.declarationId)
    expect(after).toMatchObject({ state: 'queued', attempt_count: 0, settled_at: null })
    expect(after?.control_id).not.toBe(before?.control_id)
    const [event] = await eventsOf('declaration.retry')
    expect(event?.details).toMatchObject({ was: 'rejected', stoppedFor: 'table-value', previousControlId: before?.control_id })
  })

  test('keeps its control id where an earlier try may be there: only by that one can it be recognised', async () => {
    const ids = await stopped({ state: 'rejected', code: 'wrong-version', mayBeThere: true })
    const before = await row(ids.declarationId)
    await the.actions.retryDeclaration(me(), ids, newRequest())
    expect((await row(ids.declarationId))?.control_id).toBe(before?.control_id)
  })

  test('keeps its control id where it was refused because the destination holds this one: a fresh one would be taken a second time', async () => {
    const ids = await stopped({ state: 'rejected', code: 'duplicate-key' })
    const before = await row(ids.declarationId)
    await the.actions.retryDeclaration(me(), ids, newRequest())
    expect(await row(ids.declarationId)).toMatchObject({ state: 'queued', control_id: before?.control_id })
  })

  test('is replaced, not declared anew, by a correction where it was refused because the destination holds it', async () => {
    const { screeningId } = await stopped({ state: 'rejected', code: 'duplicate-key' })
    const change = { screeningId, version: 1, fields: { ...legalFields, birthName: 'LENÔTRE' }, reason: 'nom mal lu' }
    await the.actions.correctScreening(me(), { ...change, idempotencyKey: newKey() }, newRequest())
    const [next] = await the.admin`select kind, replaces_version, state from declarations
      where screening_id = ${screeningId} and destination = 'sidep' and version = 2`
    expect(next).toEqual({ kind: 'replacement', replaces_version: 1, state: 'queued' })
  })

  test('is a way out for a refused cancellation too', async () => {
    const ids = await stopped({ state: 'rejected', code: 'application-error' })
    await the.admin`update screenings set status = 'cancelled' where screening_id = ${ids.screeningId}`
    await the.actions.retryDeclaration(me(), ids, newRequest())
    expect(await row(ids.declarationId)).toMatchObject({ state: 'queued' })
  })

  test('does not go again once a newer version has taken its place: it would arrive after it', async () => {
    const ids = await stopped({ state: 'rejected' })
    await the.admin`update screenings set status = 'superseded' where screening_id = ${ids.screeningId}`
    await expect(the.actions.retryDeclaration(me(), ids, newRequest())).rejects.toMatchObject({ code: 'conflict' })
    expect((await the.actions.listStopped(me(), { page: 1 }, newRequest())).total).toBe(0)
  })
})

describe('received by hand', () => {
  const mark = (ids: Ids, reason = 'Vu au portail, accusé du 12 mars.') =>
    the.actions.markReceived(me(), { ...ids, reason }, newRequest())

  test('ends it with who, when and why, without a receipt, a charge or a word in the clear', async () => {
    const ids = await stopped({ mayBeThere: true })
    expect(await mark(ids)).toEqual({ ok: true, value: null })
    expect(await row(ids.declarationId)).toMatchObject({ state: 'received' })
    expect((await row(ids.declarationId))?.settled_at).not.toBeNull()
    const [kept] =
      await the.admin`select was, code, decided_by, operator, reason from received_by_hand where declaration_id = ${ids.declarationId}`
    expect(kept).toMatchObject({ was: 'parked', code: 'answer-lost', decided_by: me().professionalId, operator: null })
    expect(Buffer.from(kept?.reason).toString('utf8')).not.toContain('portail')
    const [counts] =
      await the.admin`select (select count(*) from receipts)::int as receipts, (select count(*) from charges)::int as charges`
    expect(counts).toEqual({ receipts: 0, charges: 0 })
    expect(await eventsOf('declaration.mark-received')).toMatchObject([
      {
        outcome: 'done',
        objectId: ids.declarationId,
        details: { destination: 'sidep', was: 'parked', stoppedFor: 'answer-lost' },
      },
    ])
    expect(JSON.stringify(await the.events())).not.toContain('portail')
  })

  test('needs a reason, and a declaration that has stopped; twice is a conflict', async () => {
    const ids = await stopped()
    for (const [reason, problem] of [
      ['', 'required'],
      ['  ', 'required'],
      ['ok', 'too-short'],
      ['x'.repeat(301), 'too-long'],
    ] as const)
      expect(await mark(ids, reason)).toEqual({ ok: false, problem })
    expect(await row(ids.declarationId)).toMatchObject({ state: 'parked' })
    const both = await Promise.allSettled([mark(ids), mark(ids)])
    expect(both.map((one) => one.status).toSorted()).toEqual(['fulfilled', 'rejected'])
    await the.admin`update declarations set state = 'queued' where id = ${ids.declarationId}`
    await expect(mark(ids)).rejects.toMatchObject({ code: 'conflict' })
  })

  test('is for those who may decide: a preparer may not, and to another pharmacy it is not there', async () => {
    const ids = await stopped()
    const as = (actor: ReturnType<typeof me>) =>
      the.actions.markReceived(actor, { ...ids, reason: 'vu au portail' }, newRequest())
    await expect(as(the.person('preparer'))).rejects.toMatchObject({ code: 'forbidden' })
    await expect(as(the.person('titular', the.pharmacies[1]))).rejects.toMatchObject({ code: 'not-found' })
    expect(await row(ids.declarationId)).toMatchObject({ state: 'parked' })
    expect((await the.events()).filter((one) => one.action === 'declaration.mark-received').map((one) => one.code)).toEqual([
      'forbidden',
      'not-found',
    ])
  })
})

describe('at a destination that the configuration has dropped', () => {
  /** `sidep` is gone, `dmp` is there. */
  const without = () => {
    const left = the.destinations.filter((one) => one.id !== 'sidep')
    return the.withDeps({ destinationsOf: () => left, findDestination: (id) => left.find((one) => one.id === id) ?? null })
  }
  const reason = 'vu au portail, avant le retrait'
  async function waiting(): Promise<Ids> {
    const ids = await stopped({ mayBeThere: true })
    await the.admin`update declarations set state = 'queued' where id = ${ids.declarationId}`
    return ids
  }

  test('nothing is sent again: it stays in sight among what has stopped, and whoever asks is told why', async () => {
    const parked = await stopped()
    const refused = await stopped({ state: 'rejected', code: 'table-value' })
    for (const ids of [parked, refused])
      await expect(without().retryDeclaration(me(), ids, newRequest())).rejects.toMatchObject({ code: 'not-configured' })
    for (const destination of ['sidep', null]) {
      expect(await without().previewRetry(me(), { ...all, destination }, newRequest())).toMatchObject({
        count: 0,
        notConfigured: 2,
      })
      const ask = { ...all, destination, perSecond: 5, includeDoubtful: true }
      await expect(without().retryMany(me(), ask, newRequest())).rejects.toMatchObject({ code: 'not-configured' })
    }
    expect([(await row(parked.declarationId))?.state, (await row(refused.declarationId))?.state]).toEqual(['parked', 'rejected'])
    const page = await without().listStopped(me(), { page: 1 }, newRequest())
    expect(page.groups.map((group) => group.configured)).toEqual([false, false])
  })

  test('a retry of all takes what is at the others, and leaves this one where it is', async () => {
    const { declarationId } = await stopped()
    const { screeningId } = await stopped()
    await the.admin`update declarations set state = 'parked', code = 'busy' where screening_id = ${screeningId} and destination = 'dmp'`
    const batch = await without().retryMany(me(), { ...all, perSecond: 5, includeDoubtful: false }, newRequest())
    expect(batch).toMatchObject({ chosen: 1 })
    expect(await the.admin`select 1 from retry_batch_items where declaration_id = ${declarationId}`).toHaveLength(0)
  })

  test('what is queued and may be there, which no correction can take back, ends as received by hand, in the trace', async () => {
    const ids = await waiting()
    expect(await without().markReceived(me(), { ...ids, reason }, newRequest())).toEqual({ ok: true, value: null })
    expect(await row(ids.declarationId)).toMatchObject({ state: 'received' })
    const [kept] = await the.admin`select was, decided_by from received_by_hand where declaration_id = ${ids.declarationId}`
    expect(kept).toEqual({ was: 'queued', decided_by: me().professionalId })
    expect(await eventsOf('declaration.mark-received')).toMatchObject([{ details: { destination: 'sidep', was: 'queued' } }])
  })

  test('only there: what is queued for a destination that is configured goes its way, and nobody ends it by hand', async () => {
    const ids = await waiting()
    await expect(the.actions.markReceived(me(), { ...ids, reason }, newRequest())).rejects.toMatchObject({ code: 'conflict' })
    expect(await row(ids.declarationId)).toMatchObject({ state: 'queued' })
    // Nor what a worker holds, wherever it goes.
    await the.admin`update declarations set state = 'claimed', claimed_by = 'w', lease_until = now() where id = ${ids.declarationId}`
    await expect(without().markReceived(me(), { ...ids, reason }, newRequest())).rejects.toMatchObject({ code: 'conflict' })
  })
})

describe('the list of what has stopped', () => {
  test('is in groups that one sentence can speak of, with the names, of this pharmacy alone, and its reading is traced', async () => {
    await stopped()
    await stopped()
    await stopped({ state: 'rejected', code: 'ins-mismatch' })
    await stopped({ pharmacy: 1 })
    const list = await the.actions.listStopped(me(), { page: 1 }, newRequest())
    expect(list.groups.map(({ destination, state, code, count }) => ({ destination, state, code, count }))).toEqual([
      { destination: 'sidep', state: 'parked', code: 'answer-lost', count: 2 },
      { destination: 'sidep', state: 'rejected', code: 'ins-mismatch', count: 1 },
    ])
    expect(list).toMatchObject({ total: 3, page: 1, pages: 1 })
    expect(list.items).toHaveLength(3)
    expect(list.items[0]).toMatchObject({ birthName: "N'GUYEN VAN THÉO", destinationLabel: 'Récepteur sidep' })
    for (const item of list.items) expect(item.stoppedAt).toBeInstanceOf(Date)
    expect(await eventsOf('declaration.list-stopped')).toMatchObject([{ outcome: 'done', details: { total: 3, shown: 3 } }])
    await expect(the.actions.listStopped(the.person('preparer'), { page: 1 }, newRequest())).rejects.toMatchObject({
      code: 'forbidden',
    })
  })

  test('a page beyond the last is the last', async () => {
    await stopped()
    expect(await the.actions.listStopped(me(), { page: 7 }, newRequest())).toMatchObject({ page: 1, pages: 1 })
  })
})

describe('a retry of many', () => {
  const careful = () =>
    the.withDeps({ destinationsOf: () => the.destinations.map((one) => ({ ...one, deduplicates: 'none' as const })) })

  test('chooses what is parked, and says what it left out: those that may be there already', async () => {
    await stopped()
    await stopped({ mayBeThere: true })
    const preview = await careful().previewRetry(me(), all, newRequest())
    expect(preview).toMatchObject({ count: 2, doubtful: 1, needsApproval: false, aloneMax: 100 })
    const batch = await careful().retryMany(me(), { ...all, perSecond: 5, includeDoubtful: false }, newRequest())
    expect(batch).toMatchObject({ state: 'running', chosen: 1, released: 0 })
    const second = await careful().retryMany(me(), { ...all, perSecond: 5, includeDoubtful: true }, newRequest())
    expect(second.chosen).toBe(2)
    expect(await eventsOf('retry-batch.request')).toMatchObject([
      { details: { chosen: 1, includeDoubtful: false } },
      { details: { chosen: 2, includeDoubtful: true } },
    ])
  })

  test('leaves out what the destination said that it holds already, until a person says that they looked', async () => {
    await stopped({ state: 'rejected', code: 'table-value' })
    const held = await stopped({ state: 'rejected', code: 'duplicate-key' })
    const refused = { ...all, state: 'rejected' as const }
    expect(await careful().previewRetry(me(), refused, newRequest())).toMatchObject({ count: 2, doubtful: 1 })
    const page = await careful().listStopped(me(), { page: 1 }, newRequest())
    expect(page.items.filter((one) => one.doubtful).map((one) => one.declarationId)).toEqual([held.declarationId])
    const ask = { ...refused, perSecond: 5 }
    expect((await careful().retryMany(me(), { ...ask, includeDoubtful: false }, newRequest())).chosen).toBe(1)
    const only = { ...ask, code: 'duplicate-key' as const }
    await expect(careful().retryMany(me(), { ...only, includeDoubtful: false }, newRequest())).rejects.toMatchObject({
      code: 'conflict',
    })
    expect((await careful().retryMany(me(), { ...only, includeDoubtful: true }, newRequest())).chosen).toBe(1)
  })

  test('nothing is doubtful where the destination promises to recognise what it gets twice', async () => {
    await stopped({ mayBeThere: true })
    expect(await the.actions.previewRetry(me(), all, newRequest())).toMatchObject({ count: 1, doubtful: 0 })
  })

  test('of more than the bound waits for a second person: not for the one who asked, not for another pharmacy', async () => {
    for (let n = 0; n < 3; n++) await stopped()
    const two = the.withDeps({ retryAloneMax: 2 })
    const batch = await two.retryMany(me(), { ...all, perSecond: 5, includeDoubtful: false }, newRequest())
    expect(batch).toMatchObject({ state: 'waiting', chosen: 3, mayApprove: false })
    await expect(two.approveRetry(me(), batch.batchId, newRequest())).rejects.toMatchObject({ code: 'conflict' })
    const stranger = the.person('titular', the.pharmacies[1])
    await expect(two.approveRetry(stranger, batch.batchId, newRequest())).rejects.toMatchObject({ code: 'not-found' })
    await expect(two.approveRetry(the.person('preparer'), batch.batchId, newRequest())).rejects.toMatchObject({
      code: 'forbidden',
    })
    expect(await two.findRetryBatch(boss(), batch.batchId, newRequest())).toMatchObject({ state: 'waiting', mayApprove: true })
    await two.approveRetry(boss(), batch.batchId, newRequest())
    expect(await two.findRetryBatch(me(), batch.batchId, newRequest())).toMatchObject({ state: 'running' })
    expect(await eventsOf('retry-batch.approve')).toMatchObject([
      { outcome: 'denied', code: 'forbidden' },
      { outcome: 'done', actor: boss().professionalId, objectId: batch.batchId },
    ])
  })

  test('counts what the same person chose alone within a day, in the preview as in the decision, and not what others chose', async () => {
    for (let n = 0; n < 2; n++) await stopped()
    const three = the.withDeps({ retryAloneMax: 3 })
    const ask = (actor: ReturnType<typeof me>) =>
      three.retryMany(actor, { ...all, perSecond: 5, includeDoubtful: false }, newRequest())
    expect(await ask(me())).toMatchObject({ state: 'running', chosen: 2 })
    expect(await three.previewRetry(me(), all, newRequest())).toMatchObject({ needsApproval: true, aloneBefore: 2, aloneMax: 3 })
    expect(await three.previewRetry(boss(), all, newRequest())).toMatchObject({ needsApproval: false, aloneBefore: 0 })
    expect(await ask(me())).toMatchObject({ state: 'waiting', mayApprove: false })
    expect(await ask(boss())).toMatchObject({ state: 'running' })
    expect((await eventsOf('retry-batch.request')).map((one) => one.details['aloneBefore'])).toEqual([0, 2, 0])
  })

  test('cannot be let run by one person in two roles, whatever code asks for it: the table itself refuses', async () => {
    await stopped()
    const batch = await the
      .withDeps({ retryAloneMax: 0 })
      .retryMany(me(), { ...all, perSecond: 5, includeDoubtful: false }, newRequest())
    const approve = the.admin`update retry_batches set state = 'running', approved_by = requested_by, approved_at = now() where id = ${batch.batchId}`
    await expect(approve).rejects.toMatchObject({ code: '23514' })
    const skip = the.admin`update retry_batches set state = 'running' where id = ${batch.batchId}`
    await expect(skip).rejects.toMatchObject({ code: '23514' })
  })

  test('stops at once, and twice is a conflict', async () => {
    await stopped()
    const batch = await the.actions.retryMany(me(), { ...all, perSecond: 5, includeDoubtful: false }, newRequest())
    await the.actions.stopRetry(boss(), batch.batchId, newRequest())
    expect(await the.actions.findRetryBatch(me(), batch.batchId, newRequest())).toMatchObject({ state: 'stopped', released: 0 })
    await expect(the.actions.stopRetry(me(), batch.batchId, newRequest())).rejects.toMatchObject({ code: 'conflict' })
    expect(await eventsOf('retry-batch.stop')).toMatchObject([{ outcome: 'done', details: { chosen: 1, released: 0 } }])
  })

  test('of nothing is a conflict; a pace beyond bounds or an unknown reason is a bad request', async () => {
    const ask = (input: Partial<Parameters<typeof the.actions.retryMany>[1]>) =>
      the.actions.retryMany(me(), { ...all, perSecond: 5, includeDoubtful: false, ...input }, newRequest())
    await expect(ask({})).rejects.toMatchObject({ code: 'conflict' })
    await stopped()
    for (const perSecond of [0, -1, Number.NaN, 51, Number.POSITIVE_INFINITY])
      await expect(ask({ perSecond })).rejects.toMatchObject({ code: 'bad-request' })
    await expect(ask({ code: `'; drop table` as never })).rejects.toMatchObject({ code: 'bad-request' })
    await expect(ask({ destination: 'elsewhere' })).rejects.toMatchObject({ code: 'conflict' })
  })
})
