/** The root key port: who wraps the tenant keys. Root keys themselves never enter a database. */
import { assert } from '../base/assert.ts'

/**
 * Wraps and unwraps small secrets under keys that stand outside every database: a mounted file, or a key service.
 * `kid` names one version of one key; what one kid wrapped opens under that kid alone.
 */
export type RootKeys = {
  /** The key that wraps from now on. */
  primaryKid(): Promise<string>
  /** Under the primary key. Throws `RootKeyError`. */
  wrap(payload: Uint8Array): Promise<{ readonly kid: string; readonly wrapped: string }>
  /** Throws `RootKeyError`: `unavailable` (ask again later), `unknown-kid`, or `not-opened` (not what this key wrapped). */
  unwrap(kid: string, wrapped: string): Promise<Uint8Array>
}

export const rootKeyProblemCodes = ['unavailable', 'unknown-kid', 'not-opened'] as const
export type RootKeyProblemCode = (typeof rootKeyProblemCodes)[number]

/** The root keys did not do what was asked; `cause` is for our logs and never holds a key. */
export class RootKeyError extends Error {
  override readonly name = 'RootKeyError'
  readonly code: RootKeyProblemCode

  constructor(code: RootKeyProblemCode, options?: { cause?: unknown }) {
    super(`root key: ${code}`, options)
    this.code = code
  }
}

export const tenantKeyPurposes = ['records', 'macs'] as const
/** `records` keys wrap record keys and rotate; a `macs` key is the root of a pharmacy's digests and stays, else none would match. */
export type TenantKeyPurpose = (typeof tenantKeyPurposes)[number]

export type TenantKey = {
  readonly id: string
  readonly pharmacyId: string
  readonly purpose: TenantKeyPurpose
  readonly bytes: Uint8Array
}

/**
 * What is wrapped: a JWK that says whose key it is and what for, so that a row of the key store moved to another pharmacy,
 * purpose or id opens but is refused.
 */
export function writeTenantKey(key: TenantKey): Buffer {
  assert(key.bytes.length === 32, 'a tenant key has 32 bytes')
  const k = Buffer.from(key.bytes).toString('base64url')
  return Buffer.from(JSON.stringify({ kty: 'oct', k, kid: key.id, use: key.purpose, pharmacy: key.pharmacyId }))
}

/** The key bytes, where `payload` is exactly the key that `expected` names; null otherwise. */
export function readTenantKey(payload: Uint8Array, expected: Omit<TenantKey, 'bytes'>): Buffer | null {
  const text = Buffer.from(payload).toString('utf8')
  const k = /^\{"kty":"oct","k":"([A-Za-z0-9_-]{43})",/.exec(text)?.[1]
  if (k === undefined) return null
  const bytes = Buffer.from(k, 'base64url')
  return writeTenantKey({ ...expected, bytes }).equals(payload) ? bytes : null
}
