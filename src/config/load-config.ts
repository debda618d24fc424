/** The one door to configuration and secrets: everything, or every mistake at once. */
import { fail, ok, type Result } from '../base/result.ts'
import type { Config, ConfigMistake } from './config.ts'
import { decideConfig } from './decide-config.ts'
import { type Env, readEnv } from './env.ts'
import { type ConfigFiles, readConfigFiles } from './files.ts'
import { sortMistakes } from './mistakes.ts'
import { rootKeysKindOf } from './schemas/root-keys.ts'
import { type OwnerUrls, readOwnerUrls, readSecrets, type SecretParsers, type Secrets } from './secrets.ts'

export type LoadedConfig = {
  readonly config: Config
  readonly secrets: Secrets
  /** Where each value came from, for `describeConfig`; holds no secret. */
  readonly origins: ConfigOrigins
}

export type ConfigOrigins = {
  readonly env: Pick<Env, 'given' | 'configDir' | 'rootKeysFile' | 'auditKeyFile' | 'signingKeysFile' | 'auditAnchorFile'>
  readonly files: ConfigFiles
  /** `DATABASE_URL` → `file /run/secrets/…`, `environment` or `not set`. */
  readonly secrets: Readonly<Record<string, string>>
  /** Paths of those that came from a file. */
  readonly secretFiles: Readonly<Record<string, string>>
}

export type LoadOptions = {
  /** Judges the validity of the host's certificate. */
  readonly now: Date
} & SecretParsers

/** Reads environment, files and secrets. Throws for our own faults only. */
export function loadConfig(env: NodeJS.ProcessEnv, options: LoadOptions): Result<LoadedConfig, readonly ConfigMistake[]> {
  const read = readEnv(env)
  const files = readConfigFiles(read.configDir)
  const config = decideConfig(read, files, options)
  const secrets = readSecrets(read, options, rootKeysKindOf(files.gateway.value))
  if (config.ok && secrets.ok) return ok({ config: config.value, secrets: secrets.value, origins: originsOf(read, files) })
  return fail(sortMistakes([...(config.ok ? [] : config.problem), ...(secrets.ok ? [] : secrets.problem)]))
}

/** For `migrate`: the two owner URLs and nothing else, so that its container needs no other secret and no config file. */
export function loadOwnerUrls(env: NodeJS.ProcessEnv): Result<OwnerUrls, readonly ConfigMistake[]> {
  const read = readEnv(env)
  const urls = readOwnerUrls(read)
  if (urls.ok && read.mistakes.length === 0) return urls
  return fail(sortMistakes([...read.mistakes, ...(urls.ok ? [] : urls.problem)]))
}

/** Picks by hand: the rest of what was read holds secrets. */
function originsOf(
  { given, configDir, rootKeysFile, auditKeyFile, signingKeysFile, auditAnchorFile, secrets }: Env,
  files: ConfigFiles,
): ConfigOrigins {
  const env = { given, configDir, rootKeysFile, auditKeyFile, signingKeysFile, auditAnchorFile }
  return { env, files, secrets: secretOrigins(secrets), secretFiles: secretFiles(secrets) }
}

function secretFiles(secrets: Env['secrets']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(secrets).flatMap(([name, source]) => (source?.kind === 'file' ? [[name, source.path]] : [])),
  )
}

function secretOrigins(secrets: Env['secrets']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(secrets).map(([name, source]) => {
      if (source === null) return [name, 'not set']
      return [name, source.kind === 'file' ? `set, from file ${source.path}` : 'set, from the environment']
    }),
  )
}
