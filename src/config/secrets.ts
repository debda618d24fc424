/** The secrets, apart from the configuration so that the one can be printed and the other never is. */
import { fail, ok, type Result } from '../base/result.ts'
import { readBoundedText } from './bounded-file.ts'
import type { ConfigMistake } from './config.ts'
import type { Env, SecretName } from './env.ts'
import { checkDatabaseUrl, checkTwoDatabases, isWeakSecret, secretLengthMin } from './secret-rules.ts'

export type Secrets = {
  /** `postgres://…` under the application's role. */
  readonly databaseUrl: string
  /** Under the owner's role; only migrations use it. */
  readonly databaseOwnerUrl: string | null
  readonly keystoreDatabaseUrl: string
  readonly keystoreOwnerUrl: string | null
  /** Text of the JWKS file of root keys: JSON, at least one key, each with a `kid` of its own; null only beside a key service. */
  readonly rootKeysJwks: string | null
  readonly pscClientSecret: string
  /** PEM of the key that signs the audit log's checkpoints; null only in the demo and test profiles: nothing is sealed then. */
  readonly auditKeyPem: string | null
  /** Text of the JWKS file of keys that sign statements and attestations; null: nothing is signed, and no month is closed. */
  readonly signingKeysJwks: string | null
}

/** What migrations need, and nothing more. */
export type OwnerUrls = { readonly databaseOwnerUrl: string; readonly keystoreOwnerUrl: string }

const secretBytesMax = 8 * 1024
const rootKeysBytesMax = 256 * 1024

/**
 * The crypto room's own reader of root keys, which this room may not import: where each mistake is (`keys[1].k`) and what
 * was expected. Given, it judges the keys themselves; else their shape alone is looked at.
 */
export type ParseRootKeys = (text: string) => Result<unknown, readonly { readonly key: string; readonly message: string }[]>

/** Null where the PEM is no key that can sign checkpoints; the crypto room's own reader, as above. */
export type ParseAuditKey = (pem: string) => unknown

export type SecretParsers = {
  readonly parseRootKeys?: ParseRootKeys | undefined
  readonly parseAuditKey?: ParseAuditKey | undefined
  readonly parseSigningKeys?: ParseRootKeys | undefined
}

/** Reads every secret that serving needs. No message holds a byte of a secret. */
export function readSecrets(
  env: Env,
  { parseRootKeys, parseAuditKey, parseSigningKeys }: SecretParsers = {},
  rootKeysKind: 'file' | 'transit' | 'okms' = 'file',
): Result<Secrets, readonly ConfigMistake[]> {
  const reading = new SecretReading(env)
  const databaseUrl = reading.databaseUrl('DATABASE_URL')
  const databaseOwnerUrl = reading.databaseUrl('DATABASE_OWNER_URL', { optional: true })
  const keystoreDatabaseUrl = reading.databaseUrl('KEYSTORE_DATABASE_URL')
  const keystoreOwnerUrl = reading.databaseUrl('KEYSTORE_OWNER_URL', { optional: true })
  const pscClientSecret = reading.secret('PSC_CLIENT_SECRET')
  if (env.profile === 'production' && pscClientSecret !== null && isWeakSecret(pscClientSecret))
    reading.mistake('PSC_CLIENT_SECRET', `is a default or shorter than ${secretLengthMin} characters: refused in production`)
  const rootKeysJwks = reading.rootKeys(parseRootKeys ?? checkShape, { optional: rootKeysKind !== 'file' })
  const auditKeyPem = reading.auditKey(parseAuditKey ?? checkPemShape)
  const signingKeysJwks = reading.signingKeys(parseSigningKeys ?? checkShape)
  for (const { key, message } of checkTwoDatabases({ databaseUrl, databaseOwnerUrl, keystoreDatabaseUrl, keystoreOwnerUrl }))
    reading.mistake(key, message)
  if (reading.mistakes.length > 0) return fail(reading.mistakes)
  if (databaseUrl === null || keystoreDatabaseUrl === null || pscClientSecret === null) return fail(reading.mistakes)
  const urls = { databaseUrl, databaseOwnerUrl, keystoreDatabaseUrl, keystoreOwnerUrl }
  return ok({ ...urls, rootKeysJwks, pscClientSecret, auditKeyPem, signingKeysJwks })
}

