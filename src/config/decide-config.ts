/** Decides the configuration from the environment and the five files: all of it, or every mistake at once. */
import { resolve } from 'node:path'
import { fail, ok, type Result } from '../base/result.ts'
import type { DestinationSettings } from '../domain/destination-settings.ts'
import { readBoundedText } from './bounded-file.ts'
import type { Config, ConfigMistake, OutsideEndpoint } from './config.ts'
import { destinationRules } from './destination-rules.ts'
import type { Env } from './env.ts'
import { type ConfigFiles, configSchemas } from './files.ts'
import { gatewayRules } from './gateway-rules.ts'
import { pharmacyRules, testKitRules } from './list-rules.ts'
import { sortMistakes } from './mistakes.ts'
import type { RuleContext } from './rule-parts.ts'
import { discoveryUrlOf, endpointHostsOf } from './sign-in.ts'
import { tariffRules } from './tariff-rules.ts'
import { mistakeAt, type ValidFile, validateFile } from './validate-file.ts'

const pemBytesMax = 256 * 1024

type ValidFiles = { readonly [Name in keyof typeof configSchemas]: ValidFile<(typeof configSchemas)[Name]> }

/** `now` judges the validity of certificates. PEM files that destinations name are opened, so that a start never stops half-way. */
export function decideConfig(env: Env, files: ConfigFiles, { now }: { now: Date }): Result<Config, readonly ConfigMistake[]> {
  const valid: ValidFiles = {
    gateway: validateFile(files.gateway, configSchemas.gateway),
    pharmacies: validateFile(files.pharmacies, configSchemas.pharmacies),
    destinations: validateFile(files.destinations, configSchemas.destinations),
    'test-kits': validateFile(files['test-kits'], configSchemas['test-kits']),
    tariff: validateFile(files.tariff, configSchemas.tariff),
  }
  const mistakes = [...env.mistakes, ...Object.values(valid).flatMap((file) => file.mistakes)]
  mistakes.push(...ruleMistakes(valid, files, { profile: env.profile, now, findFileProblem: findPemProblem(files.directory) }))
  const config = mistakes.length === 0 ? assemble(env, valid, files.directory) : null
  return config === null ? fail(sortMistakes(mistakes)) : ok(freezeDeep(config))
}

function ruleMistakes(valid: ValidFiles, files: ConfigFiles, context: RuleContext): ConfigMistake[] {
  const sound = {
    gateway: valid.gateway.sound,
    pharmacies: valid.pharmacies.sound,
    destinations: valid.destinations.sound,
    'test-kits': valid['test-kits'].sound,
    tariff: valid.tariff.sound,
  }
  const findings = [gatewayRules, pharmacyRules, destinationRules, testKitRules, tariffRules].flatMap((rules) =>
    rules(sound, context),
  )
  return findings.map((finding) => mistakeAt(files[finding.file], finding.path, finding.message))
}

function findPemProblem(directory: string) {
  return (path: string): string | null => {
    const text = readBoundedText(resolve(directory, path), pemBytesMax)
    if (!text.ok) return `the file ${text.problem}`
    return text.value.includes('-----BEGIN ') ? null : 'the file is not in PEM form'
  }
}

function assemble(env: Env, valid: ValidFiles, directory: string): Config | null {
  const gateway = valid.gateway.value
  const pharmacies = valid.pharmacies.value?.pharmacies
  const destinations = valid.destinations.value?.destinations
  const testKits = valid['test-kits'].value?.testKits
  const tariff = valid.tariff.value
  if (!env.profile || !gateway || !pharmacies || !destinations || !testKits || !tariff) return null
  const { country: signInCountry, discoveryUrl, allowedEndpointHosts, ...signIn } = gateway.signIn
  const endpointHosts = endpointHostsOf(signIn.issuer, allowedEndpointHosts)
  return {
    profile: env.profile,
    logLevel: env.logLevel,
    listen: { host: env.host, port: env.port, managementPort: env.managementPort },
    publicUrl: new URL(gateway.publicUrl).origin,
    trustedProxies: gateway.trustedProxies,
    securityContacts: gateway.securityContacts,
    signIn: { ...signIn, discoveryUrl: discoveryUrlOf(signIn.issuer, discoveryUrl), allowedEndpointHosts: endpointHosts },
    sessions: gateway.sessions,
    worker: gateway.worker,
    hosting: gateway.hosting ?? null,
    pharmacies,
    destinations: destinations.map(({ country: _, ...destination }) => withAbsolutePaths(destination, directory)),
    testKits,
    tariff: { ...tariff, issuer: tariff.issuer ?? null },
    auditAnchorFile: env.auditAnchorFile,
    outsideEndpoints: [
      ...endpointHosts.map((host): OutsideEndpoint => ({ purpose: 'sign-in', name: 'psc', host, country: signInCountry })),
      ...destinations.map(
        ({ id, transport, country }): OutsideEndpoint => ({
          purpose: 'destination',
          name: id,
          host: new URL(transport.url).host,
          country: country ?? null,
        }),
      ),
    ],
  }
}

/** Files are named relative to the config directory; the process may run elsewhere. */
function withAbsolutePaths(destination: DestinationSettings, directory: string): DestinationSettings {
  const absolute = (path: string | null) => (path === null ? null : resolve(directory, path))
  const { transport } = destination
  return {
    ...destination,
    transport: {
      ...transport,
      caFile: absolute(transport.caFile),
      clientCertificateFile: absolute(transport.clientCertificateFile),
      clientKeyFile: absolute(transport.clientKeyFile),
    },
  }
}

function freezeDeep<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) freezeDeep(part)
  }
  return value
}
