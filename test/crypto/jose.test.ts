import { spawn } from 'node:child_process'
import { createCipheriv, randomBytes } from 'node:crypto'
import { createDeflateRaw } from 'node:zlib'
import { CompactEncrypt, compactDecrypt } from 'jose'
import nodeJose from 'node-jose'
import { describe, expect, test } from 'vitest'
import { TokenError, unwrapTenantKey, wrapTenantKey } from '../../src/crypto/jose.ts'
import { rfc7516, rfc7520 } from './jose-vectors.ts'

const key = { kid: 'root-1', bytes: randomBytes(32) }
const payload = Buffer.from('{"kty":"oct"}')
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()
const b64 = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64url')

/** A compact JWE made by hand, so that its header can hold anything; always true under `key`. */
function makeToken(extra: Record<string, unknown>, plain: Uint8Array = payload, tags = { key: 16, content: 16 }): string {
  const contentKey = randomBytes(32)
  const seal = (secret: Uint8Array, data: Uint8Array, aad: string, authTagLength: number) => {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', secret, iv, { authTagLength })
    cipher.setAAD(Buffer.from(aad))
    return { iv, data: Buffer.concat([cipher.update(data), cipher.final()]), tag: cipher.getAuthTag() }
  }
  const wrapped = seal(key.bytes, contentKey, '', tags.key)
  const header = { alg: 'A256GCMKW', enc: 'A256GCM', kid: key.kid, iv: b64(wrapped.iv), tag: b64(wrapped.tag), ...extra }
  const encoded = b64(JSON.stringify(header))
  const content = seal(contentKey, plain, encoded, tags.content)
  return [encoded, b64(wrapped.data), b64(content.iv), b64(content.data), b64(content.tag)].join('.')
}

async function problemOf(token: string, under = key): Promise<string> {
  try {
    await unwrapTenantKey(under, token)
    return 'opened'
  } catch (cause) {
    return cause instanceof TokenError ? cause.code : `threw ${String(cause)}`
  }
}

describe('key tokens', () => {
  test('round trip', async () => {
    expect(text(await unwrapTenantKey(key, await wrapTenantKey(key, payload)))).toBe(text(payload))
  })

  test('made here open with another JOSE library, and the other way round', async () => {
    const ours = await compactDecrypt(await wrapTenantKey(key, payload), key.bytes)
    expect(text(ours.plaintext)).toBe(text(payload))
    expect(ours.protectedHeader).toMatchObject({ alg: 'A256GCMKW', enc: 'A256GCM', kid: 'root-1' })
    const header = { alg: 'A256GCMKW', enc: 'A256GCM', kid: 'root-1' }
    const theirs = await new CompactEncrypt(payload).setProtectedHeader(header).encrypt(key.bytes)
    expect(text(await unwrapTenantKey(key, theirs))).toBe(text(payload))
  })

  test('made by hand open, so that the refusals below are about what they say', async () => {
    expect(await problemOf(makeToken({}))).toBe('opened')
  })

  test('under another key, or changed in any character, do not open', async () => {
    const token = await wrapTenantKey(key, payload)
    expect(await problemOf(token, { kid: key.kid, bytes: randomBytes(32) })).toBe('not-opened')
    for (let at = 0; at < token.length; at++) {
      const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
      expect(await problemOf(changed)).not.toBe('opened')
    }
  })

  test('without a kid, or with any other, are refused: no key is ever tried', async () => {
    expect(await problemOf(makeToken({ kid: undefined }))).toBe('key-name')
    expect(await problemOf(makeToken({ kid: 'root-2' }))).toBe('key-name')
    expect(await problemOf(makeToken({ kid: ['root-1'] }))).toBe('key-name')
  })

  const extras = {
    zip: 'DEF',
    crit: ['exp'],
    jku: 'https://x',
    jwk: {},
    x5u: 'https://x',
    x5c: [],
    p2c: 1,
    p2s: 'x',
    epk: {},
    cty: 'JWT',
    typ: 'JWE',
    b64: true,
  }
  test.each(Object.entries(extras))('with "%s" in the header are refused', async (name, member) => {
    expect(await problemOf(makeToken({ [name]: member }))).toBe('header')
  })

  test.each([
    { alg: 'dir' },
    { alg: 'A256KW' },
    { alg: 'RSA-OAEP' },
    { enc: 'A128GCM' },
    { enc: 'A128CBC-HS256' },
    { alg: 'none' },
  ])('with %j are refused', async (algorithm) => expect(await problemOf(makeToken(algorithm))).toBe('algorithm'))

  test('with other than five parts, JSON serialisations and odd base64url are refused', async () => {
    const token = makeToken({})
    for (const bad of [
      `${token}.`,
      token.slice(0, token.lastIndexOf('.')),
      '',
      '....',
      '{"protected":"e30"}',
      `${token}=`,
      ` ${token}`,
    ]) {
      expect(['shape', 'header']).toContain(await problemOf(bad))
    }
  })

  test('with a member twice in the header are refused', async () => {
    const [header = '', ...rest] = makeToken({}).split('.')
    const twice = text(Buffer.from(header, 'base64url')).replace('{', '{"kid":"other",')
    expect(await problemOf([b64(twice), ...rest].join('.'))).toBe('header')
  })

  test.each([4, 8, 12, 15])('with a true tag of %i bytes, on the key or on the content, are refused', async (length) => {
    expect(await problemOf(makeToken({}, payload, { key: length, content: 16 }))).toBe('header')
    expect(await problemOf(makeToken({}, payload, { key: 16, content: length }))).toBe('shape')
  })
})

