/** kill -9 for real, at the worst moment: the message is out, its answer is not settled. */
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parisDateTimeLocal } from '../../src/domain/paris-time.ts'
import { capture, signIn } from '../demo/once.ts'
import { demoCaptures } from '../demo/patients.ts'
import type { Stack } from '../demo/stack.ts'
import { createHeadlessBrowser } from '../simulators/pro-sante-connect/headless-browser.ts'
import { freePort } from '../support/free-port.ts'
import { startTestStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

let stack: Stack
let sql: postgres.Sql

beforeAll(async () => {
  stack = await startTestStack()
  sql = postgres(stack.superUrl, { max: 2, onnotice: () => undefined })
}, 120_000)

afterAll(async () => {
  await sql?.end()
  await stack?.close()
}, 60_000)

test('a worker killed between sent and settle leaves, after a restart, one receipt and one effect at the destination', async () => {
  const browser = createHeadlessBrowser({ redirectUris: [`${stack.url}/connexion/retour`] })
  await signIn(stack.url, browser, 'titulaire')
  // Taken at once, answered far too late: the time in which the worker dies.
  stack.sidep.faults.add({ mode: 'slow', ms: 60_000 })
  const [fields = {}] = demoCaptures(1, parisDateTimeLocal(new Date()))
  const screeningId = await capture(stack.url, browser, fields)
  await until('the simulator takes it', () => stack.sidep.received().some((one) => one.taken === 1))
  const find = async () =>
    (await sql`select id, state, control_id, epoch::int, attempt_count from declarations where screening_id = ${screeningId}`)[0]
  const before = await find()
  expect(before).toMatchObject({ state: 'sent', attempt_count: 1 })

  stack.worker.child.kill('SIGKILL')
  expect(await stack.worker.exited).toBe('SIGKILL')
  expect(await find()).toMatchObject({ state: 'sent', control_id: before?.control_id })
  expect(await sql`select 1 from receipts`).toHaveLength(0)

  // The lease of the dead runs out: time moved, not slept.
  await sql`update declarations set lease_until = now() - interval '1 second' where screening_id = ${screeningId}`
  await sql`update claimed_sets set leased_until = now() - interval '1 second'`
  await stack.startWorker('worker-2', await freePort())
  await until('a receipt', async () => (await find())?.state === 'accepted')

  expect(await sql`select control_id from receipts`).toEqual([{ control_id: before?.control_id }])
  const received = stack.sidep.received()
  expect(received.map(({ controlId, taken }) => ({ controlId, taken }))).toEqual([{ controlId: before?.control_id, taken: 1 }])
  expect(received[0]?.deliveries.length).toBe(2)
})
