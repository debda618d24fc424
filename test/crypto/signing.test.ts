/** Signatures over documents: another library checks ours, ours checks its, and nothing else passes. */
import { CompactSign, compactVerify, FlattenedSign, importJWK } from 'jose'
import { describe, expect, test } from 'vitest'
import { generateSigningKeys, openSigner, parseSigningKeys } from '../../src/crypto/signing.ts'

const now = new Date('2026-11-01T08:00:00Z')
const text = generateSigningKeys(now, 'a1')
const signer = openSigner(text)
const payload = Buffer.from('{"number":"PAS-2026-000001"}')
const privateJwk = JSON.parse(text).keys[0]
const publicJwk = JSON.parse(signer.publicJwks).keys[0]

test('another library verifies what we sign, with the published key alone', async () => {
  const [header, , signature] = (await signer.signDetached(payload)).split('.')
  const whole = `${header}.${payload.toString('base64url')}.${signature}`
  const opened = await compactVerify(whole, await importJWK(publicJwk, 'ES256'))
  expect(Buffer.from(opened.payload)).toEqual(payload)
  expect(opened.protectedHeader).toEqual({ alg: 'ES256', kid: signer.keyId })
})

test('we verify what another library signed with the key', async () => {
  const signed = await new CompactSign(payload)
    .setProtectedHeader({ alg: 'ES256', kid: signer.keyId })
    .sign(await importJWK(privateJwk, 'ES256'))
  const [header, , signature] = signed.split('.')
  expect(await signer.verifyDetached(payload, `${header}..${signature}`)).toEqual({ ok: true, kid: signer.keyId })
})

test('the published keys hold nothing that signs', () => {
  expect(privateJwk.d).toMatch(/^[\w-]{43}$/)
  expect(signer.publicJwks).not.toContain(privateJwk.d)
  expect(Object.keys(publicJwk).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
})

describe('refused', () => {
  const problemOf = async (bytes: Uint8Array, signature: string) => {
    const verified = await signer.verifyDetached(bytes, signature)
    return verified.ok ? 'accepted' : verified.problem
  }

  test('another payload, and a signature with one bit changed', async () => {
    const signature = await signer.signDetached(payload)
    expect(await problemOf(Buffer.from('{"number":"PAS-2026-000002"}'), signature)).toBe('bad-signature')
    const bytes = Buffer.from(signature.split('.')[2] ?? '', 'base64url')
    bytes[5] = (bytes[5] ?? 0) ^ 1
    expect(await problemOf(payload, `${signature.split('.')[0]}..${bytes.toString('base64url')}`)).toBe('bad-signature')
  })

  test('a key of the same name that is another one, and a key that the file does not name', async () => {
    const other = openSigner(
      JSON.stringify({ keys: [{ ...JSON.parse(generateSigningKeys(now, 'b2')).keys[0], kid: signer.keyId }] }),
    )
    expect(await problemOf(payload, await other.signDetached(payload))).toBe('bad-signature')
    const unknown = openSigner(generateSigningKeys(now, 'c3'))
    expect(await problemOf(payload, await unknown.signDetached(payload))).toBe('unknown-key')
  })

  test('a header that says more or less than algorithm and key, a payload that came along, a shape that is none', async () => {
    const key = await importJWK(privateJwk, 'ES256')
    const crit = await new FlattenedSign(payload)
      .setProtectedHeader({ alg: 'ES256', kid: signer.keyId, jwk: publicJwk })
      .sign(key)
    expect(await problemOf(payload, `${crit.protected}..${crit.signature}`)).toBe('malformed')
    const none = Buffer.from(JSON.stringify({ alg: 'none', kid: signer.keyId })).toString('base64url')
    expect(await problemOf(payload, `${none}..${Buffer.alloc(64).toString('base64url')}`)).toBe('malformed')
    const [header, , signature] = (await signer.signDetached(payload)).split('.')
    expect(await problemOf(payload, `${header}.${payload.toString('base64url')}.${signature}`)).toBe('malformed')
    for (const shape of ['', '..', 'a.b', `${header}..${signature}=`]) expect(await problemOf(payload, shape)).toBe('malformed')
  })
})

describe('the file of keys', () => {
  test('an older key is kept as its public half, and what it signed still verifies', async () => {
    const signature = await signer.signDetached(payload)
    const fresh = JSON.parse(generateSigningKeys(now, 'd4')).keys[0]
    const { d: _, ...older } = privateJwk
    const both = openSigner(JSON.stringify({ keys: [fresh, older] }))
    expect(both.keyId).toBe(fresh.kid)
    expect(await both.verifyDetached(payload, signature)).toEqual({ ok: true, kid: signer.keyId })
  })

  test.for([
    ['no JSON', '{', ''],
    ['no key', '{"keys":[]}', ''],
    ['another curve', JSON.stringify({ keys: [{ ...privateJwk, crv: 'P-384' }] }), 'keys[0].kty'],
    ['a key without name', JSON.stringify({ keys: [{ ...privateJwk, kid: '' }] }), 'keys[0].kid'],
    ['a first key that cannot sign', JSON.stringify({ keys: [publicJwk] }), 'keys[0].d'],
    ['a name twice', JSON.stringify({ keys: [privateJwk, publicJwk] }), 'keys[1].kid'],
    ['a member that is unknown', JSON.stringify({ keys: [{ ...privateJwk, k: 'x' }] }), 'keys[0]'],
  ] as const)('%s is a mistake, said without a value of the file', ([, file, key]) => {
    const parsed = parseSigningKeys(file)
    expect(parsed.ok ? [] : parsed.problem.map((mistake) => mistake.key)).toEqual([key])
    expect(JSON.stringify(parsed)).not.toContain(privateJwk.d)
  })
})
