/** `backup …`: a restore drill that judges what a backup is worth, and what the last one found. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { readAnchors } from '../audit/anchor-file.ts'
import { appendEvent } from '../audit/append-event.ts'
import { verifierKeysOf } from '../audit/audit-signer.ts'
import { systemClock } from '../base/clock.ts'
import { openKeyRing } from '../crypto/open-key-ring.ts'
import { openConfiguredRootKeys } from '../crypto/open-root-keys.ts'
import { brokenRules } from '../domain/ledger.ts'
import { findLastDrill, insertDrill } from '../storage/backup-drills.ts'
import { type Database, openDatabase } from '../storage/database.ts'
import { openKeyStore } from '../storage/keystore.ts'
import { readLedger } from '../storage/ledger.ts'
import { migrationFolders, readMigrations } from '../storage/migrator.ts'
import { configOrMistakes } from './config-or-mistakes.ts'
import { type DrillReport, drillBackup } from './drill-backup.ts'
import { findNewestDumps, restoreDumps } from './restore-dumps.ts'
import { note, say } from './say.ts'

const day = 86_400_000
/** Scanning millions of rows of a scratch database takes its time. */
const drillLimits = { connectionsMax: 4, statementTimeoutMs: 30 * 60_000 }

type DrillOptions = {
  readonly dumps?: string
  readonly scratchUrlFile?: string
  readonly dataUrlFile?: string
  readonly keystoreUrlFile?: string
  readonly takenAt?: string
  readonly sample: string
  readonly json?: boolean
}

export function backupCommand(): Command {
  const backup = new Command('backup').description('restore drills: whether the last backup can be read again')
  backup
    .command('drill')
    .option('--dumps <folder>', 'restore the newest data-….dump and keystore-….dump of this folder (needs pg_restore)')
    .option(
      '--scratch-url-file <file>',
      'file with the URL of the scratch server, under a role that may create databases and roles',
    )
    .option('--data-url-file <file>', 'instead: file with the URL of a database that has been restored already')
    .option('--keystore-url-file <file>', 'and that of the restored key store')
    .option('--taken-at <time>', 'when that dump was taken, as 2026-03-01T02:00:00Z')
    .option('--sample <count>', 'how many records to open', '200')
    .option('--json', 'print the report as one line of JSON')
    .description(
      'restore, open a sample, verify the audit log, balance the ledger, and record the date; exit code 1 where it failed',
    )
    .action(drill)
  backup.command('status').description('say when the last drill was, and what it found').action(status)
  return backup
}

async function drill(options: DrillOptions): Promise<void> {
  const sample = Number(options.sample)
  if (!Number.isInteger(sample) || sample < 1 || sample > 10_000) throw new Error('--sample: expected a number from 1 to 10000')
  const { restored, takenAt } = await openRestored(options)
  try {
    const report = await judge(restored, { sample, takenAt })
    if (report.problems.length > 0) process.exitCode = 1
    if (options.json) return say(JSON.stringify({ takenAt, ...report }))
    const { counts } = report
    say(`${counts['screenings']} screenings, ${counts['receipts']} receipts, ${counts['auditEvents']} audit events`)
    say(`${counts['opened']} of ${counts['sampled']} sampled records opened, ${counts['erased']} had been erased`)
    say(report.problems.length === 0 ? 'the backup can be read again' : `the backup failed: ${report.problems.join(', ')}`)
  } finally {
    await restored.drop()
  }
}

async function openRestored(options: DrillOptions) {
  const { dumps, scratchUrlFile, dataUrlFile, keystoreUrlFile, takenAt } = options
  if (dumps !== undefined && scratchUrlFile !== undefined) {
    const pair = findNewestDumps(dumps)
    note(`restoring the dump of ${pair.takenAt.toISOString()}`)
    return { restored: await restoreDumps(urlOf(scratchUrlFile), pair, randomBytes(4).toString('hex')), takenAt: pair.takenAt }
  }
  const taken = takenAt === undefined ? null : new Date(takenAt)
  if (dataUrlFile === undefined || keystoreUrlFile === undefined || taken === null || Number.isNaN(taken.getTime()))
    throw new Error('expected --dumps with --scratch-url-file, or --data-url-file, --keystore-url-file and --taken-at')
  const restored = { dataUrl: urlOf(dataUrlFile), keysUrl: urlOf(keystoreUrlFile), drop: async () => undefined }
  return { restored, takenAt: taken }
}

