/** Keys as compact JWE (RFC 7516, A256GCMKW + A256GCM): the only file that uses node-jose, with its traps closed. */
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
