import { expect, test } from 'vitest'
import { idNumbered, openHouse, sampleScreening } from '../web/sample-house.ts'
import { cookieOf, get, ownForm, post } from './ask.ts'

const expected = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self' https://wallet.example; " +
    "base-uri 'none'; frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types passerelle",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': expect.stringContaining('camera=(), '),
  'referrer-policy': 'same-origin',
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'x-robots-tag': 'noindex, nofollow',
  'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
}

/** Everything but what belongs to one answer: its type, its length, where it leads. */
function lasting(answer: Response): Record<string, string> {
  const own = ['content-type', 'content-length', 'location', 'set-cookie', 'allow', 'retry-after']
  return Object.fromEntries([...answer.headers].filter(([name]) => !own.includes(name)))
}

test('every route answers with the same strict headers, whoever asks', async () => {
  const house = openHouse()
  const id = idNumbered(1)
  house.screenings.set(id, sampleScreening(id, 'draft'))
  for (const route of house.routes) {
    for (const who of [null, 'unchosen', 'pharmacist', 'preparer', 'dpo'] as const) {
      const path = route.path.replace(':id', id)
      const answer = route.method === 'GET' ? await get(house, path, who) : await post(house, path, who, {})
      expect(lasting(answer), `${route.method} ${route.path} as ${who}: ${answer.status}`).toEqual(expected)
    }
  }
})

test('errors carry the same strict headers as pages', async () => {
  const house = openHouse({ limits: { perAddress: { burst: 7, perSecond: 1 } } })
  const statuses: number[] = []
  const check = async (answer: Response | Promise<Response>) => {
    const given = await answer
    expect(lasting(given), String(given.status)).toEqual(expected)
    statuses.push(given.status)
  }
  house.captureFault = new Error('the database said something secret')
  await check(get(house, '/nowhere'))
  await check(house.app.request('/depistages', { method: 'PUT', headers: { ...ownForm, ...cookieOf('pharmacist') } }))
  await check(post(house, '/depistages/nouveau', 'pharmacist', { idempotencyKey: 'k'.repeat(20) }))
  await check(post(house, '/depistages/nouveau', 'pharmacist', { comment: 'x'.repeat(300_000) }))
  await check(get(house, '/depistages?jour=2026-02-30', 'pharmacist'))
  await check(get(house, '/depistages', 'dpo'))
  await check(post(house, '/depistages/nouveau', null, {}))
  await check(get(house, '/'))
  expect(statuses).toEqual([404, 405, 500, 413, 400, 403, 401, 429])
})

test('assets alone may be kept, for ever, under a path that holds their hash', async () => {
  const house = openHouse()
  expect(house.assetPaths.length).toBeGreaterThan(0)
  for (const path of house.assetPaths) {
    const answer = await get(house, path)
    expect(path).toMatch(/^\/assets\/[0-9a-f]{20}\.(css|js|svg)$/)
    expect(answer.status).toBe(200)
    expect(lasting(answer)).toEqual({ ...expected, 'cache-control': 'public, max-age=31536000, immutable' })
  }
})

test('an unexpected fault shows a generic sentence and the request id, and nothing of itself', async () => {
  const house = openHouse()
  house.captureFault = new Error('select * from screenings where nir = 284037511600176')
  const answer = await post(house, '/depistages/nouveau', 'pharmacist', { idempotencyKey: 'k'.repeat(20) })
  const page = await answer.text()
  expect(answer.status).toBe(500)
  expect(page).toContain(answer.headers.get('x-request-id'))
  expect(page).not.toMatch(/select|screenings where|Error|at .*\.ts|node_modules/)
  expect(house.failures).toMatchObject([{ route: 'POST /depistages/nouveau', requestId: answer.headers.get('x-request-id') }])
})

test('a program that asks for JSON gets the code and the request id', async () => {
  const house = openHouse()
  const answer = await get(house, '/depistages', null, { Accept: 'application/json' })
  expect(answer.status).toBe(401)
  expect(await answer.json()).toEqual({ error: { code: 'not-signed-in', requestId: answer.headers.get('x-request-id') } })
})

test('cookies are host-bound, secure, closed to scripts, and sent along only by our own pages and top-level navigation', async () => {
  const house = openHouse()
  const begun = await get(house, '/connexion')
  expect(begun.headers.getSetCookie()).toEqual([
    '__Host-passerelle-signin=sign-in-token-of-this-browser; Path=/; HttpOnly; Secure; SameSite=Lax',
  ])
  const done = await get(house, '/connexion/retour?code=c&state=s', null, {
    Cookie: '__Host-passerelle-signin=sign-in-token-of-this-browser',
  })
  expect(done.headers.getSetCookie()).toEqual([
    '__Host-passerelle-signin=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax',
    '__Host-passerelle=session-token-of-pharmacist; Path=/; HttpOnly; Secure; SameSite=Lax',
  ])
  const left = await post(house, '/deconnexion', 'pharmacist', {})
  expect(left.headers.get('location')).toBe('https://wallet.example/logout')
  expect(left.headers.getSetCookie()).toEqual(['__Host-passerelle=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax'])
})

test('a cookie that opens nothing any more is taken back', async () => {
  const answer = await get(openHouse(), '/depistages', null, { Cookie: '__Host-passerelle=a-token-long-since-ended' })
  expect(answer.status).toBe(303)
  expect(answer.headers.get('location')).toBe('/')
  expect(answer.headers.getSetCookie()).toEqual(['__Host-passerelle=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax'])
})

test('what is reported of a request names the route and never the address that was asked for', async () => {
  const house = openHouse()
  await get(house, `/depistages/${idNumbered(4)}?nom=DUPONT`, 'pharmacist')
  await get(house, '/DUPONT/1840375116001')
  expect(house.served).toMatchObject([
    { method: 'GET', route: 'GET /depistages/:id', status: 404, durationMs: 0 },
    { method: 'GET', route: 'unmatched', status: 404 },
  ])
  expect(JSON.stringify(house.served)).not.toMatch(/DUPONT|1840375116001/)
})
