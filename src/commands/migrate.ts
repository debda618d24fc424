/** `migrate`: brings both databases to this release, or says what it would do. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import postgres, { type Sql } from 'postgres'
import { systemClock } from '../base/clock.ts'
import { loadOwnerUrls } from '../config/load-config.ts'
import {
  listApplied,
  type MigrationFile,
  migrate,
  migrationFolders,
  planMigrations,
  readMigrations,
} from '../storage/migrator.ts'
import { configRefused, say } from './say.ts'

type MigrateOptions = { readonly status?: boolean; readonly dryRun?: boolean }
type Target = { readonly name: string; readonly url: string; readonly folder: string }

export function migrateCommand(): Command {
  return new Command('migrate')
    .option('--status', 'say which files each database has and lacks, and change nothing')
    .option('--dry-run', 'print what would be run, and change nothing')
    .description('bring both databases to this release; safe to run from many replicas')
    .action(run)
}

async function run(options: MigrateOptions): Promise<void> {
  const urls = loadOwnerUrls(process.env)
  if (!urls.ok) throw configRefused(urls.problem)
  const targets: readonly Target[] = [
    { name: 'main database', url: urls.value.databaseOwnerUrl, folder: migrationFolders.main },
    { name: 'key store', url: urls.value.keystoreOwnerUrl, folder: migrationFolders.keystore },
  ]
  const step = options.dryRun ? showPlan : options.status ? showStatus : apply
  for (const target of targets) {
    const owner = postgres(target.url, { max: 2, onnotice: () => undefined, connect_timeout: 10 })
    try {
      await step(owner, target)
    } finally {
      await owner.end({ timeout: 5 })
    }
  }
}

async function apply(owner: Sql, { name, folder }: Target): Promise<void> {
  const report = await migrate(owner, folder, { now: () => systemClock.now(), wait: (ms) => sleep(ms) })
  say(report.applied.length === 0 ? `${name}: already at ${report.version}` : `${name}: applied ${report.applied.join(', ')}`)
}

async function showStatus(owner: Sql, { name, folder }: Target): Promise<void> {
  const { files, pending } = await planFor(owner, folder)
  say(`${name}: ${files.length - pending.length} of ${files.length} files applied`)
  for (const file of files) say(`  ${pending.includes(file) ? 'pending' : 'applied'}  ${file.name}`)
}

async function showPlan(owner: Sql, { name, folder }: Target): Promise<void> {
  const { files, pending } = await planFor(owner, folder)
  say(pending.length === 0 ? `-- ${name}: already at ${files.length}` : `-- ${name}: ${pending.length} files would be run`)
  for (const file of pending) say(`\n-- ${name}: ${file.name}\n${file.sql.trimEnd()}`)
}

/** Throws where files and database do not belong together, as `migrate` itself would. */
async function planFor(
  owner: Sql,
  folder: string,
): Promise<{ files: readonly MigrationFile[]; pending: readonly MigrationFile[] }> {
  const files = await readMigrations(folder)
  return { files, pending: planMigrations(files, await listApplied(owner)) }
}
