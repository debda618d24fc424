/** How every outgoing TLS connection is made: ANSSI's guide SDE-NT-35, with the destination's own trust and identity. */
import { readFileSync } from 'node:fs'
import type { TlsFiles } from '../domain/destination-settings.ts'

/** TLS 1.3 suites, then those of 1.2 with ephemeral keys and authenticated encryption; nothing else is offered. */
const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  // 112 bits at least, whatever the build of OpenSSL defaults to: no SHA-1 signature in a chain, no RSA below 2048 bits.
  '@SECLEVEL=2',
].join(':')

/** Reads the files once, at opening: a file that is missing stops the start, not the first declaration. */
export function readTlsOptions(files: TlsFiles) {
  return {
    minVersion: 'TLSv1.2',
    ciphers,
    ecdhCurve: 'X25519:P-256:P-384:P-521',
    // Explicit, so that NODE_TLS_REJECT_UNAUTHORIZED cannot open a door.
    rejectUnauthorized: true,
    ...(files.caFile === null ? {} : { ca: readFileSync(files.caFile) }),
    ...(files.clientCertificateFile === null ? {} : { cert: readFileSync(files.clientCertificateFile) }),
    ...(files.clientKeyFile === null ? {} : { key: readFileSync(files.clientKeyFile) }),
  } as const
}

/** Names of certificate and protocol failures, as `node:tls` and OpenSSL give them. */
const tlsFailure =
  /^(ERR_TLS_|ERR_SSL_|CERT_|CA_|EE_|CRL_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|INVALID_|HOSTNAME_MISMATCH|EPROTO$|UNSPECIFIED$)/

/** Why nothing could be sent: the handshake failed, the name leads where nothing may go, or nobody was there. */
export function connectFailure(error: unknown): 'tls-refused' | 'address-refused' | 'unreachable' {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (code === 'ERR_EGRESS_REFUSED') return 'address-refused'
  return tlsFailure.test(code) ? 'tls-refused' : 'unreachable'
}
