import { createServer } from 'node:http'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import * as openid from 'openid-client'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parseFiness } from '../../../src/domain/finess.ts'
import { luhnValid } from '../../../src/domain/luhn.ts'
import { freePort } from '../../support/free-port.ts'
import { createHeadlessBrowser } from './headless-browser.ts'
import { seedPeople, seedPharmacies } from './people.ts'
import { type PscSimulator, startPscSimulator } from './simulator.ts'

const redirectUri = 'http://client.localhost:8080/back'
const postLogoutRedirectUri = 'http://client.localhost:8080/'
const clientSecret = 'a-secret-of-the-simulator-test-0123456'
let psc: PscSimulator
const logoutTokens: string[] = []
let listener: ReturnType<typeof createServer>

beforeAll(async () => {
  const listenerPort = await freePort()
  listener = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      logoutTokens.push(new URLSearchParams(body).get('logout_token') ?? '')
      response.end()
    })
  })
  await new Promise<void>((done) => listener.listen(listenerPort, '127.0.0.1', () => done()))
  psc = await startPscSimulator({
    port: await freePort(),
    clientId: 'client',
    clientSecret,
    redirectUris: [redirectUri],
    postLogoutRedirectUris: [postLogoutRedirectUri],
    backchannelLogoutUri: `http://127.0.0.1:${listenerPort}/`,
  })
})
afterAll(async () => {
  await psc.close()
  listener.closeAllConnections()
  await new Promise((done) => listener.close(done))
})
beforeEach(() => psc.resetFaults())

test('every seed person has numbers whose keys hold, and so do the pharmacies', () => {
  for (const { rpps } of seedPeople) if (rpps !== null) expect(luhnValid(rpps)).toBe(true)
  for (const { finess } of seedPharmacies) expect(parseFiness(finess).ok).toBe(true)
  expect(new Set(seedPeople.map((one) => one.id)).size).toBe(seedPeople.length)
})

