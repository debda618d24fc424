/** Keys as compact JWE (RFC 7516, A256GCMKW + A256GCM), signatures as detached JWS (RFC 7515 appendix F, ES256): the only file that uses node-jose, with its traps closed. */
import jose from 'node-jose'
import { assert } from '../base/assert.ts'

/** A 256-bit key-wrapping key and the name under which tokens refer to it. */
export type WrappingKey = { readonly kid: string; readonly bytes: Uint8Array }

export const tokenProblemCodes = ['shape', 'too-long', 'header', 'algorithm', 'key-name', 'not-opened'] as const
export type TokenProblemCode = (typeof tokenProblemCodes)[number]

export class TokenError extends Error {
  override readonly name = 'TokenError'
  readonly code: TokenProblemCode

  constructor(code: TokenProblemCode) {
    super(`key token refused: ${code}`)
    this.code = code
  }
}

const alg = 'A256GCMKW'
const enc = 'A256GCM'
/** Our tokens take about 500 characters. The bound stands before any parsing: node-jose has none. */
const tokenCharsMax = 4096
const payloadBytesMax = 2048
const base64url = /^[A-Za-z0-9_-]*$/
/** Everything that our tokens carry. All else is refused: `zip`, `crit`, `jku`, `jwk`, `x5u`, `x5c`, `p2c`, and what comes next. */
const headerNames = new Set(['alg', 'enc', 'kid', 'iv', 'tag'])

/** Wraps `payload` (a tenant key as JSON, at most 2 KiB) under `key`; a compact JWE that names `key.kid`. */
export async function wrapTenantKey(key: WrappingKey, payload: Uint8Array): Promise<string> {
  assert(payload.length > 0 && payload.length <= payloadBytesMax, 'a wrapped key is small')
  const jwk = await importKey(key)
  const options = { format: 'compact', contentAlg: enc, zip: false, fields: { alg, kid: key.kid } } as const
  const token: unknown = await jose.JWE.createEncrypt(options, jwk).update(Buffer.from(payload)).final()
  assert(typeof token === 'string', 'node-jose gives a compact token')
  // Read back by the rules for opening, so that a change in node-jose cannot store what we would later refuse.
  checkToken(token, key.kid)
  return token
}

/** Opens a token of `wrapTenantKey` (or of another JOSE library, same algorithms and `kid`); throws `TokenError` for all else. */
export async function unwrapTenantKey(key: WrappingKey, token: string): Promise<Uint8Array> {
  checkToken(token, key.kid)
  const jwk = await importKey(key)
  try {
    // Given one key, node-jose searches none: it never falls back on "the first that fits".
    const opened = await jose.JWE.createDecrypt(jwk, { algorithms: [alg, enc] }).decrypt(token)
    return opened.plaintext
  } catch {
    throw new TokenError('not-opened')
  }
}

/** A P-256 key as RFC 7517 writes it; `d` is there where it can sign. */
export type SigningJwk = {
  readonly kty: 'EC'
  readonly crv: 'P-256'
  readonly kid: string
  readonly x: string
  readonly y: string
  readonly d?: string
}

const signatureAlg = 'ES256'
const signedBytesMax = 1024 * 1024

/** `header..signature` over `payload`, at most 1 MiB; the header names algorithm and key, and nothing else. */
export async function signDetached(key: SigningJwk, payload: Uint8Array): Promise<string> {
  assert(key.d !== undefined, 'a signing key has its private half')
  assert(payload.length > 0 && payload.length <= signedBytesMax, 'what is signed is bounded')
  const jwk = await jose.JWK.asKey({ ...key, use: 'sig', alg: signatureAlg })
  const options = { format: 'compact', alg: signatureAlg, fields: { kid: key.kid } } as const
  const token: unknown = await jose.JWS.createSign(options, jwk).update(Buffer.from(payload)).final()
  assert(typeof token === 'string', 'node-jose gives a compact token')
  const [header = '', , signature = ''] = token.split('.')
  const detached = `${header}..${signature}`
  // Read back by the rules for verifying, as for wrapped keys.
  assert((await verifyDetached([key], payload, detached)).ok, 'what was signed verifies')
  return detached
}