const urlOf = (path: string) => readFileSync(path, 'utf8').trim()

async function judge(
  urls: { readonly dataUrl: string; readonly keysUrl: string },
  { sample, takenAt }: { readonly sample: number; readonly takenAt: Date },
): Promise<DrillReport> {
  const { config, secrets } = configOrMistakes()
  if (urls.dataUrl === secrets.databaseUrl || urls.keysUrl === secrets.keystoreDatabaseUrl)
    throw new Error('the restored databases are the live ones: expected a scratch copy')
  const live = openDatabase(secrets.databaseUrl)
  const restored = openDatabase(urls.dataUrl, drillLimits)
  const [liveStore, restoredStore] = [openKeyStore(secrets.keystoreDatabaseUrl), openKeyStore(urls.keysUrl)]
  const rootKeys = openConfiguredRootKeys(config.rootKeys, secrets.rootKeysJwks)
  const liveKeys = openKeyRing({ store: liveStore, rootKeys, clock: systemClock })
  const restoredKeys = openKeyRing({ store: restoredStore, rootKeys, clock: systemClock })
  try {
    const report = await drillBackup(
      {
        live,
        restored,
        restoredKeys,
        liveKeys,
        migrations: await readMigrations(migrationFolders.main),
        countLedgerDifferences,
        onProgress: note,
      },
      {
        sample,
        verifierKeys: verifierKeysOf(secrets.auditKeyPem, config),
        anchors: config.auditAnchorFile === null ? [] : await readAnchors(config.auditAnchorFile),
      },
    )
    await record(live, report, takenAt)
    return report
  } finally {
    for (const opened of [liveKeys, restoredKeys, rootKeys, liveStore, restoredStore, live, restored]) await opened.close()
  }
}

async function countLedgerDifferences(database: Database): Promise<number> {
  const to = new Date(systemClock.now().getTime() + day).toISOString().slice(0, 10)
  const lines = await database.forWorker((tx) => readLedger(tx, { pharmacyId: null, from: '2020-01-01', to }))
  return lines.filter((line) => brokenRules(line).length > 0).length
}

async function record(live: Database, { problems, counts }: DrillReport, dumpTakenAt: Date): Promise<void> {
  const drilledAt = systemClock.now()
  const outcome = problems.length === 0 ? 'passed' : 'failed'
  await live.forNobody(async (tx) => {
    await insertDrill(tx, { drilledAt, dumpTakenAt, outcome, details: { ...counts, problems } })
    await appendEvent(tx, {
      at: drilledAt,
      actor: { kind: 'system', name: 'command-line' },
      action: 'backup.drill',
      outcome: outcome === 'passed' ? 'done' : 'failed',
      ...(problems[0] === undefined ? {} : { code: problems[0] }),
      request: null,
      details: { sampled: counts['sampled'] ?? 0, opened: counts['opened'] ?? 0 },
    })
  })
}

async function status(): Promise<void> {
  const database = openDatabase(configOrMistakes().secrets.databaseUrl)
  try {
    const last = await database.forNobody(findLastDrill)
    if (last === null) {
      process.exitCode = 1
      return say('no restore drill was ever run: a backup that was never restored is a hope; run backup drill')
    }
    say(
      `last drill ${Math.floor(last.drilledAgeMs / day)} days ago: ${last.outcome}; its dump is ${Math.floor(last.dumpAgeMs / day)} days old`,
    )
    if (last.outcome === 'failed') process.exitCode = 1
  } finally {
    await database.close()
  }
}
