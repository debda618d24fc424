/** Pro Santé Connect as this gateway needs it: send a person there, believe or refuse what comes back, sign out. */
import * as openid from 'openid-client'
import { fail, ok, type Result } from '../base/result.ts'
import { type PscFault, pscFaultOf } from './psc-fault.ts'
import { createPscMetadata, type PscMetadataDeps, type PscSettings } from './psc-metadata.ts'

/** What must be known again when the browser comes back; it is kept sealed, for ten minutes, for that browser alone. */
export type SignInSecrets = { readonly state: string; readonly nonce: string; readonly codeVerifier: string }

/** A person whom Pro Santé Connect vouches for. `userInfo` is theirs, and not read further than its `sub`. */
export type PscIdentity = {
  readonly subject: string
  readonly acr: string
  readonly idToken: string
  /** When the person last proved who they are, where it is said. */
  readonly authenticatedAt: Date | null
  readonly userInfo: Readonly<Record<string, unknown>>
}

export type ProSanteConnect = {
  beginSignIn(): Promise<Result<{ redirectTo: string; secrets: SignInSecrets }, PscFault>>
  /** Checks the callback's query, redeems its code and asks UserInfo at once: an access token lives for two minutes. */
  finishSignIn(query: string, secrets: SignInSecrets): Promise<Result<PscIdentity, PscFault>>
  /** Where a person's own sign-out ends their session at Pro Santé Connect too; null where that address cannot be had. */
  findSignOutAddress(idToken: string): Promise<string | null>
  close(): Promise<void>
}

/** Card users come back with more than the level that must be asked for. */
export const acceptedLevels: readonly string[] = ['eidas1', 'eidas2', 'eidas3']
/** The only values that the wallet takes. */
const requestedLevel = 'eidas1'
const requestedScope = 'openid scope_all'
const queryLengthMax = 4096

export function createProSanteConnect(
  deps: PscMetadataDeps,
  settings: PscSettings & { readonly publicUrl: string },
): ProSanteConnect {
  const metadata = createPscMetadata(deps, settings)
  // From configuration and never from the request's Host: a proxy may rewrite it, and a stranger may write it.
  const redirectUri = `${settings.publicUrl}/connexion/retour`
  return {
    beginSignIn: async () => {
      const configuration = await metadata.current()
      return configuration.ok ? ok(await buildSignIn(configuration.value, redirectUri)) : configuration
    },
    finishSignIn: async (query, secrets) => {
      if (query.length > queryLengthMax) return fail({ problem: 'not-trusted', code: 'query-too-long' })
      const configuration = await metadata.current()
      if (!configuration.ok) return configuration
      const callback = new URL(redirectUri)
      callback.search = query
      try {
        return await redeem(configuration.value, callback, secrets)
      } catch (error) {
        return fail(pscFaultOf(error))
      }
    },
    findSignOutAddress: async (idToken) => {
      const configuration = await metadata.current()
      if (!configuration.ok || !configuration.value.serverMetadata().end_session_endpoint) return null
      return openid.buildEndSessionUrl(configuration.value, {
        id_token_hint: idToken,
        post_logout_redirect_uri: `${settings.publicUrl}/`,
      }).href
    },
    close: () => metadata.close(),
  }
}

async function buildSignIn(
  configuration: openid.Configuration,
  redirectUri: string,
): Promise<{ redirectTo: string; secrets: SignInSecrets }> {
  const secrets = { state: openid.randomState(), nonce: openid.randomNonce(), codeVerifier: openid.randomPKCECodeVerifier() }
  const address = openid.buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope: requestedScope,
    acr_values: requestedLevel,
    state: secrets.state,
    nonce: secrets.nonce,
    code_challenge: await openid.calculatePKCECodeChallenge(secrets.codeVerifier),
    code_challenge_method: 'S256',
  })
  return { redirectTo: address.href, secrets }
}

async function redeem(
  configuration: openid.Configuration,
  callback: URL,
  secrets: SignInSecrets,
): Promise<Result<PscIdentity, PscFault>> {
  const tokens = await openid.authorizationCodeGrant(configuration, callback, {
    expectedState: secrets.state,
    expectedNonce: secrets.nonce,
    pkceCodeVerifier: secrets.codeVerifier,
    idTokenExpected: true,
  })
  const claims = tokens.claims()
  if (!claims || !tokens.id_token) return fail({ problem: 'not-trusted', code: 'no-id-token' })
  // The library never looks at it, and the server may answer another level than the one asked for.
  const acr = claims.acr
  if (typeof acr !== 'string') return fail({ problem: 'level-not-accepted', code: 'level-absent' })
  if (!acceptedLevels.includes(acr)) return fail({ problem: 'level-not-accepted', code: 'level-unknown' })
  const userInfo = await openid.fetchUserInfo(configuration, tokens.access_token, claims.sub)
  const authTime = claims.auth_time
  return ok({
    subject: claims.sub,
    acr,
    idToken: tokens.id_token,
    authenticatedAt: typeof authTime === 'number' && Number.isSafeInteger(authTime) ? new Date(authTime * 1000) : null,
    userInfo,
  })
}
