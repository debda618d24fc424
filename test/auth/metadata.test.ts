import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findMetadataProblem } from '../../src/auth/psc-metadata.ts'
import { endpointFaults } from '../simulators/pro-sante-connect/faults.ts'
import type { PscSimulator } from '../simulators/pro-sante-connect/simulator.ts'
import { freePort } from '../support/free-port.ts'
import { type AuthWorld, openAuthWorld, settingsFor, startSimulator } from './auth-world.ts'

let world: AuthWorld
beforeAll(async () => {
  world = await openAuthWorld()
})
afterAll(() => world.close())
beforeEach(() => {
  world.psc.resetFaults()
  world.events.length = 0
})

const unavailable = { ok: false, problem: 'psc-unavailable' }
const hour = 3_600_000
const rest = 5_000

describe('a discovery document that cannot be had or believed', () => {
  test.each(endpointFaults)('with the fault "%s" sign-in is unavailable, and comes back by itself', async (fault) => {
    const auth = world.openAnother(fault === 'hang' || fault === 'stall' ? { callTimeoutMs: 1000 } : {})
    world.psc.faults.endpoints = { discovery: fault }
    expect(await auth.beginSignIn(world.request())).toEqual(unavailable)
    world.psc.resetFaults()
    const again = () => {
      world.advance(rest)
      return world.signIn('titulaire', { auth })
    }
    await expect.poll(again, { timeout: 20_000 }).toMatchObject({ ok: true })
  })

  test.each([
    ['wrong-issuer', 'issuer-differs'],
    ['endpoint-elsewhere', 'endpoint-host-not-allowed'],
    ['endpoint-scheme', 'endpoint-not-https'],
  ] as const)('with the lie "%s" sign-in is unavailable', async (lie, code) => {
    world.psc.faults.discovery = lie
    expect(await world.openAnother().beginSignIn(world.request())).toEqual(unavailable)
    expect(world.events).toContainEqual({ kind: 'psc-metadata-failed', code })
  })

  test('the wallet is another host, and must be allowed by name', async () => {
    const { signIn } = world.settings
    const auth = world.openAnother({ signIn: { ...signIn, allowedEndpointHosts: [new URL(signIn.issuer).host] } })
    expect(await auth.beginSignIn(world.request())).toEqual(unavailable)
    expect(world.events).toContainEqual({ kind: 'psc-metadata-failed', code: 'endpoint-host-not-allowed' })
  })

  test('plain HTTP is refused unless it is allowed loudly', async () => {
    const auth = world.openAnother({ signIn: { ...world.settings.signIn, insecureAllowHttp: false } })
    expect(await auth.beginSignIn(world.request())).toEqual(unavailable)
    expect(world.events).toContainEqual({ kind: 'psc-metadata-failed', code: 'endpoint-not-https' })
  })
})

describe('rules of the document itself', () => {
  const issuer = 'https://auth.test/realm'
  const good = {
    issuer,
    authorization_endpoint: 'https://wallet.test/auth',
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    jwks_uri: `${issuer}/certs`,
  }
  const settings = { issuer, allowedEndpointHosts: ['auth.test', 'wallet.test'], insecureAllowHttp: false }
  test.each([
    [{}, null],
    [{ mtls_endpoint_aliases: { token_endpoint: 'https://mtls.test/token' } }, null],
    [{ issuer: `${issuer}/` }, 'issuer-differs'],
    [{ issuer: undefined }, 'issuer-differs'],
    [{ userinfo_endpoint: undefined }, 'endpoint-missing'],
    [{ token_endpoint: 'https://auth.test.evil.test/token' }, 'endpoint-host-not-allowed'],
    [{ token_endpoint: 'https://auth.test:8443/token' }, 'endpoint-host-not-allowed'],
    [{ token_endpoint: 'https://auth.test@evil.test/token' }, 'endpoint-host-not-allowed'],
    [{ token_endpoint: 'https://someone@auth.test/token' }, 'endpoint-host-not-allowed'],
    [{ end_session_endpoint: 'https://evil.test/logout' }, 'endpoint-host-not-allowed'],
    [{ revocation_endpoint: 'https://evil.test/revoke' }, 'endpoint-host-not-allowed'],
    [{ jwks_uri: 'https://evil.test/certs' }, 'endpoint-host-not-allowed'],
    [{ token_endpoint: 'http://auth.test/token' }, 'endpoint-not-https'],
    [{ end_session_endpoint: 'javascript:alert(1)' }, 'endpoint-not-https'],
    [{ end_session_endpoint: '/logout' }, 'endpoint-not-https'],
    [{ end_session_endpoint: 7 }, 'endpoint-not-https'],
  ])('%o: %s', (change, problem) => {
    expect(findMetadataProblem({ ...good, ...change }, settings)).toBe(problem)
  })
})

