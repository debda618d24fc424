/** Environment variables: infrastructure and where each secret comes from. `main.ts` passes the environment in. */
import { type Profile, profiles } from '../domain/profile.ts'
import { type ConfigMistake, type LogLevel, logLevels } from './config.ts'
import { findSuggestion } from './suggest.ts'

/** Each may come as `NAME`, or as `NAME_FILE`, the path of a file that holds it; never as both. */
export const secretNames = [
  'DATABASE_URL',
  'DATABASE_OWNER_URL',
  'KEYSTORE_DATABASE_URL',
  'KEYSTORE_OWNER_URL',
  'PSC_CLIENT_SECRET',
] as const
export type SecretName = (typeof secretNames)[number]

export const settingNames = [
  'PASSERELLE_PROFILE',
  'PASSERELLE_CONFIG_DIR',
  'HOST',
  'PORT',
  'MANAGEMENT_PORT',
  'LOG_LEVEL',
  'ROOT_KEYS_FILE',
  'AUDIT_KEY_FILE',
  'SIGNING_KEYS_FILE',
  'AUDIT_ANCHOR_FILE',
] as const
export type SettingName = (typeof settingNames)[number]

export type SecretSource = { readonly kind: 'plain'; readonly text: string } | { readonly kind: 'file'; readonly path: string }

export type Env = {
  /** Null only together with a mistake. */
  readonly profile: Profile | null
  readonly configDir: string
  readonly host: string
  readonly port: number
  readonly managementPort: number
  readonly logLevel: LogLevel
  readonly rootKeysFile: string | null
  /** Ed25519 private key (PKCS #8, PEM) that signs the checkpoints of the audit log. */
  readonly auditKeyFile: string | null
  readonly signingKeysFile: string | null
  /** Where those checkpoints leave the database; on another volume than its own. */
  readonly auditAnchorFile: string | null
  readonly secrets: Readonly<Record<SecretName, SecretSource | null>>
  /** Settings that the environment gives; the others are defaults. */
  readonly given: ReadonlySet<SettingName>
  readonly mistakes: readonly ConfigMistake[]
}

const unknownNamesMax = 50

/** Reads every variable of ours. An empty variable counts as unset, as compose writes `${NAME:-}`. */
export function readEnv(env: NodeJS.ProcessEnv): Env {
  const mistakes: ConfigMistake[] = []
  const mistake = (key: string, message: string) => {
    mistakes.push({ source: 'environment', line: null, column: null, key, message })
  }
  const textOf = (name: string): string | null => env[name] || null
  const profile = readProfile(textOf('PASSERELLE_PROFILE'), mistake)
  const port = readPort('PORT', textOf('PORT'), 8080, mistake)
  const managementPort = readPort('MANAGEMENT_PORT', textOf('MANAGEMENT_PORT'), 9090, mistake)
  if (port === managementPort && port !== 0) mistake('MANAGEMENT_PORT', 'expected another port than PORT')
  const host = textOf('HOST') ?? '0.0.0.0'
  if (!/^[0-9a-zA-Z.:-]{1,253}$/.test(host)) mistake('HOST', 'expected an address to listen on, such as 0.0.0.0 or ::')
  const logLevel = readChoice('LOG_LEVEL', textOf('LOG_LEVEL') ?? 'info', logLevels, mistake) ?? 'info'
  if (profile === 'production' && (logLevel === 'debug' || logLevel === 'trace'))
    mistake('LOG_LEVEL', 'debug and trace are refused in production: expected info, warn or error')
  const secrets = Object.fromEntries(secretNames.map((name) => [name, readSource(name, textOf, profile, mistake)]))
  refuseUnknownNames(env, mistake)
  // The PostgreSQL driver takes it by itself where a URL holds no password: a secret by plain environment all the same.
  if (profile === 'production' && textOf('PGPASSWORD') !== null)
    mistake('PGPASSWORD', 'is refused in production: expected the password in the file of each database URL')
  return {
    profile,
    configDir: textOf('PASSERELLE_CONFIG_DIR') ?? './config',
    host,
    port,
    managementPort,
    logLevel,
    rootKeysFile: textOf('ROOT_KEYS_FILE'),
    auditKeyFile: textOf('AUDIT_KEY_FILE'),
    signingKeysFile: textOf('SIGNING_KEYS_FILE'),
    auditAnchorFile: textOf('AUDIT_ANCHOR_FILE'),
    secrets: secrets as Record<SecretName, SecretSource | null>,
    given: new Set(settingNames.filter((name) => textOf(name) !== null)),
    mistakes,
  }
}

type Mistake = (key: string, message: string) => void

function readProfile(text: string | null, mistake: Mistake): Profile | null {
  if (text !== null) return readChoice('PASSERELLE_PROFILE', text, profiles, mistake)
  mistake('PASSERELLE_PROFILE', `missing: expected one of ${profiles.join(', ')}`)
  return null
}

function readChoice<T extends string>(name: string, text: string, choices: readonly T[], mistake: Mistake): T | null {
  const found = choices.find((choice) => choice === text)
  if (found !== undefined) return found
  const near = findSuggestion(text, choices)
  mistake(name, `expected one of ${choices.join(', ')}${near === null ? '' : `; did you mean ${near}?`}`)
  return null
}

/** Port 0 lets the system choose: tests and the demo use it. */
function readPort(name: string, text: string | null, usual: number, mistake: Mistake): number {
  if (text === null) return usual
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port <= 65_535) return port
  mistake(name, 'expected a port number from 0 to 65535')
  return usual
}

function readSource(
  name: SecretName,
  textOf: (name: string) => string | null,
  profile: Profile | null,
  mistake: Mistake,
): SecretSource | null {
  const text = textOf(name)
  const path = textOf(`${name}_FILE`)
  if (text !== null && path !== null) {
    mistake(name, `is given both as ${name} and as ${name}_FILE: expected one of them`)
    return { kind: 'file', path }
  }
  // The environment of a process is readable by other means than its memory: /proc, `inspect`, crash reports (F3).
  if (text !== null && profile === 'production')
    mistake(name, `is refused in production: expected ${name}_FILE, the path of a file`)
  if (path !== null) return { kind: 'file', path }
  return text === null ? null : { kind: 'plain', text }
}

function refuseUnknownNames(env: NodeJS.ProcessEnv, mistake: Mistake): void {
  const ours = settingNames.filter((name) => name.startsWith('PASSERELLE_'))
  const unknown = Object.keys(env).filter((name) => name.startsWith('PASSERELLE_') && !ours.some((known) => known === name))
  for (const name of unknown.sort().slice(0, unknownNamesMax)) {
    const near = findSuggestion(name, ours)
    mistake(
      name,
      near === null ? `unknown variable: expected one of ${ours.join(', ')}` : `unknown variable: did you mean ${near}?`,
    )
  }
}
