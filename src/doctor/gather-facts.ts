/** Gathers what the doctor judges: from the configuration, both databases, the files of secrets, and the public door. */
import { accessSync, constants, statSync } from 'node:fs'
import { readAnchors } from '../audit/anchor-file.ts'
import { verifierKeysOf } from '../audit/audit-signer.ts'
import { verifyLog } from '../audit/verify-log.ts'
import type { Clock } from '../base/clock.ts'
import type { Config } from '../config/config.ts'
import { isEeaCountry } from '../config/eea.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import { isWeakSecret } from '../config/secret-rules.ts'
import { cryptoUses } from '../crypto/inventory.ts'
import { brokenRules } from '../domain/ledger.ts'
import { findLastDrill, sampleVersions } from '../storage/backup-drills.ts'
import type { Database } from '../storage/database.ts'
import { countUntraced, readClock } from '../storage/doctor-reading.ts'
import type { KeyAges } from '../storage/key-ages.ts'
import { readLedger } from '../storage/ledger.ts'
import { type MigrationFile, planMigrations } from '../storage/migrator.ts'
import { countOpenDeclarations } from '../storage/queue-reading.ts'
import type { Facts } from './facts.ts'
import { type FrontDeps, lookAtDiscovery, lookAtFront } from './look-at-front.ts'
import { readUpkeep } from './read-upkeep.ts'

export type GatherDeps = {
  readonly database: Database
  readonly readKeyAges: () => Promise<KeyAges>
  readonly primaryKid: () => Promise<string>
  /** Names of the two servers, null where one may not be asked. */
  readonly findServers: () => Promise<readonly [string | null, string | null]>
  readonly migrations: readonly MigrationFile[]
  readonly clock: Clock
  readonly fetch: FrontDeps['fetch']
  readonly userId: number
  readonly onProgress: (step: string) => void
}

const sampleSize = 200
const ledgerDays = 35
const dayMs = 86_400_000

export async function gatherFacts(deps: GatherDeps, { config, secrets, origins }: LoadedConfig): Promise<Facts> {
  const { clock, database, onProgress } = deps
  const at = clock.now()
  onProgress('reading both databases')
  const upkeep = await readUpkeep({ ...deps, config })
  const { roots } = await deps.readKeyAges()
  const rows = await database.forWorker(async (tx) => ({
    traced: await countUntraced(tx),
    sample: await sampleVersions(tx, sampleSize),
    drill: await findLastDrill(tx),
    open: await countOpenDeclarations(tx),
    ledger: await readLedger(tx, { pharmacyId: null, from: dayOf(at, -ledgerDays), to: dayOf(at, 1) }),
    clockMs: await readClock(tx),
  }))
  // Read after the database's, so that the time of the round trip can only make the skew look larger.
  const clockSkewMs = clock.now().getTime() - rows.clockMs
  onProgress('verifying the audit log')
  const log = await verify(deps, config, secrets.auditKeyPem)
  onProgress('looking at the public door')
  const front = await lookAtFront({ fetch: deps.fetch, now: () => clock.now() }, config.publicUrl)
  const discovery = await lookAtDiscovery({ fetch: deps.fetch, now: () => clock.now() }, config.signIn)
  const [data, keys] = await deps.findServers()
  const known = new Set(config.destinations.map(({ id }) => id))
  const named = [...upkeep.breakers.map(({ destination }) => destination), ...rows.open.map(({ destination }) => destination)]
  return {
    at,
    profile: config.profile,
    logLevel: config.logLevel,
    publicUrl: config.publicUrl,
    hosting: config.hosting,
    outsideEndpoints: config.outsideEndpoints,
    countriesOutsideEea: countriesOf(config).filter((country) => !isEeaCountry(country)),
    signIn: { issuer: config.signIn.issuer, insecureAllowHttp: config.signIn.insecureAllowHttp, discovery },
    front,
    destinations: config.destinations.map(({ id, transport, format, test }) => ({
      id,
      transport: transport.kind,
      format,
      plainText: transport.kind === 'https' && transport.insecureAllowPlainHttp,
      test,
    })),
    upkeep,
    keys: { roots, primaryKid: await deps.primaryKid(), fileMode: modeOf(origins.env.rootKeysFile) },
    keyStore: { sameServer: data === null || keys === null ? null : data === keys },
    audit: {
      keyGiven: secrets.auditKeyPem !== null,
      anchorFile: config.auditAnchorFile !== null,
      problems: log?.problems.map(({ kind }) => kind) ?? null,
      events: log?.events ?? 0,
      screenings: rows.traced.signed,
      screeningsWithoutEvent: rows.traced.untraced,
    },
    sealed: {
      sampled: rows.sample.length,
      clear: rows.sample.filter((row) => !isSealed(row.patient, row.keyRef) || !isSealed(row.act, row.keyRef)).length,
    },
    retention: {
      payloadDays: config.retention.payload.days,
      reason: config.retention.payload.reason,
      auditDays: config.retention.audit.days,
      auditReason: config.retention.audit.reason,
    },
    backup: { lastOutcome: rows.drill?.outcome ?? null },
    ledgerDifferences: rows.ledger.filter((line) => brokenRules(line).length > 0).length,
    secrets: lookAtSecrets({ secrets, origins }),
    clockSkewMs,
    process: { canWriteBesideCode: canWrite(import.meta.dirname), userId: deps.userId },
    weakAlgorithms: cryptoUses.filter(({ algorithm }) => /\b(MD5|SHA-?1|DES|RC4|ECB)\b/.test(algorithm)).map(({ file }) => file),
    undeclaredDestinations: [...new Set(named.filter((id) => !known.has(id)))],
    migrationsLacking: planMigrations(deps.migrations, await database.listMigrations()).length,
  }
}

