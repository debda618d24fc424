/** The first cause of a silence: no worker runs at all. Who is left must say so. */
import { readFileSync } from 'node:fs'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parisDateTimeLocal } from '../../src/domain/paris-time.ts'
import { capture, signIn } from '../demo/once.ts'
import { demoCaptures } from '../demo/patients.ts'
import type { Stack } from '../demo/stack.ts'
import { createHeadlessBrowser } from '../simulators/pro-sante-connect/headless-browser.ts'
import { startTestStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

let stack: Stack
let sql: postgres.Sql

beforeAll(async () => {
  stack = await startTestStack()
  sql = postgres(stack.superUrl, { max: 1, onnotice: () => undefined })
}, 120_000)

afterAll(async () => {
  await sql?.end()
  await stack?.close()
}, 60_000)

test('with every worker dead the gateway tells of the silence, in its log and in its metrics, and still ends when it is told to', {
  timeout: 120_000,
}, async () => {
  stack.worker.child.kill('SIGKILL')
  await stack.worker.exited
  const browser = createHeadlessBrowser({ redirectUris: [`${stack.url}/connexion/retour`] })
  await signIn(stack.url, browser, 'titulaire')
  const [fields = {}] = demoCaptures(1, parisDateTimeLocal(new Date()))
  await capture(stack.url, browser, fields)
  // Hours pass, moved and not waited for; the dead worker's own looks are over.
  await sql`update declarations set created_at = now() - interval '3 hours'`
  await sql`update periodic_jobs set started_at = now() - interval '3 hours', lease_until = null`
  // A gateway looks within ten seconds of its start, then every minute.
  await stack.gateway.stop()
  const gateway = await stack.startGateway()
  await until('the log tells of it', () => readFileSync(gateway.logFile, 'utf8').includes('"event":"silence-began"'), 60_000)
  const metrics = await (await fetch(`http://127.0.0.1:${stack.ports.managementGateway}/metrics`)).text()
  expect(metrics).toContain('passerelle_silences{kind="destination-silent"} 1')
  gateway.child.kill('SIGTERM')
  expect(await gateway.exited).toBe(0)
})
