import { expect, test } from 'vitest'
import { type Role, roleMay, roles } from '../../src/domain/roles.ts'
import { routeName } from '../../src/http/route.ts'
import { idNumbered, openHouse, sampleScreening } from '../web/sample-house.ts'
import { cookieOf, get, ownForm, post } from './ask.ts'

const id = idNumbered(1)

/** What each route needs, written down a second time on purpose: a new route, or a changed need, must be changed here too. */
const needs = {
  'GET /': 'public',
  'GET /connexion': 'public',
  'GET /connexion/retour': 'public',
  'GET /officine': 'session',
  'POST /officine': 'session',
  'POST /deconnexion': 'public',
  'GET /depistages': 'screening.read',
  'GET /depistages/nouveau': 'screening.draft',
  'POST /depistages/nouveau': 'screening.draft',
  'GET /depistages/:id/signer': 'screening.sign',
  'POST /depistages/:id/signer': 'screening.sign',
  'GET /depistages/:id/corriger': 'screening.correct',
  'POST /depistages/:id/corriger': 'screening.correct',
  'GET /depistages/:id/annuler': 'screening.correct',
  'POST /depistages/:id/annuler': 'screening.correct',
  'POST /depistages/:id/renvoyer': 'declaration.retry',
  'GET /a-reprendre': 'declaration.retry',
  'GET /a-reprendre/renvoyer': 'declaration.retry',
  'POST /a-reprendre/renvoyer': 'declaration.retry',
  'GET /a-reprendre/lots/:id': 'declaration.retry',
  'POST /a-reprendre/lots/:id/accord': 'declaration.retry',
  'POST /a-reprendre/lots/:id/arret': 'declaration.retry',
  'GET /depistages/:id/constater/:declarationId': 'declaration.retry',
  'POST /depistages/:id/constater/:declarationId': 'declaration.retry',
  'GET /rapprochement': 'ledger.read',
  'GET /rapprochement/:id': 'ledger.read',
  'POST /rapprochement': 'ledger.reconcile',
  'POST /rapprochement/:id/traiter': 'ledger.reconcile',
  'GET /grand-livre': 'ledger.read',
  'GET /grand-livre/:day': 'ledger.read',
  'GET /depistages/:id/versions': 'screening.read',
  'GET /depistages/:id': 'screening.read',
  'GET /facturation': 'statement.read',
  'GET /facturation/groupe': 'statement.read',
  'GET /facturation/groupe/:finess/:number/fichier/:kind': 'statement.read',
  'GET /facturation/:number/fichier/:kind': 'statement.read',
  'GET /facturation/:number/avoir': 'statement.credit',
  'POST /facturation/:number/avoir': 'statement.credit',
  'GET /.well-known/security.txt': 'public',
  'GET /.well-known/passerelle-signing-keys.json': 'public',
  'GET /robots.txt': 'public',
}

test('the registry holds exactly the routes that are known, each with its need', () => {
  const { routes } = openHouse()
  expect(Object.fromEntries(routes.map((route) => [routeName(route), route.access]))).toEqual(needs)
})

test('the application serves the registry and the manifest, and no other path', () => {
  const { app, routes, assetPaths } = openHouse()
  const served = new Set(app.routes.map((route) => route.path).filter((path) => path !== '/*'))
  expect([...served].sort()).toEqual([...new Set([...routes.map((route) => route.path), ...assetPaths])].sort())
})

test('without a session every door but the public ones stays shut, and each try is recorded once', async () => {
  for (const route of openHouse().routes.filter((entry) => entry.access !== 'public')) {
    const house = openHouse()
    house.screenings.set(id, sampleScreening(id, 'accepted'))
    const path = route.path
      .replace(':id', id)
      .replace(':declarationId', id)
      .replace(':day', '2026-11-23')
      .replace(':number', 'PAS-2026-000012')
      .replace(':finess', '750000018')
      .replace(':kind', 'pdf')
    const answer = route.method === 'GET' ? await get(house, path) : await post(house, path, null, {})
    expect([routeName(route), answer.status]).toEqual([routeName(route), route.method === 'GET' ? 303 : 401])
    expect(house.denials).toEqual([{ role: null, route: routeName(route), code: 'not-signed-in' }])
  }
})

test('every role passes the doors of its permissions and no other', async () => {
  for (const role of roles) {
    for (const route of openHouse().routes) {
      if (route.access === 'public' || route.access === 'session') continue
      const house = openHouse()
      house.screenings.set(id, sampleScreening(id, 'draft'))
      const path = route.path
        .replace(':id', id)
        .replace(':declarationId', id)
        .replace(':day', '2026-11-23')
        .replace(':number', 'PAS-2026-000012')
        .replace(':finess', '750000018')
        .replace(':kind', 'pdf')
      const answer = route.method === 'GET' ? await get(house, path, role) : await post(house, path, role, {})
      const may = route.access === 'actor' || roleMay(role as Role, route.access)
      const where = `${routeName(route)} as ${role}`
      expect([where, answer.status === 403]).toEqual([where, !may])
      expect(house.denials, where).toEqual(may ? [] : [{ role, route: routeName(route), code: 'forbidden' }])
    }
  }
})

