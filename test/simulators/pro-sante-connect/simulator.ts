/** A Pro Santé Connect on loopback, for tests and the demonstration: real OpenID Connect, invented people, faults on demand. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { answerBadly, answerHtml, readForm, rewriteAnswer } from './answers.ts'
import { chooserPage } from './chooser-page.ts'
import { noFaults, type PscEndpoint, type PscFaults } from './faults.ts'
import { createSimulatorKeys, type SimulatorKeys } from './keys.ts'
import { createSimulatorStore, type SimulatorStore } from './memory-adapter.ts'
import { type SeedPerson, seedPeople } from './people.ts'
import { createProvider, endpointPaths, realmPath } from './provider.ts'
import { tamperCallback, tamperDiscovery, tamperTokenAnswer, tamperUserInfo } from './tampering.ts'

export type PscSimulatorOptions = {
  /** A free port: the issuer's name holds it, so that 0 cannot be asked for. */
  readonly port: number
  /** Name of the issuer's host in addresses; `localhost` unless told. */
  readonly host?: string
  /** Address to listen on; loopback unless told. */
  readonly listenAddress?: string
  readonly clientId: string
  readonly clientSecret: string
  readonly redirectUris: readonly string[]
  readonly postLogoutRedirectUris: readonly string[]
  readonly backchannelLogoutUri?: string
  readonly people?: readonly SeedPerson[]
}

export type PscSimulator = {
  readonly issuer: string
  readonly discoveryUrl: string
  /** `host:port` of the authorization endpoint: another one than the issuer's, as in reality. */
  readonly walletHost: string
  readonly faults: PscFaults
  /** How often each endpoint was asked. */
  readonly calls: Record<PscEndpoint, number>
  resetFaults(): void
  /** A new signing key; the old one is published no more. */
  rotateKeys(): Promise<void>
  /** The four hours, or the half hour without use, are over: everybody must choose again. */
  endSessions(): void
  close(): Promise<void>
}

type Front = {
  readonly options: PscSimulatorOptions
  readonly people: readonly SeedPerson[]
  readonly issuer: string
  readonly origin: string
  readonly walletOrigin: string
  readonly faults: PscFaults
  readonly keys: SimulatorKeys
  readonly store: SimulatorStore
  readonly calls: Record<PscEndpoint, number>
  provider: ReturnType<typeof createProvider>
}

const discoveryPath = `${realmPath}/.well-known/wallet-openid-configuration`

export async function startPscSimulator(options: PscSimulatorOptions): Promise<PscSimulator> {
  const front = await openFront(options)
  const server = createServer((request, response) => {
    route(front, request, response).catch((cause: unknown) => {
      if (!response.headersSent) response.writeHead(500).end()
      console.error('Pro Santé Connect simulator:', cause)
    })
  })
  await listen(server, options.port, options.listenAddress ?? '127.0.0.1')
  return {
    issuer: front.issuer,
    discoveryUrl: front.origin + discoveryPath,
    walletHost: new URL(front.walletOrigin).host,
    faults: front.faults,
    calls: front.calls,
    resetFaults: () => {
      Object.assign(front.faults, noFaults())
    },
    rotateKeys: async () => {
      await front.keys.rotate()
      front.provider = providerOf(front)
    },
    endSessions: () => front.store.forget('Session'),
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()))
        server.closeAllConnections()
      }),
  }
}

async function openFront(options: PscSimulatorOptions): Promise<Front> {
  const host = options.host ?? 'localhost'
  const origin = `http://${host}:${options.port}`
  const bare = {
    options,
    people: options.people ?? seedPeople,
    issuer: origin + realmPath,
    origin,
    walletOrigin: host === 'localhost' ? `http://127.0.0.1:${options.port}` : origin,
    faults: noFaults(),
    keys: await createSimulatorKeys(),
    store: createSimulatorStore(),
    calls: { discovery: 0, authorization: 0, token: 0, userinfo: 0, jwks: 0, logout: 0 },
  }
  return { ...bare, provider: providerOf(bare) }
}

