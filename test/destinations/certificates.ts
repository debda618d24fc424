/**
 * Certificates for loopback tests, made in memory each time: no private key is ever kept in the repository, and any
 * validity or name can be had. X.509 v3 with P-256 keys, as little of it as TLS asks for (RFC 5280).
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

export type Certificate = { readonly cert: string; readonly key: string }

export type CertificateOptions = {
  readonly commonName?: string
  readonly dnsNames?: readonly string[]
  readonly ipAddresses?: readonly string[]
  readonly from?: Date
  readonly until?: Date
  /** What the authority signs with; SHA-1 to see it refused. */
  readonly digest?: 'sha256' | 'sha1'
}

export type Authority = { readonly cert: string; issue(options?: CertificateOptions): Certificate }

/** An authority whose certificate can be pinned; `issue` defaults to a certificate for this machine, valid now. */
export function createAuthority(commonName = 'Autorité de test'): Authority {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const self = build(
    { commonName, authority: true },
    { subjectKey: pair.publicKey, issuerName: commonName, issuerKey: pair.privateKey },
  )
  return {
    cert: self,
    issue: (options = {}) => issueWith({ issuerName: commonName, issuerKey: pair.privateKey }, options),
  }
}

/** A certificate that vouches for itself. */
export function selfSigned(options: CertificateOptions = {}): Certificate {
  return issueWith(null, options)
}

type Issuer = { readonly issuerName: string; readonly issuerKey: KeyObject }

function issueWith(issuer: Issuer | null, options: CertificateOptions): Certificate {
  const { commonName = 'localhost', dnsNames = ['localhost'], ipAddresses = ['127.0.0.1'] } = options
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signer = issuer ?? { issuerName: commonName, issuerKey: pair.privateKey }
  const cert = build(
    { ...options, commonName, dnsNames, ipAddresses, authority: false },
    { subjectKey: pair.publicKey, ...signer },
  )
  return { cert, key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

const ecdsaWith = { sha256: sequence(oid('1.2.840.10045.4.3.2')), sha1: sequence(oid('1.2.840.10045.4.1')) } as const
const dayMs = 86_400_000

function build(
  subject: CertificateOptions & { commonName: string; authority: boolean },
  by: Issuer & { subjectKey: KeyObject },
): string {
  const { from = new Date(Date.now() - dayMs), until = new Date(Date.now() + dayMs), digest = 'sha256' } = subject
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWith[digest],
    nameOf(by.issuerName),
    sequence(utcTime(from), utcTime(until)),
    nameOf(subject.commonName),
    by.subjectKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensionsOf(subject))),
  )
  const signature = sign(digest, body, by.issuerKey)
  const certificate = sequence(body, ecdsaWith[digest], der(0x03, Buffer.concat([Buffer.from([0]), signature])))
  const base64 = certificate.toString('base64').replaceAll(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`
}

function extensionsOf(subject: CertificateOptions & { authority: boolean }): Buffer[] {
  const isAuthority = der(0x01, Buffer.from([0xff]))
  const basicConstraints = extension('2.5.29.19', true, sequence(...(subject.authority ? [isAuthority] : [])))
  const names = [
    ...(subject.dnsNames ?? []).map((name) => der(0x82, Buffer.from(name, 'ascii'))),
    ...(subject.ipAddresses ?? []).map((address) => der(0x87, Buffer.from(address.split('.').map(Number)))),
  ]
  return names.length === 0 ? [basicConstraints] : [basicConstraints, extension('2.5.29.17', false, sequence(...names))]
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [der(0x01, Buffer.from([0xff]))] : []), der(0x04, value))
}

function nameOf(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid('2.5.4.3'), der(0x0c, Buffer.from(commonName, 'utf8')))))
}

function utcTime(instant: Date): Buffer {
  const digits = instant.toISOString().replaceAll(/[-T:]/g, '').slice(2, 14)
  return der(0x17, Buffer.from(`${digits}Z`, 'ascii'))
}

function integer(bytes: Buffer): Buffer {
  return der(0x02, bytes)
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...others] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second]
  for (const arc of others) {
    const groups = [arc & 0x7f]
    for (let rest = arc >>> 7; rest > 0; rest >>>= 7) groups.unshift((rest & 0x7f) | 0x80)
    bytes.push(...groups)
  }
  return der(0x06, Buffer.from(bytes))
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts))
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  const head = length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), content])
}
