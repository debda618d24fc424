import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { answerBytesMax, boundFetch } from '../../src/auth/bounded-fetch.ts'
import { freePort } from '../support/free-port.ts'

let server: Server
let host: string
const asked: string[] = []
let sentBytes = 0

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '')
    if (request.url === '/moved') response.writeHead(302, { location: '/good' }).end()
    else if (request.url === '/endless') {
      const chunk = Buffer.alloc(65_536)
      const more = () => {
        while (!response.destroyed && response.write(chunk)) sentBytes += chunk.length
      }
      response.on('drain', more)
      more()
    } else if (request.url === '/half') response.write('half')
    else response.writeHead(200, { 'content-type': 'application/json' }).end('{"good":true}')
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()))
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
})
beforeEach(() => {
  asked.length = 0
})

const bounded = (url: string, options: RequestInit = {}) => boundFetch(fetch, new Set([host]))(url, options)

test('an answer of a host of the list comes through with its status and headers', async () => {
  const answer = await bounded(`http://${host}/good`)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('application/json')
  expect(await answer.json()).toEqual({ good: true })
})

test('a host that is not of the list is not called, whatever its name looks like', async () => {
  const port = host.split(':')[1]
  for (const other of [`localhost:${port}`, '127.0.0.1', `127.0.0.1:${port}@127.0.0.1:${Number(port) + 1}`])
    await expect(bounded(`http://${other}/good`)).rejects.toMatchObject({ code: 'host-not-allowed' })
  expect(asked).toEqual([])
})

test('a redirect is not followed', async () => {
  await expect(bounded(`http://${host}/moved`, { redirect: 'follow' })).rejects.toMatchObject({ code: 'redirected' })
  expect(asked).toEqual(['/moved'])
})

test('an endless answer is left at its bound, and no more of it is received than that and what was on its way', async () => {
  await expect(bounded(`http://${host}/endless`)).rejects.toMatchObject({ code: 'answer-too-large' })
  expect(sentBytes).toBeLessThan(answerBytesMax + 20_000_000)
})

test('the caller’s time limit holds for the body too, and shows as itself', async () => {
  const signal = AbortSignal.timeout(200)
  await expect(bounded(`http://${host}/half`, { signal })).rejects.toMatchObject({ name: 'TimeoutError' })
})

test('a host of the list that does not listen is unreachable', async () => {
  const silent = `127.0.0.1:${await freePort()}`
  await expect(boundFetch(fetch, new Set([silent]))(`http://${silent}/`, {})).rejects.toMatchObject({ code: 'unreachable' })
})
