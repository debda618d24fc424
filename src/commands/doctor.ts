/** `doctor`: judges this installation by what can be seen of it, and says what to do; exit code 0 pass, 1 warn, 2 fail. */
import { writeFileSync } from 'node:fs'
import { Command } from 'commander'
import postgres from 'postgres'
import { systemClock } from '../base/clock.ts'
import { openConfiguredRootKeys } from '../crypto/open-root-keys.ts'
import { openSigner } from '../crypto/signing.ts'
import { judgeAll, overall } from '../doctor/check.ts'
import { dutiesChecks } from '../doctor/duties-checks.ts'
import type { Facts } from '../doctor/facts.ts'
import { findingsChecks } from '../doctor/findings-checks.ts'
import { gatherFacts } from '../doctor/gather-facts.ts'
import { reportHtml, reportJson, reportText } from '../doctor/report.ts'
import { openDatabase } from '../storage/database.ts'
import { findServerIdentifier, readKeyAges } from '../storage/key-ages.ts'
import { openKeyStore } from '../storage/keystore.ts'
import { migrationFolders, readMigrations } from '../storage/migrator.ts'
import { configOrMistakes } from './config-or-mistakes.ts'
import { note, say } from './say.ts'

const exitCodes = { pass: 0, warn: 1, fail: 2 } as const

type DoctorOptions = { readonly json?: boolean; readonly html?: string }

export function doctorCommand(): Command {
  return new Command('doctor')
    .option('--json', 'print the report as one line of JSON')
    .option(
      '--html <file>',
      'write an attestation, and its detached signature beside it (.jws), with the keys of SIGNING_KEYS_FILE',
    )
    .description('check this installation: certificate of the host, sign-in, TLS, keys, audit log, backups, secrets, and more')
    .action(run)
}

async function run(options: DoctorOptions): Promise<void> {
  const loaded = configOrMistakes()
  const facts = await gather(loaded)
  const results = judgeAll([...findingsChecks, ...dutiesChecks], facts)
  const head = { at: facts.at, publicUrl: facts.publicUrl, version: process.env['npm_package_version'] ?? 'inconnue' }
  if (options.html !== undefined) {
    const { signingKeysJwks } = loaded.secrets
    if (signingKeysJwks === null) throw new Error('SIGNING_KEYS_FILE: missing: an attestation is signed with its first key')
    const page = Buffer.from(await reportHtml(results, head))
    writeFileSync(options.html, page, { mode: 0o644 })
    writeFileSync(`${options.html}.jws`, await openSigner(signingKeysJwks).signDetached(page), { mode: 0o644 })
    note(`attestation written to ${options.html}, its signature to ${options.html}.jws`)
  }
  say(options.json ? reportJson(results, head) : reportText(results))
  process.exitCode = exitCodes[overall(results)]
}

async function gather(loaded: ReturnType<typeof configOrMistakes>): Promise<Facts> {
  const { config, secrets } = loaded
  const database = openDatabase(secrets.databaseUrl, { connectionsMax: 2, statementTimeoutMs: 120_000 })
  const store = openKeyStore(secrets.keystoreDatabaseUrl)
  const rootKeys = openConfiguredRootKeys(config.rootKeys, secrets.rootKeysJwks)
  const data = postgres(secrets.databaseUrl, { max: 1, connect_timeout: 5, onnotice: () => undefined })
  try {
    return await gatherFacts(
      {
        database,
        readKeyAges: () => readKeyAges(store.sql),
        primaryKid: () => rootKeys.primaryKid(),
        findServers: async () => [await findServerIdentifier(data), await findServerIdentifier(store.sql)],
        migrations: await readMigrations(migrationFolders.main),
        clock: systemClock,
        fetch: (url, init) => fetch(url, init),
        userId: process.getuid?.() ?? 0,
        onProgress: note,
      },
      loaded,
    )
  } finally {
    await data.end({ timeout: 5 })
    await rootKeys.close()
    await store.close()
    await database.close()
  }
}