describe('how often it is asked for', () => {
  test('once for many sign-ins, and once again after an hour, behind their back', async () => {
    const auth = world.openAnother()
    const before = world.psc.calls.discovery
    await Promise.all(Array.from({ length: 5 }, () => auth.beginSignIn(world.request())))
    expect(world.psc.calls.discovery - before).toBe(1)
    world.advance(hour - 60_000)
    await auth.beginSignIn(world.request())
    expect(world.psc.calls.discovery - before).toBe(1)
    world.advance(120_000)
    expect(await auth.beginSignIn(world.request())).toMatchObject({ ok: true })
    await auth.close()
    expect(world.psc.calls.discovery - before).toBe(2)
  })

  test('the last good copy stays in use while Pro Santé Connect’s document is down', async () => {
    const auth = world.openAnother()
    expect(await auth.beginSignIn(world.request())).toMatchObject({ ok: true })
    world.psc.faults.endpoints = { discovery: 'error' }
    for (let hours = 0; hours < 3; hours++) {
      world.advance(2 * hour)
      expect(await world.signIn('titulaire', { auth })).toMatchObject({ ok: true })
      await auth.close()
    }
    expect(world.events).toContainEqual({ kind: 'psc-metadata-failed', code: 'OAUTH_RESPONSE_IS_NOT_CONFORM' })
  })

  test('a crowd at the door of a service that is down is one call every five seconds', async () => {
    const auth = world.openAnother()
    world.psc.faults.endpoints = { discovery: 'error' }
    const before = world.psc.calls.discovery
    for (let person = 0; person < 20; person++) expect(await auth.beginSignIn(world.request())).toEqual(unavailable)
    expect(world.psc.calls.discovery - before).toBe(1)
    world.advance(rest)
    await auth.beginSignIn(world.request())
    expect(world.psc.calls.discovery - before).toBe(2)
  })
})

test('keys that were rotated while we kept the old ones are believed once the document is renewed', async () => {
  const auth = world.openAnother()
  expect(await world.signIn('titulaire', { auth })).toMatchObject({ ok: true })
  await world.psc.rotateKeys()
  world.advance(hour)
  await auth.beginSignIn(world.request())
  await auth.close()
  expect(await world.signIn('titulaire', { auth })).toMatchObject({ ok: true })
})

test('we start while nobody listens at all, and sign people in once somebody does', async () => {
  const port = await freePort()
  const psc = {
    issuer: `http://localhost:${port}/auth/realms/esante-wallet`,
    discoveryUrl: `http://localhost:${port}/auth/realms/esante-wallet/.well-known/wallet-openid-configuration`,
    walletHost: `127.0.0.1:${port}`,
  }
  const auth = world.openAnother(settingsFor(psc))
  expect(await auth.beginSignIn(world.request())).toEqual(unavailable)
  expect(world.events).toContainEqual({ kind: 'psc-metadata-failed', code: 'unreachable' })
  let simulator: PscSimulator | null = null
  try {
    simulator = await startSimulator(port)
    world.advance(rest)
    expect(await world.signIn('titulaire', { auth })).toMatchObject({ ok: true })
  } finally {
    await simulator?.close()
  }
})
