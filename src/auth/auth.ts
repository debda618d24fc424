/** Sign-in through Pro Santé Connect and the sessions that follow from it. */
import type { Result } from '../base/result.ts'
import type { RequestContext } from '../domain/actor.ts'
import type { SessionView } from './session-view.ts'
import type { SignInProblem } from './sign-in-problem.ts'

export type { ActivityView, SessionView } from './session-view.ts'
export type { SignInProblem } from './sign-in-problem.ts'

export type Auth = {
  /** Starts a sign-in: where to send the browser, and the value of the short-lived sign-in cookie. */
  beginSignIn(request: RequestContext): Promise<Result<{ redirectTo: string; signInToken: string }, 'psc-unavailable'>>
  /**
   * Ends a sign-in with the callback's raw query string (with or without `?`). `chosen` is false where the person must still
   * choose an activity. `previousSessionToken` is the browser's session so far, which ends as replaced.
   */
  finishSignIn(
    input: { query: string; signInToken: string | null; previousSessionToken?: string | null },
    request: RequestContext,
  ): Promise<Result<{ sessionToken: string; chosen: boolean }, SignInProblem>>
  /** The live session of a token; null for none, ended, idle too long or expired. Touches it at most once a minute. */
  findSession(sessionToken: string, request: RequestContext): Promise<SessionView | null>
  /** Makes one of the offered activities the one that the session acts for. */
  chooseActivity(sessionToken: string, pharmacyId: string, request: RequestContext): Promise<Result<SessionView, 'not-found'>>
  /** Ends the session here; the address at Pro Santé Connect that a person's own sign-out must visit, or null where it is unknown. */
  signOut(sessionToken: string, request: RequestContext): Promise<{ redirectTo: string | null }>
  close(): Promise<void>
}
