/** Signatures over documents that others check without us: keys from a JWKS file, the first of which signs; all are published. */
import { generateKeyPairSync } from 'node:crypto'
import { assert } from '../base/assert.ts'
import { fail, ok, type Result } from '../base/result.ts'
import { type SignatureProblem, type SigningJwk, signDetached, verifyDetached } from './jose.ts'

export type { SignatureProblem, SigningJwk } from './jose.ts'

export type Signer = {
  readonly keyId: string
  /** Detached JWS (ES256), `header..signature`. */
  signDetached(payload: Uint8Array): Promise<string>
  /** With any key of the file: what an older one signed verifies as long as it is kept there. */
  verifyDetached(
    payload: Uint8Array,
    signature: string,
  ): Promise<{ readonly ok: true; readonly kid: string } | { readonly ok: false; readonly problem: SignatureProblem }>
  /** Text of the public JWKS: nothing in it signs. */
  readonly publicJwks: string
}

/** One thing wrong with the file: where, and what was expected. Never holds a value of the file. */
export type SigningKeyMistake = { readonly key: string; readonly message: string }

const keysMax = 32
const textCharsMax = 65_536
const kidPattern = /^[A-Za-z0-9._:-]{1,64}$/
const coordinate = /^[A-Za-z0-9_-]{43}$/
const members = ['alg', 'crv', 'd', 'kid', 'kty', 'use', 'x', 'y']

/** The text of a new JWKS file with one key, named for its day. Holds the key in the clear: mode 0600, or a secret mount. */
export function generateSigningKeys(now: Date, kidSuffix: string): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x, y, d } = privateKey.export({ format: 'jwk' })
  const kid = `sign-${now.toISOString().slice(0, 10)}-${kidSuffix}`
  return `${JSON.stringify({ keys: [{ kty: 'EC', crv: 'P-256', kid, use: 'sig', alg: 'ES256', x, y, d }] }, null, 2)}\n`
}

/** Reads the file and reports every mistake at once. The first key must be able to sign; later ones may be public halves. */
export function parseSigningKeys(text: string): Result<readonly SigningJwk[], readonly SigningKeyMistake[]> {
  const listed = text.length <= textCharsMax ? readList(text) : null
  if (!listed) return fail([{ key: '', message: `a JSON object with "keys", a list of 1 to ${keysMax} keys, and nothing else` }])
  const mistakes: SigningKeyMistake[] = []
  const keys = listed.map((entry, index) => readKey(entry, index, mistakes))
  const kids = keys.map((key) => key?.kid)
  kids.forEach((kid, index) => {
    if (kid !== undefined && kids.indexOf(kid) !== index)
      mistakes.push({ key: `keys[${index}].kid`, message: 'a name that no other key of the file has' })
  })
  return mistakes.length > 0 ? fail(mistakes) : ok(keys.flatMap((key) => key ?? []))
}

function readList(text: string): readonly unknown[] | null {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Object.keys(value).join() !== 'keys' || !('keys' in value)) return null
    return Array.isArray(value.keys) && value.keys.length >= 1 && value.keys.length <= keysMax ? value.keys : null
  } catch {
    return null // the parser's own message would quote the file
  }
}

function readKey(entry: unknown, index: number, mistakes: SigningKeyMistake[]): SigningJwk | null {
  const at = (member: string, message: string): null => {
    mistakes.push({ key: `keys[${index}]${member === '' ? '' : `.${member}`}`, message })
    return null
  }
  if (typeof entry !== 'object' || entry === null || Object.keys(entry).some((name) => !members.includes(name)))
    return at('', `an object with members of ${members.join(', ')} only`)
  const { kty, crv, kid, use, alg, x, y, d } = entry as Record<string, unknown>
  if (kty !== 'EC' || crv !== 'P-256') return at('kty', '"EC", with "crv" "P-256"')
  if (use !== undefined && use !== 'sig') return at('use', '"sig"')
  if (alg !== undefined && alg !== 'ES256') return at('alg', '"ES256"')
  if (typeof kid !== 'string' || !kidPattern.test(kid)) return at('kid', 'a name of 1 to 64 letters, digits and . _ : -')
  if (typeof x !== 'string' || typeof y !== 'string' || !coordinate.test(x) || !coordinate.test(y))
    return at('x', 'coordinates x and y of 32 bytes in base64url')
  if (d === undefined) return index === 0 ? at('d', 'the private half: the first key signs') : { kty, crv, kid, x, y }
  if (typeof d !== 'string' || !coordinate.test(d)) return at('d', '32 bytes in base64url')
  return { kty, crv, kid, x, y, d }
}

/** The port over the text of a JWKS file. Throws with every mistake of it, and no value. */
export function openSigner(text: string): Signer {
  const parsed = parseSigningKeys(text)
  if (!parsed.ok)
    throw new Error(`signing keys: ${parsed.problem.map(({ key, message }) => `${key} expected ${message}`).join('; ')}`)
  const keys = parsed.value
  const [first] = keys
  assert(first, 'a parsed file holds a key')
  const published = keys.map(({ kty, crv, kid, x, y }) => ({ kty, crv, kid, use: 'sig', alg: 'ES256', x, y }))
  return {
    keyId: first.kid,
    signDetached: (payload) => signDetached(first, payload),
    verifyDetached: (payload, signature) => verifyDetached(keys, payload, signature),
    publicJwks: `${JSON.stringify({ keys: published }, null, 2)}\n`,
  }
}
