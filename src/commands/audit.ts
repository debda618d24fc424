/** `audit …`: the key that seals the log, its verification, and its export for a verifier that needs nothing of ours. */

import { once } from 'node:events'
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { readAnchors } from '../audit/anchor-file.ts'
import { verifierKeysOf } from '../audit/audit-signer.ts'
import { exportLog } from '../audit/export-log.ts'
import { verifyLog } from '../audit/verify-log.ts'
import { generateCheckpointKey } from '../crypto/checkpoint.ts'
import { type Database, openDatabase } from '../storage/database.ts'
import { configOrMistakes } from './config-or-mistakes.ts'
import { note, say } from './say.ts'

export function auditCommand(): Command {
  const audit = new Command('audit').description('the sealed audit log: verification, export, and the key that signs it')
  audit
    .command('new-key')
    .description('print a new key that signs checkpoints, for AUDIT_KEY_FILE (mode 0600); keep the public half apart')
    .action(() => say(generateCheckpointKey().trim()))
  audit
    .command('public-key')
    .description('print the public half: give it to whoever is to verify the log')
    .action(() => say(verifierKeys().at(-1) ?? ''))
  audit
    .command('verify')
    .option('--anchors <file>', 'checkpoints that left the database; default: AUDIT_ANCHOR_FILE')
    .option(
      '--public-key <key...>',
      'as public-key printed it, kept apart, oldest first; default: formerAuditKeys and that of AUDIT_KEY_FILE',
    )
    .option('--json', 'print the report as one line of JSON')
    .description('read the whole log: every event, root, signature and anchor; exit code 1 where anything is wrong')
    .action(verify)
  audit
    .command('export')
    .requiredOption('--out <folder>', 'a folder that is not there yet')
    .description('write events, one line each, and checkpoints, for compose/verify-audit.mjs, which works offline')
    .action((options: { out: string }) => exportTo(options.out))
  return audit
}

type VerifyOptions = { readonly anchors?: string; readonly publicKey?: readonly string[]; readonly json?: boolean }

async function verify(options: VerifyOptions): Promise<void> {
  const { config } = configOrMistakes()
  const anchorFile = options.anchors ?? config.auditAnchorFile
  const anchors = anchorFile === null ? [] : await readAnchors(anchorFile)
  const keys = options.publicKey ?? verifierKeys()
  const onProgress = (leaves: number) => note(`${leaves} events read`)
  const report = await withDatabase((database) => verifyLog({ database }, { verifierKeys: keys, anchors, onProgress }))
  if (report.problems.length > 0) process.exitCode = 1
  if (options.json) return say(JSON.stringify(report))
  for (const { kind, where } of report.problems) say(`${kind}: ${where}`)
  say(
    `${report.events} events in ${report.segments} segments, ${report.purged} purged, ${report.waiting} waiting to be sealed, ` +
      `${report.anchors} anchors: ${report.problems.length === 0 ? 'nothing was changed' : `${report.problems.length} problems`}`,
  )
  if (anchors.length === 0)
    say('without anchors a log that was cut off, or rewritten with the stolen key, looks whole: set AUDIT_ANCHOR_FILE')
}

async function exportTo(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: false, mode: 0o700 })
  const events = createWriteStream(join(folder, 'events.jsonl'), { mode: 0o600, flags: 'wx' })
  const checkpoints = createWriteStream(join(folder, 'checkpoints'), { mode: 0o600, flags: 'wx' })
  const writeTo = (stream: typeof events) => async (text: string) => {
    if (!stream.write(text)) await once(stream, 'drain')
  }
  const count = await withDatabase((database) =>
    exportLog({ database }, { writeEvents: writeTo(events), writeCheckpoint: writeTo(checkpoints) }),
  )
  for (const stream of [events, checkpoints]) await new Promise((done) => stream.end(done))
  writeFileSync(join(folder, 'public-key'), `${verifierKeys().join('\n')}\n`, { mode: 0o600 })
  say(`${count} events exported to ${folder}; verify with: node verify-audit.mjs ${folder} <public key> [anchor file]`)
}

function verifierKeys(): readonly string[] {
  const { config, secrets } = configOrMistakes()
  const keys = verifierKeysOf(secrets.auditKeyPem, config)
  if (keys.length === 0) throw new Error('AUDIT_KEY_FILE: missing: expected the path of the key that seals the audit log')
  return keys
}

async function withDatabase<Value>(run: (database: Database) => Promise<Value>): Promise<Value> {
  const database = openDatabase(configOrMistakes().secrets.databaseUrl)
  try {
    return await run(database)
  } finally {
    await database.close()
  }
}
