/** Rules of `tracing` across its keys: https, an address that may be reached, and a country in production. */
import { isEeaCountry } from './eea.ts'
import { type Finding, notEea, type RuleContext, reachRules, type SoundFiles } from './rule-parts.ts'

export function tracingRules({ gateway }: SoundFiles, context: RuleContext): Finding[] {
  const tracing = gateway?.tracing
  if (tracing === undefined) return []
  const findings: Finding[] = []
  const at = (key: string, message: string) => findings.push({ file: 'gateway', path: ['tracing', key], message })
  const { url, insecureAllowPlainHttp, privateNetworks, country } = tracing
  if (url?.startsWith('http:') && !insecureAllowPlainHttp) at('url', 'plain http: expected https')
  reachRules(URL.parse(url ?? '')?.hostname, privateNetworks, (message) => at('url', message))
  if (context.profile !== 'production') return findings
  if (insecureAllowPlainHttp) at('insecureAllowPlainHttp', 'is refused in production')
  if (country === undefined && !('country' in tracing))
    at('country', 'missing: production needs the country where the collector stands')
  if (country !== undefined && !isEeaCountry(country)) at('country', notEea)
  return findings
}
