import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type OpenedRootKeys, openConfiguredRootKeys, type RootKeySettings } from '../../src/crypto/open-root-keys.ts'
import { generateRootKeys, openRootKeys } from '../../src/crypto/root-jwks.ts'
import { createAuthority, selfSigned } from '../destinations/certificates.ts'
import { startOkms, startTransit } from './key-service-server.ts'

const payload = Buffer.from('{"kty":"oct","k":"secret"}')
const authority = createAuthority()
let folder: string
const closers: Array<() => Promise<void>> = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'passerelle-root-keys-'))
})
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
  rmSync(folder, { recursive: true })
})

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

function open(settings: RootKeySettings, jwks: string | null = null): OpenedRootKeys {
  const opened = openConfiguredRootKeys(settings, jwks)
  closers.push(() => opened.close())
  return opened
}

const none = { timeoutMs: 2000, caFile: null, clientCertificateFile: null, clientKeyFile: null, tokenFile: null }

async function transit(certificate = authority.issue()) {
  const service = await startTransit('right', { ...certificate, ca: null })
  closers.push(() => service.close())
  const settings = {
    ...none,
    kind: 'transit',
    url: service.url,
    mount: 'transit',
    keyName: 'passerelle',
    namespace: null,
  } as const
  return { service, settings: { ...settings, caFile: file('ca.pem', authority.cert), tokenFile: file('token', 'right\n') } }
}

test('transit is reached over TLS under the pinned authority, with the token of the file', async () => {
  const { settings } = await transit()
  const rootKeys = open(settings)
  const { kid, wrapped } = await rootKeys.wrap(payload)
  expect(kid).toBe('transit:passerelle:v1')
  expect(Buffer.from(await rootKeys.unwrap(kid, wrapped))).toEqual(payload)
})

test('a token that an agent renews is taken up without a restart; while it is wrong or away the keys are unavailable', async () => {
  const { settings } = await transit()
  const rootKeys = open(settings)
  for (const text of ['expired', '', 'two lines\nof it']) {
    file('token', text)
    await expect(rootKeys.wrap(payload)).rejects.toMatchObject({ code: 'unavailable' })
  }
  rmSync(settings.tokenFile)
  await expect(rootKeys.wrap(payload)).rejects.toMatchObject({ code: 'unavailable' })
  file('token', 'right\n')
  expect((await rootKeys.wrap(payload)).kid).toBe('transit:passerelle:v1')
})

test.each([
  ['of another authority', () => createAuthority().issue()],
  ['that vouches for itself', () => selfSigned()],
  ['of another name', () => authority.issue({ dnsNames: ['keys.example.org'], ipAddresses: [] })],
  ['that has expired', () => authority.issue({ until: new Date(Date.now() - 1000) })],
])('a server with a certificate %s is told nothing', async (_name, certificate) => {
  const { service, settings } = await transit(certificate())
  await expect(open(settings).wrap(payload)).rejects.toMatchObject({ code: 'unavailable' })
  expect(service.seen).toEqual([])
})

test('OKMS takes our certificate in place of a token, and refuses us without either', async () => {
  const service = await startOkms('right', { ...authority.issue(), ca: authority.cert })
  closers.push(() => service.close())
  const ours = authority.issue({ commonName: 'passerelle' })
  const settings = { ...none, kind: 'okms', url: service.url, primaryKeyId: service.addKey(), otherKeyIds: [] } as const
  const caFile = file('ca.pem', authority.cert)
  const clientCertificateFile = file('client.pem', ours.cert)
  const clientKeyFile = file('client.key', ours.key)
  const rootKeys = open({ ...settings, caFile, clientCertificateFile, clientKeyFile })
  const { kid, wrapped } = await rootKeys.wrap(payload)
  expect(Buffer.from(await rootKeys.unwrap(kid, wrapped))).toEqual(payload)
  await expect(open({ ...settings, caFile }).wrap(payload)).rejects.toMatchObject({ code: 'unavailable' })
  const tokenFile = file('token', 'right')
  expect((await open({ ...settings, caFile, tokenFile }).wrap(payload)).kid).toBe(kid)
})

test('a house that moves from the file to a service wraps in the service and still opens what the file wrapped', async () => {
  const { service, settings } = await transit()
  const jwks = generateRootKeys(new Date())
  const before = await openRootKeys(jwks).wrap(payload)
  const both = open(settings, jwks)
  expect(Buffer.from(await both.unwrap(before.kid, before.wrapped))).toEqual(payload)
  expect(service.seen).toEqual([])
  const after = await both.wrap(payload)
  expect(after.kid).toBe(await both.primaryKid())
  expect(Buffer.from(await both.unwrap(after.kid, after.wrapped))).toEqual(payload)
  await expect(open(settings).unwrap(before.kid, before.wrapped)).rejects.toMatchObject({ code: 'unknown-kid' })
  // What the service's key name once wrapped is never offered to a key of the file.
  await expect(both.unwrap('transit:other:v1', before.wrapped)).rejects.toMatchObject({ code: 'unknown-kid' })
})

test('a certificate file that is missing stops the start, not the first question', async () => {
  const { settings } = await transit()
  expect(() => open({ ...settings, caFile: join(folder, 'nowhere.pem') })).toThrow('ENOENT')
})
