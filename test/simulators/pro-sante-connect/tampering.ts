/** Applies the faults to what the provider is about to answer: ID tokens, UserInfo, discovery, callback addresses. */
import { decodeJwt, type JWTPayload, SignJWT } from 'jose'
import type { PscFaults } from './faults.ts'
import { privateKeyOf, type SimulatorKeys } from './keys.ts'

export type TamperingContext = { readonly faults: PscFaults; readonly keys: SimulatorKeys; readonly clientSecret: string }

const keycloakAlgorithms = ['PS256', 'PS512', 'ES256', 'ES512', 'HS256', 'HS512', 'RS256', 'RS384', 'RS512']

/** The token answer, its ID token changed as the faults say; untouched where they say nothing. */
export async function tamperTokenAnswer(context: TamperingContext, body: string): Promise<string> {
  const answer = JSON.parse(body) as { id_token?: string }
  if (!answer.id_token) return body
  const { faults } = context
  if (faults.idToken === 'missing') {
    const { id_token: _, ...rest } = answer
    return JSON.stringify(rest)
  }
  if (faults.idToken === null && faults.skewSeconds === 0 && faults.acr !== 'absent') return body
  return JSON.stringify({ ...answer, id_token: await tamperIdToken(context, answer.id_token) })
}

async function tamperIdToken(context: TamperingContext, idToken: string): Promise<string> {
  const { faults, keys, clientSecret } = context
  const claims = shift(decodeJwt(idToken), faults.skewSeconds)
  if (faults.acr === 'absent') delete claims.acr
  const { kid } = keys.current()
  const sign = async (payload: JWTPayload, alg: string, header: { kid: string }): Promise<string> =>
    new SignJWT(payload).setProtectedHeader({ ...header, alg }).sign(await privateKeyOf(keys.current(), alg))
  switch (faults.idToken) {
    case 'altered': {
      const [header, , signature] = idToken.split('.')
      return `${header}.${base64url({ ...claims, acr: 'eidas3' })}.${signature}`
    }
    case 'other-key':
      return new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid })
        .sign(await privateKeyOf(await keys.stranger(), 'RS256'))
    case 'unknown-kid':
      return sign(claims, 'RS256', { kid: 'nobody-knows' })
    case 'alg-none':
      return `${base64url({ alg: 'none', kid })}.${base64url(claims)}.`
    case 'alg-hs256':
      return new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(clientSecret))
    case 'alg-rs512':
      return sign(claims, 'RS512', { kid })
    case 'wrong-issuer':
      return sign({ ...claims, iss: 'http://localhost:9/auth/realms/esante-wallet' }, 'RS256', { kid })
    case 'wrong-audience':
      return sign({ ...claims, aud: 'another-client' }, 'RS256', { kid })
    case 'wrong-nonce':
      return sign({ ...claims, nonce: 'of-another-sign-in' }, 'RS256', { kid })
    case 'missing':
    case null:
      return sign(claims, 'RS256', { kid })
  }
}

/** UserInfo as JSON or as a signed JWT, for the same person or another. */
export async function tamperUserInfo(
  context: TamperingContext & { readonly issuer: string; readonly clientId: string },
  body: string,
): Promise<{ body: string; type: string }> {
  const { faults, keys, issuer, clientId } = context
  const claims = JSON.parse(body) as JWTPayload
  if (faults.userInfoSubject === 'other') claims.sub = `${claims.sub ?? ''}-other`
  if (faults.userInfo === 'json') return { body: JSON.stringify(claims), type: 'application/json; charset=utf-8' }
  const { kid } = keys.current()
  const key = faults.userInfo === 'jwt-other-key' ? await keys.stranger() : keys.current()
  const jwt = await new SignJWT({ ...claims, iss: issuer, aud: clientId })
    .setProtectedHeader({ alg: 'RS256', kid })
    .setIssuedAt()
    .sign(await privateKeyOf(key, 'RS256'))
  if (faults.userInfo === 'jwt') return { body: jwt, type: 'application/jwt' }
  if (faults.userInfo === 'jwt-other-key') return { body: jwt, type: 'application/jwt' }
  const [header, , signature] = jwt.split('.')
  const altered = base64url({ ...decodeJwt(jwt), SubjectNameID: '899900000999' })
  return { body: `${header}.${altered}.${signature}`, type: 'application/jwt' }
}

/** Pro Santé Connect's own document: the wallet's authorization endpoint, and the odd list of levels. */
export function tamperDiscovery(faults: PscFaults, body: string, walletOrigin: string): string {
  const document: Record<string, unknown> = {
    ...(JSON.parse(body) as Record<string, unknown>),
    authorization_endpoint: `${walletOrigin}/auth`,
    acr_values_supported: ['0', '0'],
    // Keycloak names every algorithm that it knows, not those that it uses for us.
    id_token_signing_alg_values_supported: keycloakAlgorithms,
    userinfo_signing_alg_values_supported: [...keycloakAlgorithms, 'none'],
  }
  if (faults.discovery === 'wrong-issuer') document.issuer = `${String(document.issuer)}-other`
  if (faults.discovery === 'endpoint-elsewhere') document.userinfo_endpoint = 'http://userinfo.example.test/userinfo'
  if (faults.discovery === 'endpoint-scheme') document.token_endpoint = 'ftp://localhost/token'
  return JSON.stringify(document)
}

/** The address to which a person is sent back: `session_state` is added as Keycloak does, then the faults apply. */
export function tamperCallback(faults: PscFaults, location: string): string {
  const url = new URL(location)
  if (url.searchParams.has('code')) url.searchParams.set('session_state', 'b7f0c1a2-0000-4000-8000-5e551057a7e0')
  if (faults.issParameter === 'left-out') url.searchParams.delete('iss')
  if (faults.issParameter === 'wrong') url.searchParams.set('iss', 'http://localhost:9/auth/realms/esante-wallet')
  if (faults.state === 'left-out') url.searchParams.delete('state')
  if (faults.state === 'altered') url.searchParams.set('state', 'of-another-sign-in')
  return url.href
}

function shift(claims: JWTPayload, seconds: number): JWTPayload {
  const shifted: JWTPayload = { ...claims }
  for (const name of ['iat', 'exp', 'auth_time'] as const) {
    const value = shifted[name]
    if (typeof value === 'number') shifted[name] = value + seconds
  }
  return shifted
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
