/** `erase record|patient`: makes screenings unreadable everywhere, old backups included, by deleting keys; a preview unless told. */
import { Command } from 'commander'
import { systemClock } from '../base/clock.ts'
import { isId } from '../base/ids.ts'
import { eraseRecords } from '../crypto/erasure.ts'
import { openKeyRing } from '../crypto/open-key-ring.ts'
import { openConfiguredRootKeys } from '../crypto/open-root-keys.ts'
import { type Database, openDatabase } from '../storage/database.ts'
import { type ErasableScreening, findErasable, listPharmacyIds } from '../storage/erasure.ts'
import { openKeyStore } from '../storage/keystore.ts'
import { createKeyStoreAdmin } from '../storage/keystore-admin.ts'
import { configOrMistakes } from './config-or-mistakes.ts'
import { erasePerson, finishErasure, personHelp, readPerson } from './erase-patient.ts'
import { note, say } from './say.ts'

const pharmaciesMax = 100_000
const screeningsMax = 1000
/** Pages of keys, on a machine that serves others. */
const keyTimeoutMs = 30_000

export function eraseCommand(): Command {
  const erase = new Command('erase').description('erasure that reaches backups: the record key goes, and every copy with it')
  erase
    .command('record')
    .argument('<screening-id...>', 'ids of screenings, as in the address of their page')
    .option('--yes', 'do it; without this, only say what would be erased')
    .description('erase screenings, every version of each; refused while a declaration of theirs is still open')
    .action((ids: string[], options: { yes?: boolean }) => eraseRecord(ids, options.yes ?? false))
  erase
    .command('patient')
    .option('--yes', 'do it; without this, only say what would be erased')
    .description('erase every screening of one person in every pharmacy; where it was cut off, run it again')
    .addHelpText('after', `\n${personHelp}`)
    .action((options: { yes?: boolean }) => erasePatient(options.yes ?? false))
  return erase
}

async function erasePatient(confirmed: boolean): Promise<void> {
  if (process.stdin.isTTY) note(personHelp)
  const person = readPerson()
  const { config, secrets } = configOrMistakes()
  const database = openDatabase(secrets.databaseUrl)
  const rootKeys = openConfiguredRootKeys(config.rootKeys, secrets.rootKeysJwks)
  const store = openKeyStore(secrets.keystoreDatabaseUrl, { timeoutMs: keyTimeoutMs })
  const ring = openKeyRing({ store, rootKeys, clock: systemClock })
  let looked = 0
  const onProgress = (rows: number) => {
    looked += rows
    if (rows > 0) note(`looked at ${looked} rows`)
  }
  try {
    await erasePerson({ database, ring, onProgress, admin: createKeyStoreAdmin(store.sql) }, person, confirmed)
  } finally {
    await ring.close()
    await store.close()
    await rootKeys.close()
    await database.close()
  }
}

async function eraseRecord(ids: readonly string[], confirmed: boolean): Promise<void> {
  const wrong = ids.filter((id) => !isId(id))
  if (wrong.length > 0)
    throw new Error(
      `${wrong.length} of the arguments are no screening ids: expected the form 00000000-0000-4000-8000-000000000000`,
    )
  if (ids.length > screeningsMax) throw new Error(`at most ${screeningsMax} screenings at once`)
  const { secrets } = configOrMistakes()
  const database = openDatabase(secrets.databaseUrl)
  const store = openKeyStore(secrets.keystoreDatabaseUrl)
  try {
    const found = await findAll(database, ids)
    const missing = ids.filter((id) => !found.some((one) => one.screeningId === id))
    if (missing.length > 0) throw new Error(`not found: ${missing.join(', ')}; nothing was erased`)
    const open = found.filter((one) => one.unsent > 0)
    // What is erased cannot be sent, corrected or cancelled any more: first the nation, then the erasure.
    if (open.length > 0)
      throw new Error(`still being transmitted: ${open.map((one) => one.screeningId).join(', ')}; nothing was erased`)
    const refs = found.flatMap((one) => one.keyRefs)
    if (!confirmed)
      return say(`would erase ${found.length} screenings under ${refs.length} record keys, for good; run again with --yes`)
    const report = await eraseRecords({ admin: createKeyStoreAdmin(store.sql), ring: null }, refs)
    for (const screening of found) await finishErasure(database, screening)
    say(`erased ${report.erased.length} record keys; ${report.alreadyGone.length} were gone already`)
    say('a running gateway may show them from its cache for up to five minutes; the key store’s own backups expire by their term')
  } finally {
    await store.close()
    await database.close()
  }
}

async function findAll(database: Database, ids: readonly string[]): Promise<readonly ErasableScreening[]> {
  const found: ErasableScreening[] = []
  for (const pharmacyId of await database.forNobody((tx) => listPharmacyIds(tx, pharmaciesMax))) {
    if (found.length === ids.length) break
    await database.forPharmacy(pharmacyId, async (tx) => {
      for (const id of ids) {
        const screening = await findErasable(tx, id)
        if (screening) found.push(screening)
      }
    })
  }
  return found
}
