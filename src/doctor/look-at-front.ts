/** Looks at the public door as somebody from outside would: TLS, headers, files that nobody should serve, pages behind sign-in. */
import { connect } from 'node:tls'
import type { DiscoveryFact, FrontFact } from './facts.ts'

export type FrontDeps = {
  readonly fetch: (url: string, init: { redirect: 'manual'; signal: AbortSignal }) => Promise<Response>
  readonly now: () => Date
}

const timeoutMs = 5_000
const bodyCharactersMax = 65_536

/** Files that a web server in front would give away if it were given a folder. */
const canaries = [
  '.git/HEAD',
  '.env',
  'package.json',
  'package-lock.json',
  'dump.sql',
  'export.csv',
  'backup.zip',
  'src/main.ts',
  'config/gateway.yaml',
  'wp-content/',
  '..%2f.env',
  '%2e%2e/dump.sql',
  '/.git/HEAD',
] as const
const pagesBehindSignIn = ['/depistages', '/grand-livre', '/facturation'] as const

/** Null where the address cannot be reached from here. */
export async function lookAtFront(deps: FrontDeps, publicUrl: string): Promise<FrontFact | null> {
  const ask = (path: string) => deps.fetch(`${publicUrl}${path}`, { redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
  try {
    const security = await ask('/.well-known/security.txt')
    const served: string[] = []
    for (const canary of canaries) {
      const { status } = await ask(`/${canary}`)
      if (status < 400) served.push(`/${canary}`)
    }
    const open: string[] = []
    for (const page of pagesBehindSignIn) if ((await ask(page)).status === 200) open.push(page)
    const tls = publicUrl.startsWith('https:') ? await lookAtTls(new URL(publicUrl), deps.now()) : null
    return {
      protocol: tls?.protocol ?? null,
      certificateLeftMs: tls?.certificateLeftMs ?? null,
      oldTlsAccepted: tls?.oldTlsAccepted ?? false,
      hstsSeconds: hstsOf(security),
      canariesAsked: canaries.length,
      canariesServed: served,
      openDoors: open,
      securityTextDaysLeft: await daysLeft(security, deps.now()),
    }
  } catch {
    return null
  }
}

/** Null where the provider cannot be reached from here. */
export async function lookAtDiscovery(
  deps: FrontDeps,
  { issuer, discoveryUrl }: { readonly issuer: string; readonly discoveryUrl: string },
): Promise<DiscoveryFact | null> {
  try {
    const answer = await deps.fetch(discoveryUrl, { redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
    const document: unknown = JSON.parse((await answer.text()).slice(0, bodyCharactersMax))
    if (typeof document !== 'object' || document === null) return { issuerMatches: false, endpointsAreHttps: false }
    const endpoints = Object.entries(document).filter(([name]) => name.endsWith('_endpoint') || name === 'jwks_uri')
    return {
      issuerMatches: 'issuer' in document && document.issuer === issuer,
      endpointsAreHttps: endpoints.length > 0 && endpoints.every(([, url]) => String(url).startsWith('https://')),
    }
  } catch {
    return null
  }
}

async function lookAtTls(url: URL, now: Date) {
  const port = Number(url.port || '443')
  const seen = await handshake({ host: url.hostname, port, minVersion: 'TLSv1.2' })
  if (!seen) throw new Error('no TLS handshake')
  const old = await handshake({
    host: url.hostname,
    port,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    // Only so that this side would speak it at all; nothing is sent.
    ciphers: 'DEFAULT@SECLEVEL=0',
    rejectUnauthorized: false,
  })
  return { protocol: seen.protocol, certificateLeftMs: seen.validTo - now.getTime(), oldTlsAccepted: old !== null }
}

function handshake(options: {
  host: string
  port: number
  minVersion: 'TLSv1' | 'TLSv1.2'
  maxVersion?: 'TLSv1.1'
  ciphers?: string
  rejectUnauthorized?: boolean
}): Promise<{ readonly protocol: string; readonly validTo: number } | null> {
  return new Promise((done) => {
    const socket = connect({ ...options, servername: options.host })
    const end = (value: { protocol: string; validTo: number } | null) => {
      socket.destroy()
      done(value)
    }
    socket.setTimeout(timeoutMs, () => end(null))
    socket.once('error', () => end(null))
    socket.once('secureConnect', () =>
      end({ protocol: socket.getProtocol() ?? '', validTo: Date.parse(socket.getPeerCertificate().valid_to) }),
    )
  })
}

function hstsOf(answer: Response): number | null {
  const age = /max-age=(\d+)/.exec(answer.headers.get('strict-transport-security') ?? '')?.[1]
  return age === undefined ? null : Number(age)
}

async function daysLeft(security: Response, now: Date): Promise<number | null> {
  if (security.status !== 200) return null
  const expires = /^Expires: (\S+)$/m.exec((await security.text()).slice(0, bodyCharactersMax))?.[1]
  const at = expires === undefined ? Number.NaN : Date.parse(expires)
  return Number.isNaN(at) ? null : Math.floor((at - now.getTime()) / 86_400_000)
}