async function verify({ database }: GatherDeps, config: Config, pem: string | null) {
  const verifierKeys = verifierKeysOf(pem, config)
  if (verifierKeys.length === 0) return null
  const anchors = config.auditAnchorFile === null ? [] : await readAnchors(config.auditAnchorFile).catch(() => [])
  return verifyLog({ database }, { verifierKeys, anchors })
}

/** format(1) ‖ suite(1) ‖ key ref(16) ‖ nonce(12) ‖ data ‖ tag(16), under the key that the row names. */
function isSealed(bytes: Uint8Array, keyRef: string): boolean {
  const ref = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex', 2, 18)
  return bytes.length > 46 && bytes[0] === 1 && ref === keyRef.replaceAll('-', '')
}

function lookAtSecrets({ secrets, origins }: Pick<LoadedConfig, 'secrets' | 'origins'>): Facts['secrets'] {
  const files: Record<string, string | null> = {
    ...origins.secretFiles,
    ROOT_KEYS_FILE: origins.env.rootKeysFile,
    AUDIT_KEY_FILE: origins.env.auditKeyFile,
  }
  const passwordOf = (url: string | null) => (url === null ? '' : decodeURIComponent(URL.parse(url)?.password ?? ''))
  const texts: readonly (readonly [string, string])[] = [
    ['PSC_CLIENT_SECRET', secrets.pscClientSecret],
    ['DATABASE_URL', passwordOf(secrets.databaseUrl)],
    ['KEYSTORE_DATABASE_URL', passwordOf(secrets.keystoreDatabaseUrl)],
  ]
  return {
    plain: Object.entries(origins.secrets).flatMap(([name, from]) => (from === 'set, from the environment' ? [name] : [])),
    // Without a password the server knows us by certificate or socket.
    weak: texts.flatMap(([name, text]) => (text !== '' && isWeakSecret(text) ? [name] : [])),
    openFiles: Object.entries(files).flatMap(([name, path]) => (((modeOf(path) ?? 0) & 0o007) !== 0 ? [name] : [])),
  }
}

function countriesOf({ hosting, outsideEndpoints }: Config): readonly string[] {
  const all = [hosting?.country ?? null, ...outsideEndpoints.map(({ country }) => country)]
  return [...new Set(all.filter((country) => country !== null))]
}

function modeOf(path: string | null): number | null {
  return (path === null ? undefined : statSync(path, { throwIfNoEntry: false })?.mode) ?? null
}

function canWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function dayOf(at: Date, offset: number): string {
  return new Date(at.getTime() + offset * dayMs).toISOString().slice(0, 10)
}
