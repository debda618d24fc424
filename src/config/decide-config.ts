/** Decides the configuration from the environment and the six files: all of it, or every mistake at once. */
import { resolve } from 'node:path'
import type * as z from 'zod'
import { fail, ok, type Result } from '../base/result.ts'
import type { DestinationSettings, TlsFiles, TransportSettings } from '../domain/destination-settings.ts'
import { readBoundedText } from './bounded-file.ts'
import type { Config, ConfigMistake, OutsideEndpoint, RootKeySettings, TracingSettings } from './config.ts'
import { destinationRules } from './destination-rules.ts'
import type { Env } from './env.ts'
import { type ConfigFiles, configSchemas } from './files.ts'
import { gatewayRules } from './gateway-rules.ts'
import { groupRules } from './group-rules.ts'
import { pharmacyRules, testKitRules } from './list-rules.ts'
import { sortMistakes } from './mistakes.ts'
import { retentionRules } from './retention-rules.ts'
import { rootKeysRules } from './root-keys-rules.ts'
import type { RuleContext } from './rule-parts.ts'
import type { rootKeys } from './schemas/root-keys.ts'
import type { tracing } from './schemas/tracing.ts'
import { discoveryUrlOf, endpointHostsOf } from './sign-in.ts'
import { tariffRules } from './tariff-rules.ts'
import { tracingRules } from './tracing-rules.ts'
import { mistakeAt, type ValidFile, validateFile } from './validate-file.ts'

const pemBytesMax = 256 * 1024
const secretBytesMax = 8 * 1024

type ValidFiles = { readonly [Name in keyof typeof configSchemas]: ValidFile<(typeof configSchemas)[Name]> }

/** `now` judges the validity of certificates. PEM files that destinations name are opened, so that a start never stops half-way. */
export function decideConfig(env: Env, files: ConfigFiles, { now }: { now: Date }): Result<Config, readonly ConfigMistake[]> {
  const valid: ValidFiles = {
    gateway: validateFile(files.gateway, configSchemas.gateway),
    pharmacies: validateFile(files.pharmacies, configSchemas.pharmacies),
    destinations: validateFile(files.destinations, configSchemas.destinations),
    'test-kits': validateFile(files['test-kits'], configSchemas['test-kits']),
    tariff: validateFile(files.tariff, configSchemas.tariff),
    retention: validateFile(files.retention, configSchemas.retention),
  }
  const mistakes = [...env.mistakes, ...Object.values(valid).flatMap((file) => file.mistakes)]
  mistakes.push(
    ...ruleMistakes(valid, files, {
      profile: env.profile,
      now,
      findFileProblem: findPemProblem(files.directory),
      findSecretProblem: findSecretProblem(files.directory),
    }),
  )
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
    retention: valid.retention.sound,
  }
  const findings = [
    gatewayRules,
    rootKeysRules,
    tracingRules,
    pharmacyRules,
    groupRules,
    destinationRules,
    testKitRules,
    tariffRules,
    retentionRules,
  ].flatMap((rules) => rules(sound, context))
  return findings.map((finding) => mistakeAt(files[finding.file], finding.path, finding.message))
}

function findPemProblem(directory: string) {
  return (path: string): string | null => {
    const text = readBoundedText(resolve(directory, path), pemBytesMax)
    if (!text.ok) return `the file ${text.problem}`
    return text.value.includes('-----BEGIN ') ? null : 'the file is not in PEM form'
  }
}

function findSecretProblem(directory: string) {
  return (path: string): string | null => {
    const text = readBoundedText(resolve(directory, path), secretBytesMax)
    if (!text.ok) return `the file ${text.problem}`
    return /^[^\p{C}]{1,500}$/u.test(text.value.replace(/\r?\n$/, '')) ? null : 'the file does not hold one line of text'
  }
}

