/** One gateway's auth room for tests: a database of its own, a simulated Pro Santé Connect, a clock that the test moves. */
import { inject } from 'vitest'
import { type Auth, type AuthEvent, type AuthSettings, openAuth } from '../../src/auth/auth.ts'
import { randomId } from '../../src/base/ids.ts'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import { createHeadlessBrowser, type HeadlessBrowser } from '../simulators/pro-sante-connect/headless-browser.ts'
import { seedPharmacies } from '../simulators/pro-sante-connect/people.ts'
import { type PscSimulator, startPscSimulator } from '../simulators/pro-sante-connect/simulator.ts'
import { connect, createTestDatabases, type TestDatabases } from '../support/database.ts'
import { freePort } from '../support/free-port.ts'

export const publicUrl = 'http://gateway.localhost:8080'
export const redirectUri = `${publicUrl}/connexion/retour`
export const client = { clientId: 'passerelle-test', clientSecret: 'a-secret-of-the-test-client-0123456789' }
export const pharmacyIds = {
  pontNeuf: '00000000-0000-4000-8000-000000000075',
  bellecour: '00000000-0000-4000-8000-000000000069',
} as const

export type AuthWorld = {
  readonly auth: Auth
  readonly psc: PscSimulator
  readonly database: Database
  readonly databases: TestDatabases
  readonly events: AuthEvent[]
  /** Pharmacies that somebody began to act for, in order. */
  readonly chosen: string[]
  /** Moves the gateway's clock; Pro Santé Connect's own stays. */
  advance(ms: number): void
  /** Puts both clocks on the same time again. */
  resetClock(): void
  request(): { requestId: string; clientAddress: string }
  browser(): HeadlessBrowser
  /** From the first click to the end, as a seed person (null: who refuses). */
  signIn(personId: string | null, options?: SignInOptions): ReturnType<Auth['finishSignIn']>
  /** The same, where it must succeed: the session's token. */
  sessionOf(personId: string, options?: SignInOptions): Promise<string>
  /** Another auth room on the same database and simulator: another process, or other settings. */
  openAnother(settings?: Partial<AuthSettings> & { signIn?: AuthSettings['signIn'] }): Auth
  settings: AuthSettings
  close(): Promise<void>
}
export type SignInOptions = {
  readonly browser?: HeadlessBrowser
  readonly auth?: Auth
  readonly previousSessionToken?: string
  /** Changes the callback's query on its way. */
  readonly query?: (query: URLSearchParams) => void
}

export async function openAuthWorld(): Promise<AuthWorld> {
  const databases = await createTestDatabases(inject('postgresSuperUrl'))
  await addPharmacies(databases.appUrl)
  const psc = await startSimulator(await freePort())
  const database = openDatabase(databases.appUrl, { connectionsMax: 4, statementTimeoutMs: 10_000 })
  const events: AuthEvent[] = []
  const chosen: string[] = []
  let offsetMs = 0
  const deps = {
    database,
    clock: { now: () => new Date(Date.now() + offsetMs) },
    newId: randomId,
    randomBytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)),
    fetch,
    report: (event: AuthEvent) => events.push(event),
    onPharmacyChosen: (pharmacyId: string) => chosen.push(pharmacyId),
  }
  const settings = settingsFor(psc)
  const opened: Auth[] = []
  const open = (changed: AuthSettings): Auth => {
    const auth = openAuth(deps, changed)
    opened.push(auth)
    return auth
  }
  const world: AuthWorld = {
    auth: open(settings),
    psc,
    database,
    databases,
    events,
    chosen,
    settings,
    advance: (ms) => {
      offsetMs += ms
    },
    resetClock: () => {
      offsetMs = 0
    },
    request: () => ({ requestId: randomId(), clientAddress: '192.0.2.7' }),
    browser: () => createHeadlessBrowser({ redirectUris: [redirectUri] }),
    signIn: (personId, options = {}) => signIn(world, personId, options),
    sessionOf: async (personId, options = {}) => {
      const done = await signIn(world, personId, options)
      if (!done.ok) throw new Error(`the sign-in of ${personId} ended in ${done.problem}: ${JSON.stringify(events.at(-1))}`)
      return done.value.sessionToken
    },
    openAnother: (changed = {}) => open({ ...settings, ...changed }),
    close: async () => {
      for (const auth of opened) await auth.close()
      await database.close()
      await psc.close()
      await databases.drop()
    },
  }
  return world
}

export function startSimulator(port: number): Promise<PscSimulator> {
  return startPscSimulator({ port, ...client, redirectUris: [redirectUri], postLogoutRedirectUris: [`${publicUrl}/`] })
}

export function settingsFor(psc: { issuer: string; discoveryUrl: string; walletHost: string }): AuthSettings {
  return {
    publicUrl,
    signIn: {
      issuer: psc.issuer,
      clientId: client.clientId,
      discoveryUrl: psc.discoveryUrl,
      clientAuthentication: 'client_secret_post',
      allowedEndpointHosts: [new URL(psc.issuer).host, psc.walletHost],
      expectIssParameter: true,
      insecureAllowHttp: true,
      pharmacistSectors: ['SA33', 'SA38', 'SA39'],
    },
    clientSecret: client.clientSecret,
    groups: [],
    sessions: { idleMinutes: 15, absoluteMinutes: 240 },
    // Generous: a busy machine must not look like a provider that hangs.
    callTimeoutMs: 20_000,
  }
}

async function signIn(world: AuthWorld, personId: string | null, options: SignInOptions): ReturnType<Auth['finishSignIn']> {
  const auth = options.auth ?? world.auth
  const begun = await auth.beginSignIn(world.request())
  if (!begun.ok) return begun
  const browser = options.browser ?? world.browser()
  const callback = await browser.signInAs(begun.value.redirectTo, personId)
  options.query?.(callback.searchParams)
  const { signInToken } = begun.value
  const { previousSessionToken = null } = options
  return auth.finishSignIn({ query: callback.search, signInToken, previousSessionToken }, world.request())
}

async function addPharmacies(url: string): Promise<void> {
  const sql = connect(url)
  const ids = [pharmacyIds.pontNeuf, pharmacyIds.bellecour]
  for (const [index, { finess, name }] of seedPharmacies.entries())
    await sql`insert into pharmacies values (${ids[index] ?? ''}, ${finess}, ${name}, now())`
  await sql.end()
}
