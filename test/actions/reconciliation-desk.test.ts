/** From the page's question to the answer: asked for by a person, compared by the worker, each difference decided by a person. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { bindReconciliationDesk, type ReconciliationDesk } from '../../src/actions/reconciliation-desk.ts'
import { type RunDeps, runReconciliations } from '../../src/actions/run-reconciliations.ts'
import { addMs } from '../../src/base/clock.ts'
import { randomId } from '../../src/base/ids.ts'
import type { DestinationSettings } from '../../src/domain/destination-settings.ts'
import { parisDay } from '../../src/domain/paris-time.ts'
import { type ActionsWorld, legalFields, newKey, newRequest, openActionsWorld } from '../support/actions-fixture.ts'

let the: ActionsWorld
let desk: ReconciliationDesk
let day: string
const held = new Set<string>()
let ask: ReturnType<RunDeps['findAsk']>

beforeAll(async () => {
  the = await openActionsWorld()
  const lookUp = { path: '/held/', timeoutMs: 1000, askAfterMs: 1000 }
  const destinations = [
    { id: 'sidep', label: 'SI-DEP', lookUp },
    { id: 'dmp', label: 'DMP' },
  ] as unknown as readonly DestinationSettings[]
  desk = bindReconciliationDesk({
    database: the.database,
    clock: the.world.clock,
    newId: randomId,
    destinationsOf: () => destinations,
    findDestination: (id) => destinations.find((one) => one.id === id) ?? null,
  })
})
afterAll(() => the?.close())
beforeEach(async () => {
  for (const table of [
    'reconciliation_differences',
    'reconciliations',
    'received_by_hand',
    'attempts',
    'declarations',
    'screenings',
    'audit_events',
  ])
    await the.admin`delete from ${the.admin(table)}`
  held.clear()
  ask = async ({ controlId }) => (held.has(controlId) ? 'held' : 'not-held')
  the.world.clock.move(Date.parse('2026-03-02T08:00:00Z') - the.world.clock.now().getTime())
  day = '2026-03-02'
})

/** Captured yesterday, at `sidep` in this state. */
async function declared(state: 'parked' | 'cancelled' | 'queued', pharmacy: 0 | 1 = 0): Promise<string> {
  const actor = the.person('pharmacist', the.pharmacies[pharmacy])
  const done = await the.actions.captureScreening(actor, { fields: legalFields, idempotencyKey: newKey() }, newRequest())
  if (!done.ok) throw new Error(JSON.stringify(done.problem))
  const [row] = await the.admin<{ control_id: string }[]>`update declarations set state = ${state}
    where screening_id = ${done.value.screeningId} and destination = 'sidep' returning control_id`
  return row?.control_id ?? ''
}
const tomorrow = () => the.world.clock.move(86_400_000)
const asked = async (list = '', destination = 'sidep') => {
  const done = await desk.ask(the.person('titular'), { destination, day, list }, newRequest())
  if (!done.ok) throw new Error(done.problem)
  return done.value.id
}
const run = (signal = new AbortController().signal) =>
  runReconciliations({ database: the.database, clock: the.world.clock, newId: randomId, findAsk: () => ask }, signal)
const found = (id: string) => desk.find(the.person('titular'), id, newRequest())
const actionsOf = async () => (await the.events()).map((one) => one.action).filter((action) => action.startsWith('reconc'))

test('names what differs at one’s own pharmacy, both ways, and no other pharmacy’s', async () => {
  const lost = await declared('parked')
  held.add(lost)
  const withdrawn = await declared('cancelled')
  held.add(withdrawn)
  await declared('queued')
  await declared('parked', 1)
  tomorrow()
  const id = await asked()
  expect(await found(id)).toMatchObject({ state: 'waiting', differences: [] })
  expect(await run()).toEqual({ compared: 3, differing: 2, failed: 0 })
  const detail = await found(id)
  expect(detail).toMatchObject({ state: 'done', asked: 3, agreed: 1, differing: 2, byList: false })
  expect(detail.differences.map(({ controlId, problem, proposal }) => [controlId, problem, proposal])).toEqual([
    [lost, 'stopped-but-held', 'mark-received'],
    [withdrawn, 'withdrawn-but-held', 'cancel-there'],
  ])
  await expect(desk.find(the.person('titular', the.pharmacies[1]), id, newRequest())).rejects.toMatchObject({ code: 'not-found' })
  expect(await actionsOf()).toEqual([
    'reconciliation.request',
    'reconciliation.read',
    'reconciliation.end',
    'reconciliation.read',
  ])
})