function assemble(env: Env, valid: ValidFiles, directory: string): Config | null {
  const gateway = valid.gateway.value
  const pharmacies = valid.pharmacies.value?.pharmacies
  const destinations = valid.destinations.value?.destinations
  const testKits = valid['test-kits'].value?.testKits
  const tariff = valid.tariff.value
  const retention = valid.retention.value
  if (!env.profile || !gateway || !pharmacies || !destinations || !testKits || !tariff || !retention) return null
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
    rootKeys: rootKeySettings(gateway.rootKeys, directory),
    duplicateSearch: gateway.duplicateSearch,
    hosting: gateway.hosting ?? null,
    pharmacies,
    groups: (valid.pharmacies.value?.groups ?? []).map((group) => ({
      ...group,
      pharmacies: group.pharmacies === 'all' ? pharmacies.map(({ finess }) => finess) : group.pharmacies,
    })),
    destinations: destinations.map(({ country: _, ...destination }) => withAbsolutePaths(destination, directory)),
    testKits,
    alarms: gateway.alarms,
    tracing: gateway.tracing ? tracingSettings(gateway.tracing) : null,
    retention,
    tariff: { ...tariff, issuer: tariff.issuer ?? null },
    auditAnchorFile: env.auditAnchorFile,
    formerAuditKeys: gateway.formerAuditKeys,
    outsideEndpoints: [
      ...endpointHosts.map((host): OutsideEndpoint => ({ purpose: 'sign-in', name: 'psc', host, country: signInCountry })),
      ...rootKeyEndpoints(gateway.rootKeys),
      ...tracingEndpoints(gateway.tracing),
      ...destinations.flatMap(({ id, transport, country }): OutsideEndpoint[] => {
        const host = hostOf(transport)
        return host === null ? [] : [{ purpose: 'destination', name: id, host, country: country ?? null }]
      }),
    ],
  }
}

type TracingFile = z.output<typeof tracing>

function tracingSettings({ country: _, ...settings }: TracingFile): TracingSettings {
  return settings
}

function tracingEndpoints(file: TracingFile | undefined): OutsideEndpoint[] {
  return file ? [{ purpose: 'tracing', name: 'collector', host: new URL(file.url).host, country: file.country ?? null }] : []
}

type RootKeysFile = z.output<typeof rootKeys>

function rootKeyEndpoints(file: RootKeysFile): OutsideEndpoint[] {
  if (file.kind === 'file') return []
  return [{ purpose: 'root-keys', name: file.kind, host: new URL(file.url).host, country: file.country ?? null }]
}

function rootKeySettings(file: RootKeysFile, directory: string): RootKeySettings {
  if (file.kind === 'file') return file
  const absolute = (path: string | null) => (path === null ? null : resolve(directory, path))
  const { country: _, ...settings } = file
  return {
    ...settings,
    caFile: absolute(file.caFile),
    clientCertificateFile: absolute(file.clientCertificateFile),
    clientKeyFile: absolute(file.clientKeyFile),
    tokenFile: absolute(file.tokenFile),
  }
}

/** Host with its port where it is not the scheme's own; null where nothing is called. */
function hostOf(transport: TransportSettings): string | null {
  switch (transport.kind) {
    case 'https':
      return new URL(transport.url).host
    case 'mllp':
      return hostAndPort(transport)
    case 'sftp':
      return transport.port === 22 ? transport.host : hostAndPort(transport)
    case 'folder':
      return null
  }
}

function hostAndPort({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Files are named relative to the config directory; the process may run elsewhere. */
function withAbsolutePaths(destination: DestinationSettings, directory: string): DestinationSettings {
  const absolute = (path: string | null) => (path === null ? null : resolve(directory, path))
  const { transport } = destination
  switch (transport.kind) {
    case 'https':
      return { ...destination, transport: { ...transport, ...absoluteTlsFiles(transport, absolute) } }
    case 'mllp':
      return { ...destination, transport: { ...transport, ...absoluteTlsFiles(transport, absolute) } }
    case 'sftp': {
      const { privateKeyFile, passwordFile } = transport
      const files = { privateKeyFile: absolute(privateKeyFile), passwordFile: absolute(passwordFile) }
      return { ...destination, transport: { ...transport, ...files } }
    }
    case 'folder':
      return destination
  }
}

function absoluteTlsFiles(files: TlsFiles, absolute: (path: string | null) => string | null): TlsFiles {
  const { caFile, clientCertificateFile, clientKeyFile } = files
  return {
    caFile: absolute(caFile),
    clientCertificateFile: absolute(clientCertificateFile),
    clientKeyFile: absolute(clientKeyFile),
  }
}

function freezeDeep<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) freezeDeep(part)
  }
  return value
}