function providerOf(front: Omit<Front, 'provider'>): ReturnType<typeof createProvider> {
  const { options, issuer, people, keys, store } = front
  const { clientId, clientSecret, redirectUris, postLogoutRedirectUris } = options
  const backchannelLogoutUri = options.backchannelLogoutUri ?? null
  const clients = { clientId, clientSecret, redirectUris, postLogoutRedirectUris, backchannelLogoutUri }
  return createProvider({ ...clients, issuer, people, keys, store })
}

async function route(front: Front, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', front.origin)
  const endpoint = endpointOf(pathname)
  if (endpoint) {
    front.calls[endpoint] += 1
    const fault = front.faults.endpoints[endpoint]
    if (fault) return answerBadly(response, fault)
  }
  if (pathname === '/auth') return answerWallet(front, searchParams, response)
  if (pathname.startsWith('/sim/choose/')) return answerChooser(front, request, response)
  if (!pathname.startsWith(`${realmPath}/`)) return answerHtml(response, 404, 'Not found')
  return answerRealm(front, endpoint, request, response)
}

function endpointOf(pathname: string): PscEndpoint | null {
  if (pathname === '/auth') return 'authorization'
  if (pathname === discoveryPath) return 'discovery'
  const below = pathname.slice(realmPath.length)
  if (below === endpointPaths.token) return 'token'
  if (below === endpointPaths.userinfo) return 'userinfo'
  if (below === endpointPaths.jwks) return 'jwks'
  return below === endpointPaths.logout ? 'logout' : null
}

/** The wallet refuses what the real one refuses, then hands the browser to the realm. */
function answerWallet(front: Front, query: URLSearchParams, response: ServerResponse): void {
  const scopes = (query.get('scope') ?? '').split(' ')
  if (query.get('acr_values') !== 'eidas1' || !scopes.includes('openid') || !scopes.includes('scope_all')) {
    answerHtml(response, 400, '<!doctype html><title>Demande refusée</title><p>acr_values=eidas1, scope=openid scope_all')
    return
  }
  response.writeHead(302, { location: `${front.issuer}${endpointPaths.authorization}?${query}` }).end()
}

async function answerChooser(front: Front, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { faults, people, provider } = front
  const interaction = await provider.interactionDetails(request, response).catch(() => null)
  if (!interaction) return answerHtml(response, 400, '<!doctype html><title>Connexion expirée</title><p>Connexion expirée.')
  if (request.method !== 'POST') return answerHtml(response, 200, chooserPage(people, interaction.uid))
  const form = await readForm(request)
  if (form.has('refuse') || faults.refusal)
    return provider.interactionFinished(request, response, { error: faults.refusal ?? 'access_denied' })
  const person = people.find((one) => one.id === form.get('person'))
  if (!person) return answerHtml(response, 400, chooserPage(people, interaction.uid))
  const acr = faults.acr === 'unknown' ? 'eidas0' : faults.acr === 'absent' ? 'eidas1' : faults.acr
  await provider.interactionFinished(request, response, {
    login: { accountId: person.document.sub, acr, amr: ['card'] },
  })
}

async function answerRealm(
  front: Front,
  endpoint: PscEndpoint | null,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { faults, keys, issuer, options } = front
  const { clientId, clientSecret } = options
  // The provider finds its mount path from `originalUrl`, and knows its own paths without it.
  const originalUrl = request.url ?? ''
  request.url = originalUrl.slice(realmPath.length)
  if (endpoint === 'discovery') request.url = '/.well-known/openid-configuration'
  Object.assign(request, { originalUrl: realmPath + request.url })
  if (endpoint === 'token' && faults.codes === 'expired') front.store.forget('AuthorizationCode')
  rewriteAnswer(response, {
    location: (location) =>
      options.redirectUris.some((uri) => location.startsWith(uri)) ? tamperCallback(faults, location) : location,
    ...(endpoint === 'discovery' && { body: (body: string) => tamperDiscovery(faults, body, front.walletOrigin) }),
    ...(endpoint === 'jwks' && { body: () => JSON.stringify(keys.published()) }),
    ...(endpoint === 'token' && { body: (body: string) => tamperTokenAnswer({ faults, keys, clientSecret }, body) }),
    ...(endpoint === 'userinfo' && {
      body: (body: string) => tamperUserInfo({ faults, keys, clientSecret, issuer, clientId }, body),
    }),
  })
  await front.provider.callback()(request, response)
}

function listen(server: Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, () => resolve())
  })
}