describe('like the real one', () => {
  test('discovery has its own name, the wallet is another host, and the levels are not to be relied on', async () => {
    expect(psc.discoveryUrl).toBe(`${psc.issuer}/.well-known/wallet-openid-configuration`)
    const document = (await (await fetch(psc.discoveryUrl)).json()) as Record<string, unknown>
    expect(document).toMatchObject({
      issuer: psc.issuer,
      authorization_endpoint: `http://${psc.walletHost}/auth`,
      token_endpoint: `${psc.issuer}/protocol/openid-connect/token`,
      jwks_uri: `${psc.issuer}/protocol/openid-connect/certs`,
      end_session_endpoint: `${psc.issuer}/protocol/openid-connect/logout`,
      acr_values_supported: ['0', '0'],
      authorization_response_iss_parameter_supported: true,
    })
    expect(psc.walletHost).not.toBe(new URL(psc.issuer).host)
  })

  test.each([
    ['no level', { scope: 'openid scope_all' }],
    ['another level', { scope: 'openid scope_all', acr_values: 'eidas2' }],
    ['two levels', { scope: 'openid scope_all', acr_values: 'eidas1 eidas2' }],
    ['no scope_all', { scope: 'openid', acr_values: 'eidas1' }],
  ])('the wallet refuses a request with %s', async (_, parameters) => {
    const query = new URLSearchParams({ client_id: 'client', response_type: 'code', redirect_uri: redirectUri, ...parameters })
    expect((await fetch(`http://${psc.walletHost}/auth?${query}`, { redirect: 'manual' })).status).toBe(400)
  })

  test('a callback address that was not declared is refused', async () => {
    const address = await authorizationAddress({ redirect_uri: `${redirectUri}/other` })
    await expect(createHeadlessBrowser({ redirectUris: [redirectUri] }).signInAs(address, 'titulaire')).rejects.toThrow(/400/)
  })

  test('the callback carries code, state, iss and session_state', async () => {
    const callback = await createHeadlessBrowser({ redirectUris: [redirectUri] }).signInAs(await authorizationAddress(), 'psi')
    expect([...callback.searchParams.keys()].sort()).toEqual(['code', 'iss', 'session_state', 'state'])
  })

  test('the ID token names the person, the level and the time, and the access token says nothing by itself', async () => {
    const { tokens } = await signIn('titulaire')
    expect(tokens.claims()).toMatchObject({ acr: 'eidas1', SubjectNameID: '899900000011', auth_time: expect.any(Number) })
    expect(tokens.expires_in).toBe(120)
    expect(tokens.access_token.split('.')).toHaveLength(1)
  })

  test('UserInfo is the whole document, with its odd casing and its empty texts', async () => {
    const { configuration, tokens } = await signIn('adjointe')
    const userInfo = await openid.fetchUserInfo(configuration, tokens.access_token, tokens.claims()?.sub ?? '')
    expect(userInfo).toMatchObject({ Mode_Acces_Raison: '', otherIds: [{ identifiant: '899900000029', origine: 'RPPS' }] })
    const { exercices } = userInfo.SubjectRefPro as { exercices: Array<{ activities: unknown[] }> }
    expect(exercices[0]?.activities[0]).toMatchObject({ numeroFinessetablissementJuridique: '', codeSecteurDactivite: 'SA33' })
    expect('email' in userInfo).toBe(false)
  })

  test('a sign-out tells the client behind the browser’s back', async () => {
    const { browser, configuration, tokens } = await signIn('titulaire')
    const address = openid.buildEndSessionUrl(configuration, {
      id_token_hint: tokens.id_token ?? '',
      post_logout_redirect_uri: postLogoutRedirectUri,
    })
    expect((await browser.signOutAt(address.href)).href).toBe(postLogoutRedirectUri)
    const [token = ''] = logoutTokens
    const keys = createRemoteJWKSet(new URL(`${psc.issuer}/protocol/openid-connect/certs`))
    const verified = await jwtVerify(token, keys, { issuer: psc.issuer, audience: 'client', typ: 'logout+jwt' })
    expect(verified.payload).toMatchObject({ sub: tokens.claims()?.sub, sid: expect.any(String) })
  })

  test('rotated keys are published alone', async () => {
    const before = await signIn('titulaire')
    await psc.rotateKeys()
    const after = await signIn('titulaire')
    const { keys } = (await (await fetch(`${psc.issuer}/protocol/openid-connect/certs`)).json()) as {
      keys: Array<{ kid: string }>
    }
    const kidOf = (idToken: string | undefined) =>
      JSON.parse(Buffer.from((idToken ?? '').split('.')[0] ?? '', 'base64url').toString()).kid
    expect(keys.map((key) => key.kid)).toEqual([kidOf(after.tokens.id_token)])
    expect(kidOf(before.tokens.id_token)).not.toBe(kidOf(after.tokens.id_token))
    expect(decodeJwt(after.tokens.id_token ?? '').iss).toBe(psc.issuer)
  })
})

test('the chooser is one plain French form with a button for each person and one to refuse, and no script', async () => {
  const browser = createHeadlessBrowser({ redirectUris: [redirectUri] })
  let address = await authorizationAddress()
  let html = ''
  for (let hops = 0; hops < 5 && html === ''; hops++) {
    const answer = await browser.send(address)
    const location = answer.headers.get('location')
    if (location) address = new URL(location, address).href
    else html = await answer.text()
  }
  expect(html).toContain('<html lang="fr">')
  expect(html).toContain('Simulateur Pro Santé Connect')
  expect(html).not.toContain('<script')
  for (const person of seedPeople) expect(html).toContain(`name="person" value="${person.id}"`)
  expect(html).toContain('name="refuse"')
  expect((await browser.send(address, { form: { person: 'nobody' } })).status).toBe(400)
})

async function discover(): Promise<openid.Configuration> {
  return openid.discovery(new URL(psc.discoveryUrl), 'client', undefined, openid.ClientSecretPost(clientSecret), {
    execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks],
  })
}

async function authorizationAddress(change: Record<string, string> = {}): Promise<string> {
  const parameters = {
    redirect_uri: redirectUri,
    scope: 'openid scope_all',
    acr_values: 'eidas1',
    state: 's',
    nonce: 'n',
    ...change,
  }
  return openid.buildAuthorizationUrl(await discover(), parameters).href
}

async function signIn(personId: string) {
  const browser = createHeadlessBrowser({ redirectUris: [redirectUri] })
  const configuration = await discover()
  const callback = await browser.signInAs(await authorizationAddress(), personId)
  const tokens = await openid.authorizationCodeGrant(configuration, callback, { expectedState: 's', expectedNonce: 'n' })
  return { browser, configuration, tokens }
}
