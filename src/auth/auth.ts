/** Sign-in through Pro Santé Connect and the sessions that follow from it. */
import { assert } from '../base/assert.ts'
import type { Clock } from '../base/clock.ts'
import type { NewId } from '../base/ids.ts'
import type { Result } from '../base/result.ts'
import type { RequestContext } from '../domain/actor.ts'
import type { PharmacyGroup } from '../domain/pharmacy-group.ts'
import type { Role } from '../domain/roles.ts'
import type { Database } from '../storage/database.ts'
import type { ReportAuthEvent } from './auth-event.ts'
import type { Fetch } from './bounded-fetch.ts'
import { chooseActivity, findSession, signOut } from './live-sessions.ts'
import { createProSanteConnect } from './pro-sante-connect.ts'
import { absoluteMinutesMax, idleMinutesMax, type SessionLimits } from './session-lifetime.ts'
import type { SessionView } from './session-view.ts'
import { beginSignIn, finishSignIn } from './sign-in.ts'
import type { SignInProblem } from './sign-in-problem.ts'
import type { RandomBytes } from './tokens.ts'

export type { AuthEvent } from './auth-event.ts'
export type { ActivityView, SessionView } from './session-view.ts'
export type { SignInProblem } from './sign-in-problem.ts'

export type Auth = {
  /** Starts a sign-in: where to send the browser, and the value of the short-lived sign-in cookie. */
  beginSignIn(request: RequestContext): Promise<Result<{ redirectTo: string; signInToken: string }, 'psc-unavailable'>>
  /**
   * Ends a sign-in with the callback's raw query string (with or without `?`). `role` is null where the person must still
   * choose an activity. `previousSessionToken` is the browser's session so far, which ends as replaced.
   */
  finishSignIn(
    input: { query: string; signInToken: string | null; previousSessionToken?: string | null },
    request: RequestContext,
  ): Promise<Result<{ sessionToken: string; role: Role | null }, SignInProblem>>
  /** The live session of a token; null for none, ended, idle too long or expired. Touches it at most once a minute. */
  findSession(sessionToken: string, request: RequestContext): Promise<SessionView | null>
  /** Makes one of the offered activities the one that the session acts for. */
  chooseActivity(sessionToken: string, pharmacyId: string, request: RequestContext): Promise<Result<SessionView, 'not-found'>>
  /** Ends the session here; the address at Pro Santé Connect that a person's own sign-out must visit, or null where it is unknown. */
  signOut(sessionToken: string, request: RequestContext): Promise<{ redirectTo: string | null }>
  close(): Promise<void>
}

export type AuthDeps = {
  readonly database: Pick<Database, 'forNobody'>
  readonly clock: Clock
  readonly newId: NewId
  /** Cryptographic random bytes: tokens and nonces are made of them. */
  readonly randomBytes: RandomBytes
  readonly fetch: Fetch
  readonly report: ReportAuthEvent
  /** Told once a person acts for a pharmacy, after the commit: what their first capture needs can be made ready. Must not throw. */
  readonly onPharmacyChosen?: (pharmacyId: string) => void
}

export type AuthSettings = {
  /** Our own origin, with no slash at the end. */
  readonly publicUrl: string
  readonly signIn: {
    readonly issuer: string
    readonly clientId: string
    readonly discoveryUrl: string
    readonly clientAuthentication: 'client_secret_post'
    readonly allowedEndpointHosts: readonly string[]
    readonly expectIssParameter: boolean
    readonly insecureAllowHttp: boolean
    readonly pharmacistSectors: readonly string[]
  }
  readonly clientSecret: string
  readonly sessions: SessionLimits
  /** Who administers which pharmacies, besides those who exercise there. */
  readonly groups: readonly PharmacyGroup[]
  /** Bound of each call to Pro Santé Connect; ten seconds unless told. */
  readonly callTimeoutMs?: number
}

const callTimeoutMsDefault = 10_000

/** Opens nothing and asks nothing: Pro Santé Connect is first called by the first sign-in, so that we start while it is down. */
export function openAuth(deps: AuthDeps, settings: AuthSettings): Auth {
  const { sessions: limits, signIn, publicUrl, clientSecret } = settings
  assert(limits.absoluteMinutes > 0 && limits.absoluteMinutes <= absoluteMinutesMax, 'a session lasts four hours at most')
  assert(limits.idleMinutes > 0 && limits.idleMinutes <= idleMinutesMax, 'a session is idle for half an hour at most')
  const psc = createProSanteConnect(
    {
      clock: deps.clock,
      fetch: deps.fetch,
      onRenewalFailed: (fault) => deps.report({ kind: 'psc-metadata-failed', code: fault.code }),
    },
    { ...signIn, publicUrl, clientSecret, callTimeoutMs: settings.callTimeoutMs ?? callTimeoutMsDefault },
  )
  const parts = { ...deps, psc, groups: settings.groups }
  const rules = { pharmacistSectors: signIn.pharmacistSectors, limits }
  return {
    beginSignIn: () => beginSignIn(parts, rules),
    finishSignIn: (input, request) => finishSignIn(parts, rules, input, request),
    findSession: (sessionToken, request) => findSession(parts, limits, sessionToken, request),
    chooseActivity: (sessionToken, pharmacyId, request) => chooseActivity(parts, limits, { sessionToken, pharmacyId }, request),
    signOut: (sessionToken, request) => signOut(parts, sessionToken, request),
    close: () => psc.close(),
  }
}
