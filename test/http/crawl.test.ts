import { expect, test } from 'vitest'
import { serveApp } from '../../src/http/serve.ts'
import { openHouse } from '../web/sample-house.ts'
import { mutations, treasures } from './crawl-paths.ts'
import { rawRequest } from './raw-request.ts'

test('no path, however it is written, gives anything but the same not-found page', async () => {
  const house = openHouse({ limits: { perAddress: { burst: 100_000, perSecond: 1 } } })
  const served = await serveApp(house.app, { host: '127.0.0.1', port: 0 })
  try {
    const seen = new Set<string>()
    let asked = 0
    for (const treasure of treasures)
      for (const mutate of mutations) {
        const path = mutate(treasure)
        const answer = await rawRequest(served.port, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
        asked += 1
        expect([path, answer.status]).toEqual([path, 404])
        expect(answer.headers['cache-control']).toBe('no-store')
        seen.add(answer.body.replaceAll(/[0-9a-f-]{36}/g, 'REQUEST'))
      }
    expect(asked).toBe(treasures.length * mutations.length)
    expect(seen.size).toBe(1)
    expect([...seen][0]).toContain('Page introuvable')
  } finally {
    await served.close()
  }
})

test('a route is found under its own spelling only', async () => {
  const house = openHouse()
  const served = await serveApp(house.app, { host: '127.0.0.1', port: 0 })
  try {
    for (const path of [
      '/%64epistages',
      '//depistages',
      '/./depistages',
      '/x/../depistages',
      '/depistages/',
      '/DEPISTAGES',
      '/depistages%2f',
    ]) {
      const answer = await rawRequest(served.port, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
      expect([path, answer.status]).toEqual([path, 404])
    }
    for (const target of ['http://localhost/robots.txt', '*', 'robots.txt', '\\robots.txt', '/robots.txt\\..']) {
      const answer = await rawRequest(served.port, `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
      expect([target, answer.status >= 400 && answer.status < 500]).toEqual([target, true])
      expect(answer.body).not.toContain('Disallow')
    }
  } finally {
    await served.close()
  }
})
