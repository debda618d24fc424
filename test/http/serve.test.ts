import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { serveApp } from '../../src/http/serve.ts'
import { openHouse } from '../web/sample-house.ts'
import { rawRequest } from './raw-request.ts'

const guarded = { 'Cache-Control': 'no-store', 'Content-Security-Policy': "default-src 'none'" }

test('what cannot even be read as a request is refused in few bytes, with headers, and tells nothing', async () => {
  const house = openHouse()
  const served = await serveApp(house.app, { host: '127.0.0.1', port: 0, headers: guarded, headerBytesMax: 8_192 })
  const end = 'Connection: close\r\n\r\n'
  const cases: readonly [string, number][] = [
    ['NONSENSE\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\n${end}`, 400],
    [`GET / HTTP/1.1\r\nHost: evil host\r\n${end}`, 400],
    [`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(9_000)}\r\n${end}`, 431],
    [`GET / HTTP/1.1\r\nHost: localhost\r\nExpect: 200-nothing\r\n${end}`, 417],
    [`CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\n${end}`, 405],
    [`TRACE / HTTP/1.1\r\nHost: localhost\r\nCookie: secret=1\r\n${end}`, 405],
    // Two lengths, and a length beside chunks: what request smuggling is made of.
    [`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n${end}hello`, 400],
    [`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n${end}0\r\n\r\n`, 400],
    [`POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, identity\r\n${end}0\r\n\r\n`, 400],
  ]
  try {
    for (const [text, status] of cases) {
      const answer = await rawRequest(served.port, text)
      expect([text.slice(0, 60), answer.status]).toEqual([text.slice(0, 60), status])
      expect([text.slice(0, 60), answer.headers['cache-control']]).toEqual([text.slice(0, 60), 'no-store'])
      expect(answer.headers['content-security-policy']).toContain("default-src 'none'")
      expect(answer.body).not.toMatch(/secret|Error|node/)
    }
  } finally {
    await served.close()
  }
})

test('an application that cannot even show its error page answers an empty 500 with the same headers', async () => {
  const app = { fetch: () => Promise.reject(new Error('secret')) }
  const served = await serveApp(app, { host: '127.0.0.1', port: 0, headers: guarded })
  try {
    const answer = await rawRequest(served.port, 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    expect([answer.status, answer.body, answer.headers['content-security-policy']]).toEqual([500, '', "default-src 'none'"])
  } finally {
    await served.close()
  }
})

test('a peer that sends its headers drop by drop is cut off', async () => {
  const served = await serveApp(openHouse().app, { host: '127.0.0.1', port: 0, headersTimeoutMs: 300, requestTimeoutMs: 500 })
  try {
    const answer = await rawRequest(served.port, 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ')
    expect(answer.status).toBe(408)
  } finally {
    await served.close()
  }
})

test('closing lets a request under way end, takes no new one, and cuts what outlasts the grace', async () => {
  const gates: (() => void)[] = []
  let asked = 0
  const app = {
    fetch: () => {
      asked += 1
      return new Promise<Response>((answer) => gates.push(() => answer(new Response('done'))))
    },
  }
  const served = await serveApp(app, { host: '127.0.0.1', port: 0, closeGraceMs: 5_000 })
  const kept = rawRequest(served.port, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await expect.poll(() => asked).toBe(1)
  const closed = served.close()
  await expect(rawRequest(served.port, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')).rejects.toThrow('ECONNREFUSED')
  gates[0]?.()
  expect((await kept).body).toBe('done')
  await closed

  const stubborn = await serveApp(app, { host: '127.0.0.1', port: 0, closeGraceMs: 100 })
  const socket = connect(stubborn.port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'))
  const cut = new Promise((done) => socket.on('close', done).on('error', () => undefined))
  await expect.poll(() => asked).toBe(2)
  await stubborn.close()
  await cut
})
