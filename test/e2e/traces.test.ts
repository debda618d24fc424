/** Traces of the whole running product: what a capture goes through arrives at the collector, and nothing of the patient does. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parisDateTimeLocal } from '../../src/domain/paris-time.ts'
import { runOnce } from '../demo/once.ts'
import { demoCaptures } from '../demo/patients.ts'
import type { Stack } from '../demo/stack.ts'
import { createNeedleFinder } from '../support/needles.ts'
import { startTestStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

type Span = { name: string; traceId: string; attributes: { key: string; value: Record<string, unknown> }[] }

let collector: Server
let stack: Stack
const bodies: Buffer[] = []
const count = 6

beforeAll(async () => {
  collector = createServer((asked, answer) => {
    const parts: Buffer[] = []
    asked.on('data', (part: Buffer) => parts.push(part))
    asked.on('end', () => {
      bodies.push(Buffer.concat(parts))
      answer.setHeader('content-type', 'application/json').end('{}')
    })
  })
  await new Promise<void>((done) => collector.listen(0, '127.0.0.1', done))
  const { port } = collector.address() as AddressInfo
  stack = await startTestStack({ tracesUrl: `http://127.0.0.1:${port}/v1/traces` })
}, 180_000)
afterAll(async () => {
  await stack?.close()
  collector.closeAllConnections()
  await new Promise((done) => collector.close(done))
}, 60_000)

const spans = () =>
  bodies.flatMap((body) => {
    const { resourceSpans } = JSON.parse(body.toString()) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }
    return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans))
  })

test('request, capture, claim, opening, sending and settling are each traced, and no patient value is in any span', {
  timeout: 180_000,
}, async () => {
  const { accepted } = await runOnce(stack, count)
  expect(accepted).toBe(count)
  const settled = () => spans().filter(({ name }) => name === 'settle')
  await until('the collector has every settlement', async () => (settled().length >= count ? true : null), 30_000)

  expect([...new Set(spans().map(({ name }) => name))].sort()).toEqual([
    'capture',
    'claim',
    'http.request',
    'open',
    'send',
    'settle',
  ])
  const captures = spans().filter(({ name }) => name === 'capture')
  expect(captures).toHaveLength(count)
  const requests = new Map(spans().flatMap((span) => (span.name === 'http.request' ? [[span.traceId, span] as const] : [])))
  for (const { traceId } of captures)
    expect(requests.get(traceId)?.attributes).toContainEqual({
      key: 'http.route',
      value: { stringValue: 'POST /depistages/nouveau' },
    })
  const known = ['passerelle.', 'http.request.method', 'http.route', 'http.response.status_code']
  const keys = new Set(spans().flatMap(({ attributes }) => attributes.map(({ key }) => key)))
  expect([...keys].filter((key) => !known.some((start) => key.startsWith(start)))).toEqual([])

  // What every capture holds of a person, in every guise.
  const canaries = demoCaptures(count, parisDateTimeLocal(new Date())).flatMap((fields) =>
    [
      fields.birthName,
      fields.birthFirstName,
      fields.birthDate,
      fields.insMatricule,
      fields.city,
      fields.phone,
      fields.kitLot,
    ].filter((value): value is string => typeof value === 'string' && value.length >= 4),
  )
  expect(canaries.length).toBeGreaterThan(20)
  const findNeedles = createNeedleFinder(canaries)
  expect(bodies.flatMap((body) => findNeedles(body))).toEqual([])
})