export type SignatureProblem = 'malformed' | 'unknown-key' | 'bad-signature'

/** Checks `header..signature` over `payload` with the key that the header names, which must be among `keys`. */
export async function verifyDetached(
  keys: readonly SigningJwk[],
  payload: Uint8Array,
  detached: string,
): Promise<{ readonly ok: true; readonly kid: string } | { readonly ok: false; readonly problem: SignatureProblem }> {
  const parts = detached.length > tokenCharsMax || payload.length > signedBytesMax ? [] : detached.split('.')
  const [encoded = '', middle = '', signature = ''] = parts
  if (parts.length !== 3 || middle !== '' || !isCanonical(encoded) || !isCanonical(signature) || byteLength(signature) !== 64)
    return { ok: false, problem: 'malformed' }
  const text = Buffer.from(encoded, 'base64url').toString('utf8')
  const header = parseObject(text)
  // Exactly these two members: no `crit`, no `b64`, no key that came along.
  if (!header || JSON.stringify(header) !== text || Object.keys(header).toSorted().join() !== 'alg,kid')
    return { ok: false, problem: 'malformed' }
  if (header.alg !== signatureAlg) return { ok: false, problem: 'malformed' }
  const key = keys.find((one) => one.kid === header.kid)
  if (!key) return { ok: false, problem: 'unknown-key' }
  const { kty, crv, kid, x, y } = key
  const jwk = await jose.JWK.asKey({ kty, crv, kid, x, y, use: 'sig', alg: signatureAlg })
  try {
    const token = `${encoded}.${Buffer.from(payload).toString('base64url')}.${signature}`
    await jose.JWS.createVerify(jwk, { algorithms: [signatureAlg], allowEmbeddedKey: false }).verify(token)
    return { ok: true, kid }
  } catch {
    return { ok: false, problem: 'bad-signature' }
  }
}

function importKey(key: WrappingKey): Promise<jose.JWK.Key> {
  assert(key.bytes.length === 32, 'a wrapping key has 32 bytes')
  return jose.JWK.asKey({ kty: 'oct', k: Buffer.from(key.bytes).toString('base64url'), kid: key.kid, use: 'enc', alg })
}

/** Everything that can be said about a token without a key, before node-jose sees it. */
function checkToken(token: string, kid: string): void {
  if (token.length > tokenCharsMax) throw new TokenError('too-long')
  const parts = token.split('.')
  if (parts.length !== 5 || !parts.every((part) => isCanonical(part))) throw new TokenError('shape')
  const [header = '', encryptedKey = '', iv = '', , tag = ''] = parts
  checkHeader(header, kid)
  // node-jose takes shorter tags and nonces when a token offers them.
  if (byteLength(encryptedKey) !== 32 || byteLength(iv) !== 12 || byteLength(tag) !== 16) throw new TokenError('shape')
}

function checkHeader(encoded: string, kid: string): void {
  const text = Buffer.from(encoded, 'base64url').toString('utf8')
  const header = parseObject(text)
  // Written back it must be the same text: no member twice, on which two readers could disagree.
  if (!header || JSON.stringify(header) !== text) throw new TokenError('header')
  if (Object.keys(header).some((name) => !headerNames.has(name))) throw new TokenError('header')
  if (header.alg !== alg || header.enc !== enc) throw new TokenError('algorithm')
  if (header.kid !== kid) throw new TokenError('key-name')
  if (lengthOf(header.iv) !== 12 || lengthOf(header.tag) !== 16) throw new TokenError('header')
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

function lengthOf(value: unknown): number {
  return typeof value === 'string' && isCanonical(value) ? byteLength(value) : -1
}

function byteLength(part: string): number {
  return Buffer.byteLength(part, 'base64url')
}

function isCanonical(part: string): boolean {
  return base64url.test(part) && Buffer.from(part, 'base64url').toString('base64url') === part
}
