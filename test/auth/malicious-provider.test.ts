import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { endpointFaults, type IdTokenFault, type PscFaults } from '../simulators/pro-sante-connect/faults.ts'
import { type AuthWorld, openAuthWorld } from './auth-world.ts'

let world: AuthWorld
beforeAll(async () => {
  world = await openAuthWorld()
})
afterAll(() => world.close())
beforeEach(() => {
  world.psc.resetFaults()
  world.events.length = 0
})

const notTrusted = { ok: false, problem: 'not-trusted' }
const lastCode = () => world.events.findLast((event) => event.kind === 'sign-in-failed')

test('with no fault at all the same sign-in succeeds, so that the refusals below mean something', async () => {
  expect(await world.signIn('titulaire')).toMatchObject({ ok: true })
})

describe('ID tokens', () => {
  const faults: readonly IdTokenFault[] = [
    'altered',
    'other-key',
    'unknown-kid',
    'alg-none',
    'alg-hs256',
    'alg-rs512',
    'wrong-issuer',
    'wrong-audience',
    'wrong-nonce',
    'missing',
  ]
  test.each(faults)('one with the fault "%s" is not trusted', async (fault) => {
    world.psc.faults.idToken = fault
    expect(await world.signIn('titulaire')).toEqual(notTrusted)
  })

  test('one that ran out is not trusted', async () => {
    world.psc.faults.skewSeconds = -200
    expect(await world.signIn('titulaire')).toEqual(notTrusted)
    expect(lastCode()).toMatchObject({ code: 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED' })
  })

  test.each([
    ['absent', 'level-absent'],
    ['unknown', 'level-unknown'],
  ] as const)('a level that is %s is not accepted', async (acr, code) => {
    world.psc.faults.acr = acr
    expect(await world.signIn('titulaire')).toEqual({ ok: false, problem: 'level-not-accepted' })
    expect(lastCode()).toMatchObject({ code })
    // Nothing is asked about a person whose level is refused.
    const asked = world.psc.calls.userinfo
    await world.signIn('titulaire')
    expect(world.psc.calls.userinfo).toBe(asked)
  })
})

describe('the callback', () => {
  test.each(['altered', 'left-out'] as const)('a state that is %s is not trusted', async (state) => {
    world.psc.faults.state = state
    expect(await world.signIn('titulaire')).toEqual(notTrusted)
  })

  test('a refusal under a foreign state does not count as the person’s', async () => {
    world.psc.faults.state = 'altered'
    expect(await world.signIn(null)).toEqual(notTrusted)
  })

  test('"iss" that is advertised and left out is not trusted, unless the configuration expects it to be left out', async () => {
    world.psc.faults.issParameter = 'left-out'
    expect(await world.signIn('titulaire')).toEqual(notTrusted)
    const lenient = world.openAnother({ signIn: { ...world.settings.signIn, expectIssParameter: false } })
    expect(await world.signIn('titulaire', { auth: lenient })).toMatchObject({ ok: true })
  })

  test('a wrong "iss" is trusted under neither setting', async () => {
    world.psc.faults.issParameter = 'wrong'
    expect(await world.signIn('titulaire')).toEqual(notTrusted)
    const lenient = world.openAnother({ signIn: { ...world.settings.signIn, expectIssParameter: false } })
    expect(await world.signIn('titulaire', { auth: lenient })).toEqual(notTrusted)
  })

  test('a parameter given twice is not trusted', async () => {
    const twice = (query: URLSearchParams) => query.append('state', query.get('state') ?? '')
    expect(await world.signIn('titulaire', { query: twice })).toEqual(notTrusted)
  })

  test('a query beyond any real length is not even read', async () => {
    expect(await world.signIn('titulaire', { query: (query) => query.set('filler', 'x'.repeat(5000)) })).toEqual(notTrusted)
    expect(lastCode()).toMatchObject({ code: 'query-too-long' })
  })

  test('one callback gives one session: a second use, even at the same moment, has expired', async () => {
    const begun = await world.auth.beginSignIn(world.request())
    if (!begun.ok) throw new Error(begun.problem)
    const callback = await world.browser().signInAs(begun.value.redirectTo, 'titulaire')
    const input = { query: callback.search, signInToken: begun.value.signInToken }
    const both = await Promise.all([
      world.auth.finishSignIn(input, world.request()),
      world.auth.finishSignIn(input, world.request()),
    ])
    expect(both.filter((one) => one.ok)).toHaveLength(1)
    const third = await world.auth.finishSignIn(input, world.request())
    for (const one of [...both, third]) if (!one.ok) expect(one.problem).toBe('sign-in-expired')
  })

  test('one that comes back to another browser opens nothing there', async () => {
    const [mine, theirs] = [await world.auth.beginSignIn(world.request()), await world.auth.beginSignIn(world.request())]
    if (!mine.ok || !theirs.ok) throw new Error('no sign-in')
    const callback = await world.browser().signInAs(theirs.value.redirectTo, 'titulaire')
    const finish = (signInToken: string | null) =>
      world.auth.finishSignIn({ query: callback.search, signInToken }, world.request())
    expect(await finish(null)).toEqual({ ok: false, problem: 'sign-in-expired' })
    expect(await finish('no token of ours')).toEqual({ ok: false, problem: 'sign-in-expired' })
    expect(await finish(mine.value.signInToken)).toEqual(notTrusted)
  })

  test('a code that was stolen into another sign-in fails at its proof key', async () => {
    const theirs = await world.auth.beginSignIn(world.request())
    if (!theirs.ok) throw new Error(theirs.problem)
    const stolen = await world.browser().signInAs(theirs.value.redirectTo, 'titulaire')
    const inject = (query: URLSearchParams) => query.set('code', stolen.searchParams.get('code') ?? '')
    expect(await world.signIn('preparateur', { query: inject })).toEqual({ ok: false, problem: 'sign-in-expired' })
    expect(lastCode()).toMatchObject({ code: 'invalid_grant' })
  })

  test('a code that ran out asks to begin again', async () => {
    world.psc.faults.codes = 'expired'
    expect(await world.signIn('titulaire')).toEqual({ ok: false, problem: 'sign-in-expired' })
  })

  test('a sign-in that took more than ten minutes asks to begin again', async () => {
    const begun = await world.auth.beginSignIn(world.request())
    if (!begun.ok) throw new Error(begun.problem)
    const callback = await world.browser().signInAs(begun.value.redirectTo, 'titulaire')
    world.advance(10 * 60_000)
    const late = await world.auth.finishSignIn({ query: callback.search, signInToken: begun.value.signInToken }, world.request())
    expect(late).toEqual({ ok: false, problem: 'sign-in-expired' })
    expect(lastCode()).toMatchObject({ code: 'sign-in-too-old' })
  })

  test.each(['server_error', 'temporarily_unavailable'] as const)('the answer %s says "unavailable"', async (refusal) => {
    world.psc.faults.refusal = refusal
    expect(await world.signIn('titulaire')).toEqual({ ok: false, problem: 'psc-unavailable' })
    expect(lastCode()).toMatchObject({ code: refusal })
  })
})

describe('UserInfo', () => {
  const faults: ReadonlyArray<Partial<PscFaults>> = [
    { userInfo: 'jwt-altered' },
    { userInfo: 'jwt-other-key' },
    { userInfo: 'json', userInfoSubject: 'other' },
    { userInfo: 'jwt', userInfoSubject: 'other' },
  ]
  test.each(faults)('%o is not trusted', async (fault) => {
    Object.assign(world.psc.faults, fault)
    expect(await world.signIn('titulaire')).toEqual(notTrusted)
  })
})

describe('endpoints that fail', () => {
  const cases = (['token', 'userinfo', 'jwks'] as const).flatMap((endpoint) =>
    endpointFaults.map((fault) => [endpoint, fault] as const),
  )
  test.each(cases)('%s with the fault "%s" says "unavailable", and sign-in comes back by itself', async (endpoint, fault) => {
    const silent = fault === 'hang' || fault === 'stall'
    const auth = world.openAnother(silent ? { callTimeoutMs: 1000 } : {})
    world.psc.faults.endpoints = { [endpoint]: fault }
    expect(await world.signIn('titulaire', { auth })).toEqual({ ok: false, problem: 'psc-unavailable' })
    world.psc.resetFaults()
    await expect.poll(() => world.signIn('titulaire', { auth }), { timeout: 20_000 }).toMatchObject({ ok: true })
  })

  test('a client secret that Pro Santé Connect does not know says "unavailable"', async () => {
    const auth = world.openAnother({ clientSecret: 'another-secret-of-the-test-client-012345' })
    expect(await world.signIn('titulaire', { auth })).toEqual({ ok: false, problem: 'psc-unavailable' })
    expect(lastCode()).toMatchObject({ code: 'invalid_client' })
  })
})