test('a list of theirs is taken instead of questions, and names what nobody here ever sent; another pharmacy’s is no stranger', async () => {
  const ours = await declared('cancelled')
  const elsewhere = await declared('queued', 1)
  tomorrow()
  ask = null
  const id = await asked(`STRANGER01\n${elsewhere}`, 'sidep')
  await run()
  expect((await found(id)).differences.map(({ controlId, problem }) => [controlId, problem])).toEqual([
    ['STRANGER01', 'unknown-to-us'],
  ])
  expect(ours).not.toBe('')
})

test('what a person does elsewhere settles the difference, and what is written about is taken in hand once', async () => {
  const lost = await declared('parked')
  held.add(lost)
  held.add(await declared('cancelled'))
  tomorrow()
  const id = await asked()
  await run()
  const [marked, written] = (await found(id)).differences
  if (!marked?.screeningId || !marked.declarationId || !written) throw new Error('two differences')
  const ids = { screeningId: marked.screeningId, declarationId: marked.declarationId }
  const actor = the.person('titular')
  await the.actions.markReceived(actor, { ...ids, reason: 'vu chez le destinataire' }, newRequest())
  // Settled by its own action, and by no other.
  const handle = (differenceId: string) => desk.handle(actor, { reconciliationId: id, differenceId }, newRequest())
  await expect(handle(marked.id)).rejects.toMatchObject({ code: 'conflict' })
  const twice = await Promise.allSettled([handle(written.id), handle(written.id)])
  expect(twice.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect((await found(id)).differences.map(({ stateNow, handled }) => [stateNow, handled])).toEqual([
    ['received', false],
    ['cancelled', true],
  ])
  expect((await actionsOf()).filter((action) => action === 'reconciliation.handle')).toHaveLength(1)
})

test('asking twice waits once; a run that is cut off keeps nothing and is begun anew, three times at most', async () => {
  await declared('parked')
  tomorrow()
  const id = await asked()
  expect(await asked()).toBe(id)
  const cut = new AbortController()
  const answer = ask
  ask = async (sent, signal) => {
    cut.abort()
    return (await answer?.(sent, signal)) ?? 'unclear'
  }
  expect(await run(cut.signal)).toEqual({ compared: 0, differing: 0, failed: 0 })
  expect(await found(id)).toMatchObject({ state: 'waiting', differences: [] })
  await the.admin`update reconciliations set tries = 3`
  expect(await run()).toMatchObject({ failed: 1 })
  expect(await found(id)).toMatchObject({ state: 'failed' })
})

test.for([
  ['a destination that is none of the pharmacy’s', { destination: 'nowhere' }, 'destination'],
  ['today, which is not over', { today: true }, 'day'],
  ['a day that is none', { day: '2026-02-30' }, 'day'],
  ['a list of something else', { list: 'Dupont, Jean' }, 'list'],
  ['a destination that cannot be asked, without a list', { destination: 'dmp' }, 'cannot-be-asked'],
] as const)('%s is refused', async ([, wrong, problem]) => {
  tomorrow()
  const { today = false, ...given } = wrong as { today?: boolean }
  const input = { destination: 'sidep', day: today ? parisDay(addMs(the.world.clock.now(), 0)) : day, list: '', ...given }
  expect(await desk.ask(the.person('titular'), input, newRequest())).toEqual({ ok: false, problem })
})

test('who reads the ledger may read it, and only titulars, pharmacists and group administrators ask', async () => {
  tomorrow()
  const input = { destination: 'sidep', day, list: '' }
  for (const role of ['dpo', 'student', 'preparer'] as const)
    await expect(desk.ask(the.person(role), input, newRequest())).rejects.toMatchObject({ code: 'forbidden' })
  expect((await desk.list(the.person('dpo'), newRequest())).mayAsk).toBe(false)
  await expect(desk.list(the.person('preparer'), newRequest())).rejects.toMatchObject({ code: 'forbidden' })
  for (const role of ['group-admin', 'pharmacist'] as const)
    expect((await desk.ask(the.person(role), input, newRequest())).ok).toBe(true)
})
