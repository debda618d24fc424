/** What Pro Santé Connect says of itself: fetched when needed, checked, kept for an hour, and kept on while it is down. */
import * as openid from 'openid-client'
import type { Clock } from '../base/clock.ts'
import { fail, ok, type Result } from '../base/result.ts'
import { boundFetch, type Fetch } from './bounded-fetch.ts'
import { type PscFault, pscFaultOf } from './psc-fault.ts'

export type PscSettings = {
  readonly issuer: string
  readonly clientId: string
  readonly discoveryUrl: string
  readonly allowedEndpointHosts: readonly string[]
  readonly expectIssParameter: boolean
  readonly insecureAllowHttp: boolean
  readonly clientSecret: string
  /** Bound of each call to Pro Santé Connect. */
  readonly callTimeoutMs: number
}

export type PscMetadata = {
  /** The last good copy; fetched now where there is none. A copy past its hour is renewed behind the caller's back. */
  current(): Promise<Result<openid.Configuration, PscFault>>
  /** Waits for a renewal that is under way. */
  close(): Promise<void>
}

export type PscMetadataDeps = {
  readonly clock: Clock
  readonly fetch: Fetch
  readonly onRenewalFailed: (fault: PscFault) => void
}

const lifetimeMs = 3_600_000
/** After a failure nothing is asked for this long: a crowd at the sign-in page must not become a crowd at a service that is down. */
const restMs = 5_000
const clockToleranceSeconds = 30

export function createPscMetadata(deps: PscMetadataDeps, settings: PscSettings): PscMetadata {
  let copy: { readonly configuration: openid.Configuration; readonly readAtMs: number } | null = null
  let failure: { readonly fault: PscFault; readonly atMs: number } | null = null
  let underWay: Promise<Result<openid.Configuration, PscFault>> | null = null

  const renew = (): Promise<Result<openid.Configuration, PscFault>> => {
    underWay ??= readConfiguration(deps.fetch, settings)
      .then((read) => {
        const atMs = deps.clock.now().getTime()
        if (read.ok) copy = { configuration: read.value, readAtMs: atMs }
        else deps.onRenewalFailed(read.problem)
        failure = read.ok ? null : { fault: read.problem, atMs }
        return read
      })
      .finally(() => {
        underWay = null
      })
    return underWay
  }

  return {
    current: async () => {
      const nowMs = deps.clock.now().getTime()
      const resting = failure !== null && nowMs - failure.atMs < restMs
      if (copy) {
        if (nowMs - copy.readAtMs >= lifetimeMs && !resting) {
          // Nobody waits for this one: a fault of our own must be told, and not end the process.
          renew().catch(() => deps.onRenewalFailed({ problem: 'psc-unavailable', code: 'renewal-broke' }))
        }
        return ok(copy.configuration)
      }
      return resting && failure ? fail(failure.fault) : renew()
    },
    close: async () => {
      await underWay
    },
  }
}

async function readConfiguration(fetch: Fetch, settings: PscSettings): Promise<Result<openid.Configuration, PscFault>> {
  const { clientId, clientSecret, callTimeoutMs, insecureAllowHttp } = settings
  const discoveryUrl = new URL(settings.discoveryUrl)
  if (discoveryUrl.protocol !== 'https:' && !insecureAllowHttp)
    return fail({ problem: 'psc-unavailable', code: 'endpoint-not-https' })
  const hosts = new Set([...settings.allowedEndpointHosts, discoveryUrl.host])
  const bounded = boundFetch(fetch, hosts) as openid.CustomFetch
  try {
    const discovered = await openid.discovery(discoveryUrl, clientId, undefined, openid.None(), {
      timeout: callTimeoutMs / 1000,
      [openid.customFetch]: bounded,
      execute: insecureAllowHttp ? [openid.allowInsecureRequests] : [],
    })
    const metadata = discovered.serverMetadata()
    const problem = findMetadataProblem(metadata, settings)
    if (problem) return fail({ problem: 'psc-unavailable', code: problem })
    return ok(configure(metadata, settings, bounded, clientSecret))
  } catch (error) {
    // Nobody's answer is being judged yet: whatever is wrong with the document, sign-in is not to be had now.
    return fail({ problem: 'psc-unavailable', code: pscFaultOf(error).code })
  }
}

export type MetadataProblem = 'issuer-differs' | 'endpoint-missing' | 'endpoint-host-not-allowed' | 'endpoint-not-https'

const endpointsNeeded = ['authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri'] as const

/** openid-client does not compare the issuer of a document that was asked for by its full address; and it trusts every host. */
export function findMetadataProblem(
  metadata: Readonly<Record<string, unknown>>,
  settings: Pick<PscSettings, 'issuer' | 'allowedEndpointHosts' | 'insecureAllowHttp'>,
): MetadataProblem | null {
  if (metadata.issuer !== settings.issuer) return 'issuer-differs'
  if (endpointsNeeded.some((name) => typeof metadata[name] !== 'string')) return 'endpoint-missing'
  const schemes = settings.insecureAllowHttp ? ['https:', 'http:'] : ['https:']
  for (const [name, value] of Object.entries(metadata)) {
    // Endpoints that we never call are held to the same rule: a document that names a stranger is not Pro Santé Connect's.
    // `mtls_endpoint_aliases` is left aside: it is an object, its real hosts are unknown, and no call goes there.
    if (!name.endsWith('_endpoint') && name !== 'jwks_uri') continue
    const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : null
    if (!url || !schemes.includes(url.protocol)) return 'endpoint-not-https'
    if (url.username !== '' || !settings.allowedEndpointHosts.includes(url.host)) return 'endpoint-host-not-allowed'
  }
  return null
}

function configure(
  metadata: openid.ServerMetadata,
  settings: PscSettings,
  bounded: openid.CustomFetch,
  clientSecret: string,
): openid.Configuration {
  const server: openid.ServerMetadata = {
    ...metadata,
    // Signed UserInfo is told by its content type; where it comes, only RS256 is believed.
    userinfo_signing_alg_values_supported: ['RS256'],
    // Advertised and left out, the parameter would stop every sign-in; a wrong value is refused either way.
    ...(!settings.expectIssParameter && { authorization_response_iss_parameter_supported: false }),
  }
  const client = { id_token_signed_response_alg: 'RS256', [openid.clockTolerance]: clockToleranceSeconds }
  const configuration = new openid.Configuration(server, settings.clientId, client, openid.ClientSecretPost(clientSecret))
  configuration.timeout = settings.callTimeoutMs / 1000
  configuration[openid.customFetch] = bounded
  // Without it the signature of an ID token from the token endpoint is not looked at.
  openid.enableNonRepudiationChecks(configuration)
  if (settings.insecureAllowHttp) openid.allowInsecureRequests(configuration)
  return configuration
}