describe('published vectors', () => {
  test('RFC 7520 §5.7: the key wrapping that we use gives the published bytes in the library', async () => {
    const vector = await nodeJose.JWK.asKey(rfc7520.gcmKeyWrap.key)
    const opened = await nodeJose.JWE.createDecrypt(vector).decrypt(rfc7520.gcmKeyWrap.token)
    expect(text(opened.plaintext)).toBe(rfc7520.plaintext)
    const cipher = createCipheriv(
      'aes-256-gcm',
      Buffer.from(rfc7520.gcmKeyWrap.key.k, 'base64url'),
      Buffer.from(rfc7520.gcmKeyWrap.iv, 'base64url'),
      { authTagLength: 16 },
    )
    expect(b64(cipher.update(Buffer.from(rfc7520.gcmKeyWrap.contentKey, 'base64url')))).toBe(rfc7520.gcmKeyWrap.encryptedKey)
    cipher.final()
    expect(b64(cipher.getAuthTag())).toBe(rfc7520.gcmKeyWrap.tag)
  })

  test.each([
    ['RFC 7520 §5.6, dir', rfc7520.direct.key, rfc7520.direct.token],
    ['RFC 7520 §5.7, A128CBC-HS256', rfc7520.gcmKeyWrap.key, rfc7520.gcmKeyWrap.token],
    ['RFC 7520 §5.9, compressed', rfc7520.compressed.key, rfc7520.compressed.token],
    ['RFC 7516 A.3, A128KW without kid', rfc7516.aesKeyWrap.key, rfc7516.aesKeyWrap.token],
  ])('%s opens in the library and is refused here', async (_name, jwk, token) => {
    const opened = await nodeJose.JWE.createDecrypt(await nodeJose.JWK.asKey(jwk)).decrypt(token)
    expect(opened.plaintext.length).toBeGreaterThan(10)
    const kid = 'kid' in jwk ? String(jwk.kid) : 'root-1'
    expect(['header', 'algorithm']).toContain(await problemOf(token, { kid, bytes: randomBytes(32) }))
  })
})

describe('a 272 kB token that inflates to 200 MB', () => {
  test('is refused within a 64 MiB heap, where the bare library inflates it', { timeout: 120_000 }, async () => {
    const token = makeToken({ zip: 'DEF' }, await deflatedZeros(200 * 1024 * 1024))
    expect(token.length).toBeGreaterThan(200_000)
    const guarded = await runChild('../../src/crypto/jose.ts', 'await room.unwrapTenantKey(key, token)', token)
    expect(guarded).toMatchObject({ said: 'TokenError', exit: 0 })
    expect(guarded.peakMiB).toBeLessThan(200)
    const bare = await runChild(
      'node-jose',
      'await room.default.JWE.createDecrypt(await room.default.JWK.asKey({ kty: "oct", kid: key.kid, k: key.bytes.toString("base64url") })).decrypt(token)',
      token,
    )
    expect(bare.exit !== 0 || bare.peakMiB > 300).toBe(true)
  })

  test('is refused for its header where it is short enough to be read', async () => {
    expect(await problemOf(makeToken({ zip: 'DEF' }, await deflatedZeros(1024 * 1024)))).toBe('header')
  })
})

async function deflatedZeros(bytes: number): Promise<Buffer> {
  const deflate = createDeflateRaw({ level: 9 })
  const chunks: Buffer[] = []
  deflate.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = new Promise((done) => deflate.once('end', done))
  const zeros = Buffer.alloc(1024 * 1024)
  for (let written = 0; written < bytes; written += zeros.length) {
    if (!deflate.write(zeros)) await new Promise((done) => deflate.once('drain', done))
  }
  deflate.end()
  await ended
  return Buffer.concat(chunks)
}

async function runChild(
  module: string,
  call: string,
  token: string,
): Promise<{ said: string; exit: number | null; peakMiB: number }> {
  const script = `
    const room = await import(${JSON.stringify(module.startsWith('.') ? new URL(module, import.meta.url).href : module)})
    const key = { kid: ${JSON.stringify(key.kid)}, bytes: Buffer.from(${JSON.stringify(key.bytes.toString('hex'))}, 'hex') }
    let token = ''
    for await (const part of process.stdin.setEncoding('latin1')) token += part
    let said = 'opened'
    try { ${call} } catch (cause) { said = cause.name }
    console.log(JSON.stringify({ said, peakMiB: process.resourceUsage().maxRSS / 1024 }))`
  const args = ['--max-old-space-size=64', '--input-type=module', '-e', script]
  const child = spawn(process.execPath, args, {
    cwd: new URL('../..', import.meta.url).pathname,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    output += part
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(token)
  const exit = await new Promise<number | null>((done) => child.once('close', done))
  const answer = output === '' ? { said: 'died', peakMiB: 0 } : (JSON.parse(output) as { said: string; peakMiB: number })
  return { ...answer, exit }
}
