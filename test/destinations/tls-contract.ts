/** What every transport over TLS must refuse and must speak: run with a Node TLS server that has a certificate of the case. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TlsOptions } from 'node:tls'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import type { TransportResult } from '../../src/destinations/destination.ts'
import type { TlsFiles } from '../../src/domain/destination-settings.ts'
import { type Authority, type Certificate, type CertificateOptions, createAuthority, selfSigned } from './certificates.ts'

export type TlsUnderTest = {
  readonly name: string
  /** Sends one message to a server with these options; `requests` counts the messages of which it saw a byte. */
  sendTo(tls: TlsOptions, files: TlsFiles): Promise<{ readonly result: TransportResult; readonly requests: number }>
}

/** Files of PEM texts, gone after the test file. */
export function pemFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-tls-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  return (name: string, content: string): string => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  }
}

export function tlsContract({ name, sendTo }: TlsUnderTest): void {
  const authority: Authority = createAuthority()
  const fileOf = pemFolder()
  const pinned: TlsFiles = { caFile: fileOf('ca.pem', authority.cert), clientCertificateFile: null, clientKeyFile: null }
  const refused = { result: { kind: 'not-sent', code: 'tls-refused' }, requests: 0 }
  const bad = (options: CertificateOptions): Certificate => authority.issue(options)
  const yesterday = new Date(Date.now() - 86_400_000)

  describe(`${name} over TLS`, () => {
    test('a server with a certificate of the pinned authority is trusted', async () => {
      expect(await sendTo(authority.issue(), pinned)).toMatchObject({ result: { kind: 'answer' }, requests: 1 })
    })

    test.each([
      ['expired', () => bad({ from: new Date(yesterday.getTime() - 86_400_000), until: yesterday })],
      ['not yet valid', () => bad({ from: new Date(Date.now() + 86_400_000), until: new Date(Date.now() + 2 * 86_400_000) })],
      ['for another host', () => bad({ dnsNames: ['si-dep.exemple.test'], ipAddresses: ['127.0.0.2'] })],
      ['without any name', () => bad({ commonName: '127.0.0.1', dnsNames: [], ipAddresses: [] })],
      ['self-signed', () => selfSigned()],
      ['signed with SHA-1', () => bad({ digest: 'sha1' })],
      ['of another authority of the same name', () => createAuthority().issue()],
    ])('a certificate that is %s gets not a byte of the message', async (_case, certificate) => {
      expect(await sendTo(certificate(), pinned)).toEqual(refused)
    })

    test.each([
      ['TLS 1.1', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }],
      [
        'TLS 1.2 without authenticated encryption',
        { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA' },
      ],
    ] as const)('a server that speaks only %s gets not a byte of the message', async (_case, options) => {
      expect(await sendTo({ ...authority.issue(), ...options }, pinned)).toEqual(refused)
    })

    test.each(['TLSv1.2', 'TLSv1.3'] as const)('%s is spoken', async (version) => {
      const { result } = await sendTo({ ...authority.issue(), minVersion: version, maxVersion: version }, pinned)
      expect(result.kind).toBe('answer')
    })

    test('without a pinned authority, one that the system does not know is refused', async () => {
      expect(await sendTo(authority.issue(), { ...pinned, caFile: null })).toEqual(refused)
    })

    test('an environment that turns verification off does not', async () => {
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
      onTestFinished(() => {
        delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
      })
      expect(await sendTo(selfSigned(), pinned)).toEqual(refused)
    })

    test.each(['TLSv1.2', 'TLSv1.3'] as const)('our own certificate is shown where it is asked for, over %s', async (version) => {
      const asking = {
        ...authority.issue(),
        ca: authority.cert,
        requestCert: true,
        rejectUnauthorized: true,
        maxVersion: version,
      }
      const own = authority.issue({ commonName: 'passerelle' })
      const files = { clientCertificateFile: fileOf('client.pem', own.cert), clientKeyFile: fileOf('client-key.pem', own.key) }
      expect(await sendTo(asking, { ...pinned, ...files })).toMatchObject({ result: { kind: 'answer' } })
      // In TLS 1.3 the refusal comes after we wrote, and looks like any other broken connection: nobody can call it not-sent.
      const lost = { result: { kind: 'answer-lost', code: 'answer-lost' }, requests: 0 }
      expect(await sendTo(asking, pinned)).toEqual(version === 'TLSv1.3' ? lost : refused)
    })
  })
}
