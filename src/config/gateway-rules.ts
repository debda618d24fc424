/** Rules of `gateway.yaml` across its keys, and what production refuses in it. */
import { parisDay } from '../domain/paris-time.ts'
import type { Profile } from '../domain/profile.ts'
import { isEeaCountry } from './eea.ts'
import { demoRefused, type Finding, isDemoName, listRepeats, notEea, type RuleContext, type SoundFiles } from './rule-parts.ts'
import { type GatewayFile, sessionDefaults } from './schemas/gateway.ts'
import { discoveryUrlOf, endpointHostsOf } from './sign-in.ts'
import type { Sound } from './validate-file.ts'

/** Addresses, sign-in, sessions and hosting. */
export function gatewayRules({ gateway }: SoundFiles, context: RuleContext): Finding[] {
  if (gateway === null) return []
  const findings: Finding[] = []
  const find = (path: readonly PropertyKey[], message: string) => findings.push({ file: 'gateway', path, message })
  const production = context.profile === 'production'
  if (production && gateway.publicUrl?.startsWith('http:'))
    find(['publicUrl'], 'plain http is refused in production: expected https')
  const { idleMinutes = sessionDefaults.idleMinutes, absoluteMinutes = sessionDefaults.absoluteMinutes } = gateway.sessions ?? {}
  if (idleMinutes > absoluteMinutes)
    find(['sessions', 'idleMinutes'], `expected at most absoluteMinutes, which is ${absoluteMinutes}`)
  signInRules(gateway, context.profile, find)
  hostingRules(gateway, context, find)
  return findings
}

type Find = (path: readonly PropertyKey[], message: string) => void

function signInRules(gateway: Sound<GatewayFile>, profile: Profile | null, find: Find): void {
  const signIn = gateway.signIn ?? {}
  const at = (key: string, message: string) => find(['signIn', key], message)
  const { issuer, discoveryUrl, clientId, country } = signIn
  if (issuer?.endsWith('/')) at('issuer', 'expected no slash at the end')
  for (const [key, address] of [
    ['issuer', issuer],
    ['discoveryUrl', discoveryUrl],
  ] as const)
    if (address?.startsWith('http:') && !signIn.insecureAllowHttp) at(key, 'plain http: expected https')
  if (issuer !== undefined && (discoveryUrl !== undefined || signIn.allowedEndpointHosts !== undefined)) {
    const hosts = endpointHostsOf(
      issuer,
      signIn.allowedEndpointHosts?.filter((host) => host !== undefined),
    )
    const host = URL.parse(discoveryUrlOf(issuer, discoveryUrl))?.host
    if (host !== undefined && !hosts.includes(host))
      at(
        discoveryUrl === undefined ? 'allowedEndpointHosts' : 'discoveryUrl',
        `the discovery document's host is not among ${hosts.join(', ')}`,
      )
  }
  if (profile !== 'production') return
  if (signIn.insecureAllowHttp) at('insecureAllowHttp', 'is refused in production')
  // The agency's sandbox signs in invented professionals.
  if (
    URL.parse(issuer ?? '')
      ?.hostname.split('.')
      .includes('bas')
  )
    at('issuer', "the provider's test bench (bas) is refused in production")
  if (clientId !== undefined && isDemoName(clientId)) at('clientId', demoRefused)
  if (country !== undefined && !isEeaCountry(country)) at('country', notEea)
}

function hostingRules(gateway: Sound<GatewayFile>, context: RuleContext, find: Find): void {
  const { hosting } = gateway
  for (const index of listRepeats(hosting?.activities ?? [])) find(['hosting', 'activities', index], 'is listed twice')
  if (context.profile !== 'production') return
  // `in`, because a declaration that the schema refused is there all the same.
  if (hosting === undefined && !('hosting' in gateway))
    find(['hosting'], 'missing: production needs the declaration of the certified host (HDS)')
  const validUntil = hosting?.certificateValidUntil
  if (validUntil !== undefined && validUntil < parisDay(context.now))
    find(['hosting', 'certificateValidUntil'], 'the certificate has expired')
  if (hosting?.country !== undefined && !isEeaCountry(hosting.country)) find(['hosting', 'country'], notEea)
}
