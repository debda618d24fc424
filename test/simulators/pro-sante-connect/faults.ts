/** What can be made to go wrong at the simulated Pro Santé Connect. Set the fields; they count from the next request on. */
export type PscEndpoint = 'discovery' | 'authorization' | 'token' | 'userinfo' | 'jwks' | 'logout'

/**
 * `error`: 503. `hang`: never answers. `stall`: stops half-way through the body. `drop`: closes the connection. `html`: a
 * proxy's page with status 200. `oversized`: 3 MB. `redirect`: to another host.
 */
export const endpointFaults = ['error', 'hang', 'stall', 'drop', 'html', 'oversized', 'redirect'] as const
export type EndpointFault = (typeof endpointFaults)[number]

export type IdTokenFault =
  /** A claim changed in transit, the old signature kept. */
  | 'altered'
  /** Signed by a key that is not Pro Santé Connect's, under the `kid` of one that is. */
  | 'other-key'
  | 'unknown-kid'
  | 'alg-none'
  /** Signed with the client secret, HS256. */
  | 'alg-hs256'
  /** Signed by the right key with another RSA algorithm. */
  | 'alg-rs512'
  | 'wrong-issuer'
  | 'wrong-audience'
  | 'wrong-nonce'
  | 'missing'

export type PscFaults = {
  /** The level that the ID token says; `unknown` is one that nobody has heard of. */
  acr: 'eidas1' | 'eidas2' | 'eidas3' | 'unknown' | 'absent'
  idToken: IdTokenFault | null
  /** How far Pro Santé Connect's clock is ahead of ours; negative: behind. */
  skewSeconds: number
  userInfo: 'json' | 'jwt' | 'jwt-altered' | 'jwt-other-key'
  userInfoSubject: 'same' | 'other'
  /** The `iss` parameter of the callback. Metadata always advertises it. */
  issParameter: 'sent' | 'left-out' | 'wrong'
  state: 'same' | 'altered' | 'left-out'
  /** The error with which the person's choice is answered, in place of a code. */
  refusal: 'access_denied' | 'server_error' | 'temporarily_unavailable' | null
  codes: 'live' | 'expired'
  discovery: 'wrong-issuer' | 'endpoint-elsewhere' | 'endpoint-scheme' | null
  endpoints: Partial<Record<PscEndpoint, EndpointFault>>
}

export function noFaults(): PscFaults {
  return {
    acr: 'eidas1',
    idToken: null,
    skewSeconds: 0,
    userInfo: 'json',
    userInfoSubject: 'same',
    issParameter: 'sent',
    state: 'same',
    refusal: null,
    codes: 'live',
    discovery: null,
    endpoints: {},
  }
}
