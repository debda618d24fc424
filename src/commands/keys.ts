/** `keys …`: what stands under which key, and the steps of a rotation; each can be cut off and run again. */
import { readFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import { systemClock } from '../base/clock.ts'
import { randomId } from '../base/ids.ts'
import type { Secrets } from '../config/secrets.ts'
import { describeKeysStatus, describeProgress, describeRewrap, describeRootProblem } from '../crypto/commands.ts'
import { openConfiguredRootKeys } from '../crypto/open-root-keys.ts'
import { generateRootKeys } from '../crypto/root-jwks.ts'
import { addRootKey, promoteRootKey, type RootChange, retireRootKey } from '../crypto/root-rotation.ts'
import {
  destroyReplacedKeys,
  keysStatus,
  type RotationDeps,
  type RotationProgress,
  rewrap,
  rewrapRowsPerSecond,
  rotateTenantKeys,
} from '../crypto/rotation.ts'
import { sweepUnused } from '../crypto/sweep.ts'
import { openDatabase } from '../storage/database.ts'
import { listUsedKeyRefs } from '../storage/erasure.ts'
import { openKeyStore } from '../storage/keystore.ts'
import { createKeyStoreAdmin } from '../storage/keystore-admin.ts'
import { configOrMistakes } from './config-or-mistakes.ts'
import { note, say } from './say.ts'

/** Thousands of rows a statement, on a machine that serves others. */
const batchTimeoutMs = 60_000

export function keysCommand(): Command {
  const keys = new Command('keys').description('root keys, tenant keys, record keys: status and rotation')
  keys
    .command('new-root-keys')
    .description('print a new root key file, for ROOT_KEYS_FILE (mode 0600); keep a copy apart')
    .action(() => say(generateRootKeys(systemClock.now()).trim()))
  keys.command('status').description('what stands under which key').action(status)
  keys
    .command('add-root')
    .description('print the root key file with one more key; give it to every replica, then promote-root')
    .action(() => printChange(addRootKey(rootFileText(), systemClock.now())))
  keys
    .command('promote-root')
    .argument('<kid>', 'name of the key that wraps from now on')
    .description('print the root key file with this key as primary; give it to every replica, then rewrap')
    .action((kid: string) => printChange(promoteRootKey(rootFileText(), kid)))
  keys
    .command('rotate-tenant')
    .option('--pharmacy <id>', 'one pharmacy only, by its id in the database')
    .description('give each pharmacy a new tenant key for what is sealed from now on; then rewrap')
    .action((options: { pharmacy?: string }) => rotate(options.pharmacy ?? null))
  keys
    .command('rewrap')
    .option('--full-speed', 'without a rest between batches: sooner done, and felt by those who work meanwhile')
    .description('move all that stands under old keys; safe while captures go on, and to be run again where it was cut off')
    .action((options: { fullSpeed?: boolean }) => runRewrap(options.fullSpeed ?? false))
  keys
    .command('retire')
    .argument('<kid>', 'name of the old root key')
    .description('print the root key file without this key; refused while anything needs it')
    .action(async (kid: string) =>
      withKeys(async ({ admin }) => printChange(await retireRootKey({ admin }, { text: rootFileText(), kid }))),
    )
  keys
    .command('destroy')
    .description('destroy replaced tenant keys that nothing needs any more; cannot be undone')
    .action(destroy)
  keys
    .command('sweep')
    .option('--even-if-suspicious', 'go on although most keys have no row here: only on the right main database')
    .description('delete record keys that were reserved and never used, two days after')
    .action((options: { evenIfSuspicious?: boolean }) => sweep(options.evenIfSuspicious ?? false))
  return keys
}

async function status(): Promise<void> {
  await withKeys(async (deps) => sayAll(describeKeysStatus(await keysStatus(deps))))
}

async function rotate(pharmacyId: string | null): Promise<void> {
  await withKeys(async (deps) => {
    const { rotated } = await rotateTenantKeys(deps, { pharmacyId, onProgress: showProgress() })
    say(`rotated ${rotated} tenant keys; run keys rewrap next`)
  })
}

async function runRewrap(fullSpeed: boolean): Promise<void> {
  const pace = fullSpeed ? {} : { pace: { rowsPerSecond: rewrapRowsPerSecond, wait: (ms: number) => sleep(ms) } }
  await withKeys(async (deps) => sayAll(describeRewrap(await rewrap(deps, { onProgress: showProgress(), ...pace }))))
}

async function destroy(): Promise<void> {
  await withKeys(async (deps) => {
    const { destroyed, needed } = await destroyReplacedKeys(deps, { onProgress: showProgress() })
    say(`destroyed ${destroyed} replaced tenant keys`)
    if (needed > 0) {
      say(`${needed} are still needed by record keys: run keys rewrap, then this again`)
      process.exitCode = 1
    }
  })
}

async function sweep(evenIfSuspicious: boolean): Promise<void> {
  await withKeys(async ({ admin, clock }, secrets) => {
    const database = openDatabase(secrets.databaseUrl)
    try {
      const listUsedRefs = (refs: readonly string[]) => database.forWorker((tx) => listUsedKeyRefs(tx, refs))
      const report = await sweepUnused({ admin, clock, listUsedRefs }, { evenIfSuspicious })
      say(`${report.used} keys found in use, ${report.deleted} unused ones deleted`)
      if (!report.refused) return
      say('stopped: too many keys have no row in this main database; is it an old copy? nothing more was deleted')
      process.exitCode = 1
    } finally {
      await database.close()
    }
  })
}

async function withKeys(run: (deps: RotationDeps, secrets: Secrets) => Promise<void>): Promise<void> {
  const loaded = configOrMistakes()
  // Captures go on meanwhile: they come first, and batches may take their time.
  setPriority(10)
  const rootKeys = openConfiguredRootKeys(loaded.config.rootKeys, loaded.secrets.rootKeysJwks)
  const store = openKeyStore(loaded.secrets.keystoreDatabaseUrl, { timeoutMs: batchTimeoutMs })
  try {
    const admin = createKeyStoreAdmin(store.sql)
    const deps = { store, admin, rootKeys, clock: systemClock, newId: randomId }
    await run(deps, loaded.secrets)
  } finally {
    await store.close()
    await rootKeys.close()
  }
}

/** For the steps that change the file alone: they need neither a configuration nor a database. */
function rootFileText(): string {
  const path = process.env['ROOT_KEYS_FILE']
  if (!path) throw new Error('ROOT_KEYS_FILE: missing: expected the path of the JWKS file of root keys')
  return readFileSync(path, 'utf8')
}

/** The file goes to standard output, to be stored by the operator; what to know of it to standard error. */
function printChange(change: RootChange): void {
  if (!change.ok) throw new Error(describeRootProblem(change.problem).join('\n'))
  say(change.value.text.trim())
  note(`key: ${change.value.kid}`)
}

/** One line a second at most, on standard error. */
function showProgress(): (progress: RotationProgress) => void {
  let saidAt = 0
  return (progress) => {
    const now = systemClock.now().getTime()
    if (now - saidAt < 1000) return
    saidAt = now
    note(describeProgress(progress))
  }
}

function sayAll(lines: readonly string[]): void {
  for (const line of lines) say(line)
}
