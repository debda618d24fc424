import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { serviceUrl } from '../../src/crypto/key-service.ts'
import { createOkmsRootKeys } from '../../src/crypto/okms-root-keys.ts'
import type { RootKeys } from '../../src/crypto/root-keys.ts'
import { createTransitRootKeys } from '../../src/crypto/transit-root-keys.ts'
import { type KeyServiceServer, type ServiceFault, startOkms, startTransit } from './key-service-server.ts'
import { openRingWorld, pharmacyA } from './ring-fixture.ts'

const payload = Buffer.from('{"kty":"oct","k":"secret"}')
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

type Opened = {
  readonly service: KeyServiceServer
  rootKeys(token?: string): RootKeys
  next(): RootKeys
  retire(): Promise<void>
}

async function openTransit(): Promise<Opened> {
  const service = await startTransit('right')
  const rootKeys = (token = 'right') =>
    createTransitRootKeys(
      { fetch: service.fetch, timeoutMs: 1500, readToken: async () => token },
      { url: service.url, mount: 'transit', keyName: 'passerelle', namespace: null },
    )
  const next = () => {
    service.rotate()
    return rootKeys()
  }
  return { service, rootKeys, next, retire: async () => service.setMinVersion(2) }
}

async function openOkms(): Promise<Opened> {
  const service = await startOkms('right')
  const first = service.addKey()
  const rootKeysFor = (primaryKeyId: string, otherKeyIds: readonly string[], token: string) =>
    createOkmsRootKeys(
      { fetch: service.fetch, timeoutMs: 1500, readToken: async () => token },
      { url: service.url, primaryKeyId, otherKeyIds },
    )
  return {
    service,
    rootKeys: (token = 'right') => rootKeysFor(first, [], token),
    next: () => rootKeysFor(service.addKey(), [first], 'right'),
    retire: async () => service.destroyKey(first),
  }
}

describe.each([
  ['OpenBao or Vault transit', openTransit],
  ['OVHcloud OKMS', openOkms],
])('root keys in %s', (_name, open) => {
  let opened: Opened
  beforeEach(async () => {
    opened = await open()
  })
  afterEach(() => opened.service.close())

  test('wrap and unwrap, and what is wrapped says nothing of the key', async () => {
    const rootKeys = opened.rootKeys()
    const { kid, wrapped } = await rootKeys.wrap(payload)
    expect(kid).toBe(await rootKeys.primaryKid())
    expect(text(await rootKeys.unwrap(kid, wrapped))).toBe(text(payload))
    expect(wrapped).not.toContain(payload.toString('base64').slice(0, 16))
  })

  test('after a rotation wrap under the next key and unwrap both, until the old one is retired', async () => {
    const before = await opened.rootKeys().wrap(payload)
    const rotated = opened.next()
    const after = await rotated.wrap(payload)
    expect(after.kid).not.toBe(before.kid)
    for (const { kid, wrapped } of [before, after]) expect(text(await rotated.unwrap(kid, wrapped))).toBe(text(payload))
    await expect(rotated.unwrap(after.kid, before.wrapped)).rejects.toMatchObject({ code: 'not-opened' })
    await opened.retire()
    await expect(rotated.unwrap(before.kid, before.wrapped)).rejects.toMatchObject({ name: 'RootKeyError' })
    expect(text(await rotated.unwrap(after.kid, after.wrapped))).toBe(text(payload))
  })

  test('refuse what was changed, and what another key wrapped', async () => {
    const rootKeys = opened.rootKeys()
    const { kid, wrapped } = await rootKeys.wrap(payload)
    const at = wrapped.length - 6
    const changed = `${wrapped.slice(0, at)}${wrapped[at] === 'A' ? 'B' : 'A'}${wrapped.slice(at + 1)}`
    await expect(rootKeys.unwrap(kid, changed)).rejects.toMatchObject({ code: 'not-opened' })
    await expect(rootKeys.unwrap(kid, 'nothing like it')).rejects.toMatchObject({ code: 'not-opened' })
    const seen = opened.service.seen.length
    await expect(rootKeys.unwrap('root-1', wrapped)).rejects.toMatchObject({ code: 'unknown-kid' })
    expect(opened.service.seen.length).toBe(seen)
  })

  test.each<ServiceFault>(['hang', 'server-error', 'redirect', 'too-large', 'not-json', 'wrong-shape', 'forbidden'])(
    'are unavailable while the service answers with: %s',
    async (fault) => {
      const rootKeys = opened.rootKeys()
      const { kid, wrapped } = await rootKeys.wrap(payload)
      opened.service.fault = fault
      await expect(rootKeys.wrap(payload)).rejects.toMatchObject({ code: 'unavailable' })
      await expect(rootKeys.unwrap(kid, wrapped)).rejects.toMatchObject({ code: 'unavailable' })
      opened.service.fault = 'none'
      expect(text(await rootKeys.unwrap(kid, wrapped))).toBe(text(payload))
    },
  )

  test('are unavailable with a wrong token, and the error holds neither token nor key', async () => {
    const failed = await opened
      .rootKeys('wrong')
      .wrap(payload)
      .catch((cause: unknown) => cause)
    expect(failed).toMatchObject({ code: 'unavailable' })
    expect(JSON.stringify(failed, Object.getOwnPropertyNames(failed))).not.toMatch(/wrong|secret/)
  })

  test('serve a whole key ring, and are not asked again for what is cached', async () => {
    const world = await openRingWorld()
    try {
      const rootKeys = opened.rootKeys()
      const here = world.ring({ rootKeys })
      const refs = (await Promise.all(Array.from({ length: 30 }, () => here.takeRecordKey(pharmacyA)))).map((key) => key.ref)
      const there = world.ring({ rootKeys })
      expect((await there.findRecordKeys(refs)).size).toBe(30)
      const seen = opened.service.seen.length
      expect((await there.findRecordKeys(refs)).size).toBe(30)
      await here.takeRecordKey(pharmacyA)
      expect(opened.service.seen.length).toBe(seen)
    } finally {
      await world.close()
    }
  })
})

test.each(['http://keys.example.org', 'https://keys.example.org/?x=1', 'https://user:secret@keys.example.org'])(
  'a key service at %s is refused',
  (url) => expect(() => serviceUrl(url)).toThrow(TypeError),
)