/** Reads the two owner URLs alone, so that a migration's container holds neither root keys nor the client secret. */
export function readOwnerUrls(env: Env): Result<OwnerUrls, readonly ConfigMistake[]> {
  const reading = new SecretReading(env)
  const databaseOwnerUrl = reading.databaseUrl('DATABASE_OWNER_URL')
  const keystoreOwnerUrl = reading.databaseUrl('KEYSTORE_OWNER_URL')
  const urls = { databaseUrl: null, databaseOwnerUrl, keystoreDatabaseUrl: null, keystoreOwnerUrl }
  for (const { key, message } of checkTwoDatabases(urls)) reading.mistake(key, message)
  if (reading.mistakes.length > 0 || databaseOwnerUrl === null || keystoreOwnerUrl === null) return fail(reading.mistakes)
  return ok({ databaseOwnerUrl, keystoreOwnerUrl })
}

class SecretReading {
  readonly mistakes: ConfigMistake[] = []
  readonly #env: Env

  constructor(env: Env) {
    this.#env = env
  }

  mistake(key: string, message: string): null {
    this.mistakes.push({ source: 'environment', line: null, column: null, key, message })
    return null
  }

  /** One line of text; a newline at the very end of a file is not part of it. */
  secret(name: SecretName, options: { optional?: boolean } = {}): string | null {
    const source = this.#env.secrets[name]
    if (source === null) return options.optional ? null : this.mistake(name, `missing: expected ${name}_FILE or ${name}`)
    if (source.kind === 'plain') return this.#oneLine(name, source.text)
    const text = readBoundedText(source.path, secretBytesMax)
    if (!text.ok) return this.mistake(`${name}_FILE`, `its file ${text.problem}`)
    return this.#oneLine(`${name}_FILE`, text.value.replace(/\r?\n$/, ''))
  }

  databaseUrl(name: Exclude<SecretName, 'PSC_CLIENT_SECRET'>, options: { optional?: boolean } = {}): string | null {
    const text = this.secret(name, options)
    if (text === null) return null
    const problem = checkDatabaseUrl(text, this.#env.profile)
    return problem === null ? text : this.mistake(name, problem)
  }

  rootKeys(parse: ParseRootKeys, options: { optional: boolean }): string | null {
    const path = this.#env.rootKeysFile
    if (path === null && options.optional) return null
    if (path === null) return this.mistake('ROOT_KEYS_FILE', 'missing: expected the path of the JWKS file of root keys')
    return this.#keyFile('ROOT_KEYS_FILE', path, parse)
  }

  signingKeys(parse: ParseRootKeys): string | null {
    const path = this.#env.signingKeysFile
    return path === null ? null : this.#keyFile('SIGNING_KEYS_FILE', path, parse)
  }

  auditKey(parse: ParseAuditKey): string | null {
    const path = this.#env.auditKeyFile
    if (path === null) {
      if (this.#env.profile === 'production')
        this.mistake('AUDIT_KEY_FILE', 'missing: expected the path of the key that seals the audit log (audit new-key makes one)')
      return null
    }
    const text = readBoundedText(path, secretBytesMax)
    if (!text.ok) return this.mistake('AUDIT_KEY_FILE', `its file ${text.problem}`)
    if (parse(text.value) !== null) return text.value
    return this.mistake(
      'AUDIT_KEY_FILE',
      'in its file: expected an Ed25519 private key, PKCS #8 in PEM (audit new-key makes one)',
    )
  }

  #keyFile(name: string, path: string, parse: ParseRootKeys): string | null {
    const text = readBoundedText(path, rootKeysBytesMax)
    if (!text.ok) return this.mistake(name, `its file ${text.problem}`)
    const parsed = parse(text.value)
    if (parsed.ok) return text.value
    for (const { key, message } of parsed.problem)
      this.mistake(name, `in its file${key === '' ? '' : `, ${key}`}: expected ${message}`)
    return null
  }

  #oneLine(key: string, text: string): string | null {
    if (text === '') return this.mistake(key, 'is empty')
    return /^[^\p{C}\s]+$/u.test(text) ? text : this.mistake(key, 'expected one line without spaces or control characters')
  }
}

function checkShape(text: string): ReturnType<ParseRootKeys> {
  const ids = findKeys(text)?.map((key) => (typeof key === 'object' && key !== null && 'kid' in key ? key.kid : null)) ?? []
  const holds = ids.length > 0 && ids.every((id) => typeof id === 'string' && id !== '') && new Set(ids).size === ids.length
  return holds ? ok(null) : fail([{ key: '', message: 'a JWKS, {"keys": […]}, of at least one key, each with a kid of its own' }])
}

function checkPemShape(pem: string): unknown {
  return /^-----BEGIN PRIVATE KEY-----\n[A-Za-z0-9+/=\n]+-----END PRIVATE KEY-----\n?$/.test(pem) ? pem : null
}

function findKeys(text: string): unknown[] | null {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null && 'keys' in parsed && Array.isArray(parsed.keys) ? parsed.keys : null
  } catch {
    return null // the parser's own message would quote the file
  }
}
