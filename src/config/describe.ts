/** The effective configuration as text: every value, where it came from, and no secret. */
import type { Config } from './config.ts'
import type { SettingName } from './env.ts'
import type { ConfigFileName } from './files.ts'
import type { ConfigOrigins, LoadedConfig } from './load-config.ts'
import { printKey } from './mistakes.ts'

const fromEnv: Readonly<Record<string, SettingName>> = {
  profile: 'PASSERELLE_PROFILE',
  logLevel: 'LOG_LEVEL',
  'listen.host': 'HOST',
  'listen.port': 'PORT',
  'listen.managementPort': 'MANAGEMENT_PORT',
  auditAnchorFile: 'AUDIT_ANCHOR_FILE',
}

/** Sections that have a file of their own; every other one stands in `gateway.yaml`. */
const fileOfSection: Readonly<Record<string, ConfigFileName>> = {
  pharmacies: 'pharmacies',
  destinations: 'destinations',
  testKits: 'test-kits',
  tariff: 'tariff',
  retention: 'retention',
}

type Row = { readonly key: string; readonly value: string; readonly origin: string }

/** One line a value: `key = value`, then `# origin`. Secrets are only said to be set, and by what. */
export function describeConfig({ config, origins }: Pick<LoadedConfig, 'config' | 'origins'>): string {
  const rows: Row[] = [
    { key: 'configDir', value: origins.env.configDir, origin: originOfSetting('PASSERELLE_CONFIG_DIR', origins) },
    ...rowsOf(config, [], origins),
    ...Object.entries(origins.secrets).map(([key, value]) => ({ key, value, origin: 'secret' })),
    { key: 'ROOT_KEYS_FILE', value: fromFile(origins.env.rootKeysFile), origin: 'secret' },
    { key: 'AUDIT_KEY_FILE', value: fromFile(origins.env.auditKeyFile), origin: 'secret' },
    { key: 'SIGNING_KEYS_FILE', value: fromFile(origins.env.signingKeysFile), origin: 'secret' },
  ]
  return rows.map(({ key, value, origin }) => `${key} = ${value}  # ${origin}`).join('\n')
}

function fromFile(path: string | null): string {
  return path === null ? 'not set' : `set, from file ${path}`
}

function rowsOf(value: unknown, path: readonly PropertyKey[], origins: ConfigOrigins): Row[] {
  const parts = typeof value === 'object' && value !== null ? Object.entries(value) : []
  if (parts.length === 0) return [{ key: printKey(path), value: JSON.stringify(value), origin: originOf(path, origins) }]
  const isList = Array.isArray(value)
  return parts.flatMap(([key, part]) => rowsOf(part, [...path, isList ? Number(key) : key], origins))
}

function originOf(path: readonly PropertyKey[], origins: ConfigOrigins): string {
  const setting = fromEnv[printKey(path)]
  if (setting !== undefined) return originOfSetting(setting, origins)
  const section = String(path[0]) as keyof Config
  if (section === 'outsideEndpoints') return 'derived from sign-in, root keys, tracing and destinations'
  const file = origins.files[fileOfSection[section] ?? 'gateway']
  const place = file.findPlace(section === 'tariff' || section === 'retention' ? path.slice(1) : path, 'value')
  return place === null ? 'default' : `${file.path}:${place.line}`
}

function originOfSetting(name: SettingName, { env }: ConfigOrigins): string {
  return env.given.has(name) ? `environment ${name}` : 'default'
}
