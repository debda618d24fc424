/** Traces, against a receiver of OTLP on loopback: what is written, what cannot be, and what a collector that is away costs. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createEgress } from '../../src/destinations/egress.ts'
import { openTraces } from '../../src/telemetry/open-traces.ts'
import { noTraces, spanAttributes, type Traces } from '../../src/telemetry/traces.ts'

type Span = { name: string; traceId: string; spanId: string; parentSpanId?: string; status: { code?: number; message?: string } }

let server: Server
let url: string
const bodies: string[] = []
const id = '0b4e8f9a-3c1d-4f6e-8a2b-5d7c9e1f0a3b'

beforeEach(async () => {
  bodies.length = 0
  server = createServer((asked, answer) => {
    let body = ''
    asked.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    asked.on('end', () => {
      bodies.push(body)
      answer.setHeader('content-type', 'application/json').end('{}')
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`
})
afterEach(() => new Promise((done) => server.close(done)))

const open = (networks: readonly string[] = ['127.0.0.0/8'], to = url) =>
  openTraces({ lookup: createEgress(networks).lookup }, { url: to, samplePercent: 100, instance: 'here' })

const spans = () =>
  bodies.flatMap((body) => {
    const { resourceSpans } = JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }
    return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans))
  })

test('a capture stands inside its request, and what it says of itself is there', async () => {
  const traces = open()
  await traces.run('http.request', { requestId: id }, async () => {
    await traces.run('capture', {}, async () => traces.note({ screeningId: id }))
    traces.note({ method: 'POST', route: 'POST /depistages/nouveau', status: 303 })
  })
  await traces.close()

  const [capture, request] = spans()
  expect([capture?.name, request?.name]).toEqual(['capture', 'http.request'])
  expect([capture?.traceId, capture?.parentSpanId]).toEqual([request?.traceId, request?.spanId])
  expect(bodies.join()).toContain('POST /depistages/nouveau')
  expect(bodies.join()).toContain(id)
})

test('a failure is a status without a word of what failed', async () => {
  const traces = open()
  const failing = traces.run('send', { declarationId: id }, () => Promise.reject(new Error('MARTIN CAMILLE 172022900000000')))
  await expect(failing).rejects.toThrow('MARTIN')
  await traces.close()

  expect(spans()).toMatchObject([{ name: 'send', status: { code: 2 } }])
  expect(bodies.join()).not.toMatch(/MARTIN|172022/)
})

test('a step that brought nothing leaves no span', async () => {
  const traces = open()
  for (const count of [0, 3, 0])
    await traces.run(
      'claim',
      { count },
      async () => count,
      (claimed) => claimed > 0,
    )
  await traces.close()

  expect(spans().map(({ name }) => name)).toEqual(['claim'])
})

test('what has not the shape of its field is not written, nor is a field that no span knows', () => {
  const cast = {
    requestId: 'MARTIN',
    route: 'GET /?nom=MARTIN',
    destination: 'Martin Camille',
    birthName: 'MARTIN',
    __proto__: { a: 1 },
  }
  expect(spanAttributes(cast as Parameters<Traces['note']>[0])).toEqual({
    'passerelle.request.id': 'unprintable',
    'http.route': 'unprintable',
    'passerelle.destination': 'unprintable',
  })
})

test('a collector whose name leads to an address that is not declared is not connected to', async () => {
  const traces = open([], url.replace('127.0.0.1', 'localhost'))
  await traces.run('claim', { count: 1 }, async () => undefined)
  await traces.close()

  expect(bodies).toEqual([])
})

test('with a collector that is away, work goes on and an end does not wait for it', async () => {
  const traces = open(['127.0.0.0/8'], 'http://127.0.0.1:9/v1/traces')
  for (let step = 0; step < 5000; step++) expect(await traces.run('send', { attempt: step }, async () => step)).toBe(step)
  const startedAt = performance.now()
  await traces.close()

  expect(performance.now() - startedAt).toBeLessThan(5_000)
})

test('where none is configured, work runs as it is', async () => {
  expect(await noTraces.run('send', { declarationId: id }, async () => 7)).toBe(7)
  await expect(noTraces.run('send', {}, () => Promise.reject(new Error('x')))).rejects.toThrow('x')
})
