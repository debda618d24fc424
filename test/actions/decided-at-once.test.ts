/** A refused declaration that two people decide upon at once: one corrects the screening, the other lets the old version go on. */
import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Actions } from '../../src/actions/actions.ts'
import { markReceivedByOperator, type OperatorDeps } from '../../src/commands/queue-verbs.ts'
import { anyStopped } from '../../src/domain/stopped.ts'
import { releaseRetriesJob } from '../../src/queue/release-retries.ts'
import type { Database } from '../../src/storage/database.ts'
import { findBatch, insertBatch } from '../../src/storage/retry-batches.ts'
import { type ActionsWorld, legalFields, newKey, newRequest, openActionsWorld } from '../support/actions-fixture.ts'
import { until } from '../support/until.ts'

let the: ActionsWorld

beforeAll(async () => {
  the = await openActionsWorld()
})
afterAll(() => the?.close())

type Ids = { readonly screeningId: string; readonly declarationId: string }
const me = () => the.person('pharmacist')

/** A screening that `sidep` refused, and `dmp` took. */
async function refused(): Promise<Ids> {
  const done = await the.actions.captureScreening(me(), { fields: legalFields, idempotencyKey: newKey() }, newRequest())
  if (!done.ok) throw new Error('captured')
  const { screeningId } = done.value
  await the.admin`delete from declarations where screening_id = ${screeningId} and destination <> 'sidep'`
  const [row] = await the.admin`update declarations set state = 'rejected', code = 'table-value', settled_at = now()
    where screening_id = ${screeningId} returning id`
  return { screeningId, declarationId: row?.id }
}

/** Actions whose transactions wait before they commit, once they have written what `isLast` knows as the answer of the last. */
function holding(isLast: (value: unknown) => boolean): { actions: Actions; done: Promise<void>; letGo(): void } {
  const written = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const forPharmacy: Database['forPharmacy'] = (pharmacyId, run) =>
    the.database.forPharmacy(pharmacyId, async (tx) => {
      const value = await run(tx)
      if (!isLast(value)) return value
      written.resolve()
      await gate.promise
      return value
    })
  const actions = the.withDeps({ database: { forPharmacy, forNobody: the.database.forNobody } })
  return { actions, done: written.promise, letGo: () => gate.resolve() }
}

const correct = (actions: Actions, { screeningId }: Ids) =>
  actions.correctScreening(
    me(),
    { screeningId, version: 1, fields: { ...legalFields, birthName: 'LENÔTRE' }, reason: 'nom mal lu', idempotencyKey: newKey() },
    newRequest(),
  )
const someoneWaits = async () =>
  (await the.admin`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`).length > 0
const declared = async ({ screeningId }: Ids) =>
  (
    await the.admin`select version, kind, state from declarations where screening_id = ${screeningId} and destination = 'sidep' order by version`
  ).map((row) => [row.version, row.kind, row.state])

/** Each lets the refused version go on, or ends it; answers what came of it. */
const ways: Record<string, (ids: Ids, prepared: string) => Promise<unknown>> = {
  'sent again': (ids) =>
    the.actions.retryDeclaration(me(), ids, newRequest()).then(
      () => 'done',
      (cause) => cause.code,
    ),
  'marked as received': (ids) =>
    the.actions.markReceived(me(), { ...ids, reason: 'vu au portail' }, newRequest()).then(
      () => 'done',
      (cause) => cause.code,
    ),
  'marked as received by the operator': async ({ declarationId }) => {
    const deps = {
      database: the.database,
      clock: { now: () => new Date() },
      openKeyRing: () => the.keyRing,
    } as unknown as OperatorDeps
    const input = { id: declarationId, operator: 'alix', reason: 'vu au portail', really: true }
    const code = await markReceivedByOperator(deps, input, () => undefined)
    return code === 0 ? 'done' : 'conflict'
  },
  'released with many': async (_ids, batchId) => {
    const deps = { database: the.database, clock: { now: () => new Date() }, randomBytes, isConfigured: () => true }
    await releaseRetriesJob(deps).run(new AbortController().signal)
    const batch = await the.database.forWorker((tx) => findBatch(tx, batchId))
    return batch?.skipped === 1 ? 'conflict' : 'done'
  },
}

async function batchOf({ declarationId }: Ids): Promise<string> {
  const id = randomUUID()
  const order = { by: { operator: 'alix' }, filter: { ...anyStopped, state: 'rejected' as const }, perSecond: 50, limit: 100 }
  await the.admin`update declarations set state = 'cancelled' where state = 'rejected' and id <> ${declarationId}`
  await the.database.forWorker((tx) =>
    insertBatch(tx, { ...order, id, includeDoubtful: true, promises: { safe: [] }, aloneMax: 100 }),
  )
  await the.admin`update retry_batches set paced_from = now() - interval '1 hour' where id = ${id}`
  return id
}

describe('while a correction of it is being written, a refused declaration', () => {
  test.each(Object.entries(ways))('is not %s: only the new version is declared, once', async (_name, way) => {
    const ids = await refused()
    const batchId = await batchOf(ids)
    const held = holding((value) => typeof value === 'object' && value !== null && 'ok' in value)
    const correction = correct(held.actions, ids)
    await held.done
    const other = way(ids, batchId)
    await until('the other waits for the lock', someoneWaits)
    held.letGo()
    expect(await correction).toMatchObject({ ok: true })
    expect(await other).toBe('conflict')
    expect(await declared(ids)).toEqual([
      [1, 'original', 'rejected'],
      [2, 'original', 'queued'],
    ])
  })
})

describe('while it is being sent again', () => {
  test('a refused declaration is taken back by the correction that waited: only the new version is declared', async () => {
    const ids = await refused()
    const held = holding((value) => value === undefined)
    const retry = held.actions.retryDeclaration(me(), ids, newRequest())
    await held.done
    const correction = correct(the.actions, ids)
    await until('the correction waits for the lock', someoneWaits)
    held.letGo()
    await retry
    expect(await correction).toMatchObject({ ok: true })
    expect(await declared(ids)).toEqual([
      [1, 'original', 'cancelled'],
      [2, 'original', 'queued'],
    ])
  })
})
