/** Sorts what goes wrong with Pro Santé Connect into a page for the person and a code for the operator. */
import { AuthorizationResponseError, ClientError, ResponseBodyError, WWWAuthenticateChallengeError } from 'openid-client'
import { PscCallError } from './bounded-fetch.ts'
import type { SignInProblem } from './sign-in-problem.ts'

/** `code` is from closed lists (ours, OAuth's, openid-client's): never text that came in an answer. */
export type PscFault = {
  readonly problem: Extract<
    SignInProblem,
    'psc-unavailable' | 'declined' | 'sign-in-expired' | 'not-trusted' | 'level-not-accepted'
  >
  readonly code: string
}

/** Errors of RFC 6749 and OpenID Connect that may travel into a log. */
const oauthErrors = new Set([
  'access_denied',
  'invalid_client',
  'invalid_grant',
  'invalid_request',
  'invalid_scope',
  'invalid_token',
  'interaction_required',
  'login_required',
  'server_error',
  'temporarily_unavailable',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_response_type',
])

/** Codes of openid-client that say "no usable answer"; every other one says "an answer that fails a check". */
const unavailableCodes = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_HTTP_REQUEST_FORBIDDEN',
  'OAUTH_REQUEST_PROTOCOL_FORBIDDEN',
  'OAUTH_MISSING_SERVER_METADATA',
  'OAUTH_INVALID_SERVER_METADATA',
])

/** Rethrows what does not come from a call to Pro Santé Connect: that is a fault of ours. */
export function pscFaultOf(error: unknown): PscFault {
  const call = findCallError(error)
  if (call) return { problem: 'psc-unavailable', code: call.code }
  if (error instanceof AuthorizationResponseError) {
    const code = knownError(error.error)
    return { problem: code === 'access_denied' ? 'declined' : 'psc-unavailable', code }
  }
  if (error instanceof ResponseBodyError) {
    const code = knownError(error.error)
    // The code was used, or a minute went by: beginning again mends it.
    return { problem: code === 'invalid_grant' ? 'sign-in-expired' : 'psc-unavailable', code }
  }
  if (error instanceof WWWAuthenticateChallengeError) return { problem: 'psc-unavailable', code: 'access-token-refused' }
  if (error instanceof ClientError) {
    const code = error.code ?? 'unknown'
    return { problem: unavailableCodes.has(code) ? 'psc-unavailable' : 'not-trusted', code }
  }
  throw error
}

function knownError(text: string): string {
  return oauthErrors.has(text) ? text : 'other-oauth-error'
}

/** openid-client wraps what its fetch throws; three levels are more than it uses. */
function findCallError(error: unknown): PscCallError | null {
  let inner = error
  for (let level = 0; level < 4 && inner instanceof Error; level++) {
    if (inner instanceof PscCallError) return inner
    inner = inner.cause
  }
  return null
}