test('somebody who has not chosen a pharmacy sees no screening, and is led to the choice', async () => {
  const house = openHouse()
  expect((await get(house, '/depistages', 'unchosen')).headers.get('location')).toBe('/')
  expect((await post(house, '/depistages/nouveau', 'unchosen', {})).status).toBe(403)
  expect((await get(house, '/', 'unchosen')).headers.get('location')).toBe('/officine')
  expect((await get(house, '/officine', 'unchosen')).status).toBe(200)
})

test('a screening that is not there, one that is not ours and a word that is no id are the same answer', async () => {
  const house = openHouse()
  const asked = [
    `/depistages/${idNumbered(404)}`,
    '/depistages/nothing',
    `/depistages/${idNumbered(404)}/signer`,
    `/depistages/${idNumbered(404)}/corriger`,
    `/depistages/${idNumbered(404)}/annuler`,
    `/depistages/${idNumbered(404)}/versions`,
    '/nothing/at/all',
  ]
  const bodies = await Promise.all(
    asked.map(async (path) => {
      const answer = await get(house, path, 'pharmacist')
      expect([path, answer.status]).toEqual([path, 404])
      return (await answer.text()).replaceAll(/[0-9a-f-]{36}/g, 'REQUEST')
    }),
  )
  expect(new Set(bodies).size).toBe(1)
})

test('a request that changes something is served only where it comes from our own page', async () => {
  const origins = [
    null,
    'http://localhost',
    'null',
    'https://evil.example',
    'http://localhost.evil.example',
    'http://localhost:81',
  ]
  const sites = [null, 'same-origin', 'same-site', 'cross-site', 'none']
  const types = ['application/x-www-form-urlencoded', 'text/plain', 'application/json', 'multipart/form-data; boundary=x']
  const passed: string[] = []
  for (const origin of origins)
    for (const site of sites)
      for (const type of types) {
        const house = openHouse()
        const headers = { ...cookieOf('pharmacist'), 'Content-Type': type, Origin: origin, 'Sec-Fetch-Site': site }
        const sent = Object.fromEntries(Object.entries(headers).filter((entry) => entry[1] !== null)) as Record<string, string>
        const body = `idempotencyKey=${'k'.repeat(20)}`
        const answer = await house.app.request('/depistages/nouveau', { method: 'POST', headers: sent, body })
        // 422: it reached the action, which missed every field. 400: ours, but no form.
        if (answer.status === 422) passed.push(`${origin} ${site} ${type}`)
        else expect([400, 403]).toContain(answer.status)
        if (answer.status === 403) expect(house.denials).toHaveLength(1)
      }
  expect(passed).toEqual([
    'http://localhost null application/x-www-form-urlencoded',
    'http://localhost same-origin application/x-www-form-urlencoded',
  ])
})

/** Places that take a form and show nothing. */
const posted = new Set([
  '/deconnexion',
  `/depistages/${id}/renvoyer`,
  `/a-reprendre/lots/${id}/accord`,
  `/a-reprendre/lots/${id}/arret`,
  `/rapprochement/${id}/traiter`,
])

test('only declared methods are answered, and HEAD never begins or ends a sign-in', async () => {
  const house = openHouse()
  for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'get']) {
    for (const path of new Set(
      house.routes.map((route) =>
        route.path
          .replace(':id', id)
          .replace(':declarationId', id)
          .replace(':day', '2026-11-23')
          .replace(':number', 'PAS-2026-000012')
          .replace(':finess', '750000018')
          .replace(':kind', 'pdf'),
      ),
    )) {
      const answer = await house.app.request(path, { method, headers: { ...ownForm, ...cookieOf('titular') } })
      // The platform writes `get` as `GET`; everything else is as sent.
      expect([method, path, answer.status === 405]).toEqual([method, path, method !== 'get' || posted.has(path)])
      if (answer.status === 405) expect(answer.headers.get('allow')).toMatch(/^(GET, HEAD|GET, HEAD, POST|POST)$/)
    }
  }
  for (const path of ['/connexion', '/connexion/retour?code=c']) {
    const answer = await house.app.request(path, { method: 'HEAD' })
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([400, []])
  }
})

test('a form with a field that the page does not have, or the same one twice, is refused whole', async () => {
  const house = openHouse()
  const key = `idempotencyKey=${'k'.repeat(20)}`
  for (const body of [
    `${key}&role=titular`,
    `${key}&__proto__=x`,
    `${key}&constructor=x`,
    `${key}&${key}`,
    `${key}&birthName=A&birthName=B`,
  ]) {
    const headers = { ...ownForm, ...cookieOf('pharmacist') }
    const answer = await house.app.request('/depistages/nouveau', { method: 'POST', headers, body })
    expect([body, answer.status]).toEqual([body, 400])
  }
  expect(house.captures).toEqual([])
})
