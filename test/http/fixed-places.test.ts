import { expect, test } from 'vitest'
import { createManagementApp } from '../../src/http/routes/health.ts'
import { openHouse } from '../web/sample-house.ts'
import { get } from './ask.ts'

const metrics = async () => ({ text: 'up 1\n', contentType: 'text/plain; version=0.0.4; charset=utf-8' })

test('security.txt says where to report, and always expires in less than a year and more than 30 days', async () => {
  const house = openHouse()
  for (const years of [0, 1, 7]) {
    house.clockMs = Date.UTC(2026 + years, 10, 23, 17, 35)
    const answer = await get(house, '/.well-known/security.txt')
    const text = await answer.text()
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; ?charset=utf-8$/i)
    expect(text).toContain('Contact: mailto:securite@passerelle.example\n')
    expect(text).toContain('Canonical: http://localhost/.well-known/security.txt\n')
    const expires = Date.parse(/^Expires: (\S+)$/m.exec(text)?.[1] ?? '')
    const days = (expires - house.clockMs) / 86_400_000
    expect(days).toBeGreaterThan(30)
    expect(days).toBeLessThan(365)
  }
})

test('nothing here is to be indexed', async () => {
  const house = openHouse()
  expect(await (await get(house, '/robots.txt')).text()).toBe('User-agent: *\nDisallow: /\n')
  expect((await get(house, '/')).headers.get('x-robots-tag')).toBe('noindex, nofollow')
})

test('ready means that every check holds; one that fails, throws or hangs is named', async () => {
  let database = true
  const checks = { database: async () => database, keys: async () => true }
  const ready = createManagementApp({ checks, metrics }, { checkTimeoutMs: 50 })
  expect([(await ready.request('/readyz')).status, await (await ready.request('/readyz')).json()]).toEqual([
    200,
    { ready: true, checks: { database: 'ok', keys: 'ok' } },
  ])
  database = false
  expect((await ready.request('/readyz')).status).toBe(503)
  const ill = createManagementApp(
    {
      checks: {
        throws: async () => {
          throw new Error('password authentication failed for user passerelle_app')
        },
        hangs: () => new Promise(() => undefined),
        fine: async () => true,
      },
      metrics,
    },
    { checkTimeoutMs: 50 },
  )
  const answer = await ill.request('/readyz')
  const text = await answer.text()
  expect(answer.status).toBe(503)
  expect(JSON.parse(text)).toEqual({ ready: false, checks: { throws: 'failed', hangs: 'failed', fine: 'ok' } })
  expect((await ill.request('/livez')).status).toBe(200)
})

test('metrics are served as they are given; everything else on that port is not found', async () => {
  const app = createManagementApp({ checks: {}, metrics })
  const answer = await app.request('/metrics')
  expect([answer.headers.get('content-type'), await answer.text()]).toEqual([
    'text/plain; version=0.0.4; charset=utf-8',
    'up 1\n',
  ])
  expect((await app.request('/')).status).toBe(404)
  const broken = createManagementApp({ checks: {}, metrics: () => Promise.reject(new Error('secret')) })
  expect(await (await broken.request('/metrics')).text()).toBe('{"error":{"code":"internal"}}')
})

test('the public application has no health, no metrics and no version', async () => {
  const house = openHouse()
  for (const path of ['/livez', '/readyz', '/metrics', '/health', '/version']) expect((await get(house, path)).status).toBe(404)
  const answer = await get(house, '/')
  expect([answer.headers.get('server'), answer.headers.get('x-powered-by')]).toEqual([null, null])
})
