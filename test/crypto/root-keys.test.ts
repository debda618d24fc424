import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createJwksRootKeys, generateRootKeys, newRootKey, parseRootKeys, writeRootKeys } from '../../src/crypto/root-jwks.ts'
import { readTenantKey, writeTenantKey } from '../../src/crypto/root-keys.ts'

const now = new Date('2026-03-02T08:00:00Z')
const k = () => randomBytes(32).toString('base64url')
const mistakesOf = (text: string) => {
  const read = parseRootKeys(text)
  return read.ok ? [] : read.problem.map((mistake) => mistake.key)
}

describe('a file of root keys', () => {
  test('generated here is read back with one primary key of 256 bits', () => {
    const read = parseRootKeys(generateRootKeys(now))
    expect(read).toMatchObject({
      ok: true,
      value: [{ kid: expect.stringMatching(/^root-2026-03-02-[0-9a-f]{6}$/), primary: true }],
    })
    expect(read.ok && read.value[0]?.bytes.length).toBe(32)
  })

  test('with two keys and a mark keeps both and the mark', () => {
    const keys = [newRootKey({ now, primary: false }), newRootKey({ now, primary: true })]
    expect(parseRootKeys(writeRootKeys(keys))).toEqual({ ok: true, value: keys })
  })

  test('without a mark makes its first key primary', () => {
    const read = parseRootKeys(
      JSON.stringify({
        keys: [
          { kty: 'oct', kid: 'a', k: k() },
          { kty: 'oct', kid: 'b', k: k() },
        ],
      }),
    )
    expect(read.ok && read.value.map((key) => key.primary)).toEqual([true, false])
  })

  test('reports every mistake at once, each with its place and never with a value', () => {
    const secret = randomBytes(31).toString('base64url')
    const keys = [
      { kty: 'RSA', kid: 'a b', k: secret, use: 'sig', alg: 'A256KW', 'passerelle:primary': 'yes', exp: 1 },
      { kty: 'oct', kid: 'same', k: k(), 'passerelle:primary': true },
      { kty: 'oct', kid: 'same', k: k(), 'passerelle:primary': true },
      { kty: 'oct', kid: 'zeros', k: Buffer.alloc(32).toString('base64url') },
      'text',
    ]
    const text = JSON.stringify({ keys })
    expect(mistakesOf(text).sort()).toEqual(
      [
        'keys',
        'keys[0]',
        'keys[0].alg',
        'keys[0].k',
        'keys[0].kid',
        'keys[0].kty',
        'keys[0].passerelle:primary',
        'keys[0].use',
        'keys[2].kid',
        'keys[3].k',
        'keys[4]',
      ].sort(),
    )
    expect(JSON.stringify(parseRootKeys(text))).not.toContain(secret)
  })

  test('with the same key under two names is refused', () => {
    const same = k()
    expect(
      mistakesOf(
        JSON.stringify({
          keys: [
            { kty: 'oct', kid: 'a', k: same },
            { kty: 'oct', kid: 'b', k: same },
          ],
        }),
      ),
    ).toEqual(['keys[1].k'])
  })

  test.each([
    '',
    '{}',
    '[]',
    'null',
    '{"keys":[]}',
    '{"keys":{}}',
    '{"keys":[{}],"more":1}',
    `{"keys":[${'0,'.repeat(40)}0]}`,
    ' '.repeat(70_000),
  ])('that is no list of keys (%#) is refused', (text) => expect(mistakesOf(text)).toEqual(['']))
})

describe('root keys of a file', () => {
  const [first, second] = [newRootKey({ now, primary: true }), newRootKey({ now, primary: false })]
  const payload = Buffer.from('small secret')

  test('wrap under the primary and unwrap under the key that wrapped', async () => {
    const { kid, wrapped } = await createJwksRootKeys([first, second]).wrap(payload)
    expect(kid).toBe(first.kid)
    const later = createJwksRootKeys([
      { ...first, primary: false },
      { ...second, primary: true },
    ])
    expect(await later.primaryKid()).toBe(second.kid)
    expect(Buffer.from(await later.unwrap(kid, wrapped)).toString()).toBe('small secret')
  })

  test('say apart a key that they do not have and a token that does not open', async () => {
    const { kid, wrapped } = await createJwksRootKeys([first]).wrap(payload)
    const other = createJwksRootKeys([{ ...second, primary: true }])
    await expect(other.unwrap(kid, wrapped)).rejects.toMatchObject({ code: 'unknown-kid' })
    await expect(other.unwrap(second.kid, wrapped)).rejects.toMatchObject({ code: 'not-opened' })
  })
})

describe('what is wrapped', () => {
  const key = { id: 'i', pharmacyId: 'p', purpose: 'records', bytes: randomBytes(32) } as const

  test('is read back only as the key that it is', () => {
    const written = writeTenantKey(key)
    expect(readTenantKey(written, key)).toEqual(key.bytes)
    for (const other of [
      { ...key, id: 'j' },
      { ...key, pharmacyId: 'q' },
      { ...key, purpose: 'macs' as const },
    ]) {
      expect(readTenantKey(written, other)).toBeNull()
    }
    expect(readTenantKey(Buffer.concat([written, Buffer.from(' ')]), key)).toBeNull()
    expect(readTenantKey(Buffer.from('{}'), key)).toBeNull()
  })
})
