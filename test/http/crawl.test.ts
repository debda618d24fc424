import { expect, test } from 'vitest'
import { serveApp } from '../../src/http/serve.ts'
import { openHouse } from '../web/sample-house.ts'
import { rawRequest } from './raw-request.ts'

const treasures = [
  '.git/HEAD',
  '.git/config',
  '.env',
  '.env.production',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'src/main.ts',
  'src/web/style.ts',
  'node_modules/hono/package.json',
  'config/example/gateway.yaml',
  'migrations/0001_house.sql',
  'dump.sql',
  'backup.tar.gz',
  'export.csv',
  'assets/',
  'assets',
  'style.css.map',
  'wp-content/uploads',
  'server-status',
  'etc/passwd',
  'proc/self/environ',
]

/** Ways in which servers were talked into giving a file, or another route than the one that was guarded. */
const mutations: readonly ((path: string) => string)[] = [
  (path) => `/${path}`,
  (path) => `//${path}`,
  (path) => `/./${path}`,
  (path) => `/../${path}`,
  (path) => `/%2e%2e/${path}`,
  (path) => `/..%2f${path}`,
  (path) => `/..%5c${path}`,
  (path) => `/..%255c${path}`,
  (path) => `/%252e%252e%252f${path}`,
  (path) => `/..;/${path}`,
  (path) => `/;/${path}`,
  (path) => `/${path};.css`,
  (path) => `/${path}%00.css`,
  (path) => `/..%00/${path}`,
  (path) => `/${path}.`,
  (path) => `/${path}/`,
  (path) => `/${path}~`,
  (path) => `/${path}%20`,
  (path) => `/${path.toUpperCase()}`,
  (path) => `/assets/../${path}`,
  (path) => `/assets//${path}`,
  (path) => `/assets/%2e%2e/${path}`,
  (path) => `/assets/..%c0%af${path}`,
  (path) => `/depistages/..%2f..%2f${path}`,
  (path) => `/depistages/nouveau/../../${path}`,
]

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
