/** Rules of `rootKeys` across its keys: https, a proof of who we are, files that are there, and a country in production. */
import { isEeaCountry } from './eea.ts'
import { type Finding, notEea, type RuleContext, type SoundFiles } from './rule-parts.ts'

export function rootKeysRules({ gateway }: SoundFiles, context: RuleContext): Finding[] {
  const rootKeys = gateway?.rootKeys
  // What names no kind, or none that we know, the schema has refused already.
  if (rootKeys?.kind !== 'transit' && rootKeys?.kind !== 'okms') return []
  const findings: Finding[] = []
  const at = (key: string, message: string) => findings.push({ file: 'gateway', path: ['rootKeys', key], message })
  if (rootKeys.url?.startsWith('http:')) at('url', 'plain http: expected https')
  const { clientCertificateFile, clientKeyFile, tokenFile, country } = rootKeys
  if (clientCertificateFile && !clientKeyFile) at('clientCertificateFile', 'expected clientKeyFile beside it')
  if (clientKeyFile && !clientCertificateFile) at('clientKeyFile', 'expected clientCertificateFile beside it')
  for (const key of ['caFile', 'clientCertificateFile', 'clientKeyFile'] as const) {
    const path = rootKeys[key]
    const problem = path ? context.findFileProblem(path) : null
    if (problem !== null) at(key, problem)
  }
  const tokenProblem = tokenFile ? context.findSecretProblem(tokenFile) : null
  if (tokenProblem !== null) at('tokenFile', tokenProblem)
  const proves = (key: string) => key in rootKeys && rootKeys[key as keyof typeof rootKeys] !== null
  if (rootKeys.kind === 'transit' && !proves('tokenFile')) at('tokenFile', 'missing: the transit engine is asked with a token')
  if (rootKeys.kind === 'okms' && !proves('tokenFile') && !proves('clientCertificateFile'))
    at('tokenFile', 'missing: expected a token, or clientCertificateFile and clientKeyFile')
  if (rootKeys.kind === 'okms' && rootKeys.primaryKeyId && rootKeys.otherKeyIds?.includes(rootKeys.primaryKeyId))
    at('otherKeyIds', 'holds the primary key too')
  if (context.profile !== 'production') return findings
  if (country === undefined && !('country' in rootKeys))
    at('country', 'missing: production needs the country where the key service stands')
  if (country !== undefined && !isEeaCountry(country)) at('country', notEea)
  return findings
}
