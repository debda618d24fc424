/** Root keys from a JWKS file: several 256-bit keys by `kid`, of which one wraps and all unwrap. */
import { randomBytes } from 'node:crypto'
import { assert } from '../base/assert.ts'
import { fail, ok, type Result } from '../base/result.ts'
import { TokenError, unwrapTenantKey, type WrappingKey, wrapTenantKey } from './jose.ts'
import { RootKeyError, type RootKeys } from './root-keys.ts'

export type RootKey = WrappingKey & { readonly primary: boolean }

/** One thing wrong with the file: where (`keys[1].k`) and what was expected. Never holds a value of the file. */
export type RootKeyMistake = { readonly key: string; readonly message: string }

const keysMax = 32
const textCharsMax = 65_536
const kidPattern = /^[A-Za-z0-9._:-]{1,64}$/
/** Marks the key that wraps; where no key carries it, the first one does. */
const primaryMember = 'passerelle:primary'
const members = new Set(['kty', 'k', 'kid', 'use', 'alg', primaryMember])

/** Reads the text of a JWKS file (RFC 7517) and reports every mistake at once. Exactly one key comes out as primary. */
export function parseRootKeys(text: string): Result<readonly RootKey[], readonly RootKeyMistake[]> {
  if (text.length > textCharsMax) return fail([{ key: '', message: `at most ${textCharsMax} characters` }])
  const listed = readKeyList(text)
  if (!listed) return fail([{ key: '', message: `a JSON object with "keys", a list of 1 to ${keysMax} keys, and nothing else` }])
  const mistakes: RootKeyMistake[] = []
  const keys = listed.map((entry, index) => readKey(entry, `keys[${index}]`, mistakes))
  reportRepeats(keys, mistakes)
  const primaries = keys.filter((key) => key?.primary).length
  if (primaries > 1) mistakes.push({ key: 'keys', message: `"${primaryMember}": true on one key only` })
  if (mistakes.length > 0) return fail(mistakes)
  return ok(keys.flatMap((key, index) => (key ? [{ ...key, primary: primaries === 0 ? index === 0 : key.primary }] : [])))
}

/** The text of a JWKS file with these keys, for `parseRootKeys`. Holds the keys in the clear: mode 0600, or a secret mount. */
export function writeRootKeys(keys: readonly RootKey[]): string {
  const written = keys.map((key) => {
    const k = Buffer.from(key.bytes).toString('base64url')
    return { kty: 'oct', kid: key.kid, use: 'enc', alg: 'A256GCMKW', [primaryMember]: key.primary, k }
  })
  return `${JSON.stringify({ keys: written }, null, 2)}\n`
}

/** A fresh root key, named for its day so that an operator can tell keys apart: `root-2026-03-01-9f3a1c`. */
export function newRootKey(options: { readonly now: Date; readonly primary: boolean }): RootKey {
  const kid = `root-${options.now.toISOString().slice(0, 10)}-${randomBytes(3).toString('hex')}`
  return { kid, bytes: randomBytes(32), primary: options.primary }
}

/** The text of a new JWKS file with one key. */
export function generateRootKeys(now: Date): string {
  return writeRootKeys([newRootKey({ now, primary: true })])
}

/** The port over the text of a JWKS file. Throws with every mistake of it, and no value. */
export function openRootKeys(text: string): RootKeys {
  const parsed = parseRootKeys(text)
  if (!parsed.ok)
    throw new Error(`root keys: ${parsed.problem.map(({ key, message }) => `${key} expected ${message}`).join('; ')}`)
  return createJwksRootKeys(parsed.value)
}

/** The port over keys of a file: no network, never `unavailable`. */
export function createJwksRootKeys(keys: readonly RootKey[]): RootKeys {
  const byKid = new Map(keys.map((key) => [key.kid, key]))
  const primary = keys.find((key) => key.primary)
  assert(primary, 'one root key is primary')
  return {
    primaryKid: async () => primary.kid,
    wrap: async (payload) => ({ kid: primary.kid, wrapped: await wrapTenantKey(primary, payload) }),
    unwrap: async (kid, wrapped) => {
      const key = byKid.get(kid)
      if (!key) throw new RootKeyError('unknown-kid')
      try {
        return await unwrapTenantKey(key, wrapped)
      } catch (cause) {
        throw cause instanceof TokenError ? new RootKeyError('not-opened', { cause }) : cause
      }
    },
  }
}

function readKeyList(text: string): readonly unknown[] | null {
  try {
    const value: unknown = JSON.parse(text)
    if (!isObject(value) || Object.keys(value).length !== 1) return null
    const keys = value.keys
    return Array.isArray(keys) && keys.length >= 1 && keys.length <= keysMax ? keys : null
  } catch {
    return null
  }
}

function readKey(entry: unknown, at: string, mistakes: RootKeyMistake[]): RootKey | null {
  if (!isObject(entry)) {
    mistakes.push({ key: at, message: 'an object' })
    return null
  }
  const known = mistakes.length
  const expect = (holds: boolean, member: string, message: string) => {
    if (!holds) mistakes.push({ key: `${at}.${member}`, message })
  }
  const unknown = Object.keys(entry).filter((name) => !members.has(name)).length
  if (unknown > 0) mistakes.push({ key: at, message: `no members besides ${[...members].join(', ')}` })
  const { kty, k, kid, use, alg } = entry
  const primary = entry[primaryMember]
  const bytes = typeof k === 'string' ? Buffer.from(k, 'base64url') : Buffer.alloc(0)
  expect(kty === 'oct', 'kty', '"oct"')
  expect(typeof kid === 'string' && kidPattern.test(kid), 'kid', '1 to 64 letters, digits, dots, colons, dashes, underscores')
  expect(bytes.length === 32 && bytes.toString('base64url') === k, 'k', '32 bytes in base64url, without padding')
  expect(bytes.length !== 32 || new Set(bytes).size >= 8, 'k', 'random bytes')
  expect(use === undefined || use === 'enc', 'use', '"enc", or left out')
  expect(alg === undefined || alg === 'A256GCMKW', 'alg', '"A256GCMKW", or left out')
  expect(primary === undefined || typeof primary === 'boolean', primaryMember, 'true or false')
  return mistakes.length === known && typeof kid === 'string' ? { kid, bytes, primary: primary === true } : null
}

function reportRepeats(keys: ReadonlyArray<RootKey | null>, mistakes: RootKeyMistake[]): void {
  const seen = new Set<string>()
  for (const [index, key] of keys.entries()) {
    if (!key) continue
    const secret = Buffer.from(key.bytes).toString('hex')
    if (seen.has(`kid ${key.kid}`)) mistakes.push({ key: `keys[${index}].kid`, message: 'a kid of its own' })
    if (seen.has(`k ${secret}`)) mistakes.push({ key: `keys[${index}].k`, message: 'a key of its own' })
    seen.add(`kid ${key.kid}`).add(`k ${secret}`)
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
