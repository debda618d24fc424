/** The restore drill: a backup that can be read again passes, and each way in which one cannot is named. */
import { randomBytes } from 'node:crypto'
import type { Sql } from 'postgres'
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest'
import { sealEvents } from '../../src/audit/seal-events.ts'
import { drillBackup } from '../../src/commands/drill-backup.ts'
import { createCheckpointSigner, generateCheckpointKey, parseCheckpointKey } from '../../src/crypto/checkpoint.ts'
import { eraseRecords } from '../../src/crypto/erasure.ts'
import { brokenRules } from '../../src/domain/ledger.ts'
import { findLastDrill, insertDrill } from '../../src/storage/backup-drills.ts'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import { openKeyStore } from '../../src/storage/keystore.ts'
import { createKeyStoreAdmin } from '../../src/storage/keystore-admin.ts'
import { readLedger } from '../../src/storage/ledger.ts'
import { readMigrations } from '../../src/storage/migrator.ts'
import { type ActionsWorld, legalFields, newKey, newRequest, openActionsWorld } from '../support/actions-fixture.ts'
import { connect, migrationFolders } from '../support/database.ts'

let the: ActionsWorld
let admin: Sql
const copies: string[] = []
const anchors: string[] = []
const key = parseCheckpointKey(generateCheckpointKey())
if (!key) throw new Error('a new key is a key')
const signer = createCheckpointSigner(key, 'passerelle.exemple.test/audit')

beforeAll(async () => {
  the = await openActionsWorld()
  admin = connect(inject('postgresSuperUrl'))
  for (let count = 0; count < 5; count++) await capture()
  const { checkpoint } = await sealEvents({ database: the.database, signer, clock: the.world.clock })
  anchors.push(checkpoint ?? '')
})
afterEach(async () => {
  for (const copy of copies.splice(0)) await admin.unsafe(`drop database ${copy} with (force)`)
})
afterAll(async () => {
  await admin.end()
  await the.close()
})

async function capture(): Promise<void> {
  const captured = await the.actions.captureScreening(
    the.person('pharmacist'),
    { fields: legalFields, idempotencyKey: newKey() },
    newRequest(),
  )
  if (!captured.ok) throw new Error('a legal capture was refused')
}

/** A whole copy of a database at this moment, under the superuser: as a restored backup is. */
async function backUp(url: string): Promise<string> {
  const name = new URL(url).pathname.slice(1)
  const copy = `backup_${randomBytes(6).toString('hex')}`
  await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`
  await admin.unsafe(`create database ${copy} template ${name}`)
  copies.push(copy)
  return Object.assign(new URL(inject('postgresSuperUrl')), { pathname: `/${copy}` }).href
}

/** Backs both databases up, lets the test harm the copies, and judges them. */
async function drill(harm: (restored: { data: Sql; keys: Sql }) => Promise<unknown> = async () => undefined) {
  const [dataUrl, keysUrl] = [await backUp(the.world.databases.superUrl), await backUp(the.world.databases.keystoreAppUrl)]
  const [data, keys] = [connect(dataUrl), connect(keysUrl)]
  await harm({ data, keys })
  await data.end()
  await keys.end()
  const restored = openDatabase(dataUrl)
  const store = openKeyStore(keysUrl)
  try {
    return await drillBackup(
      {
        live: the.database,
        restored,
        restoredKeys: the.world.ring({ store }),
        liveKeys: the.world.ring(),
        migrations: await readMigrations(migrationFolders.main),
        countLedgerDifferences: countDifferences,
        onProgress: () => undefined,
      },
      { sample: 50, verifierKeys: [signer.verifierKey], anchors },
    )
  } finally {
    await restored.close()
    await store.close()
  }
}

/** As somebody who may do everything would: past foreign keys and triggers. */
const emptyScreenings = (sql: Sql) =>
  sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`
    await tx`delete from screenings`
  })

const countDifferences = async (database: Database) => {
  const lines = await database.forWorker((tx) => readLedger(tx, { pharmacyId: null, from: '2026-01-01', to: '2026-12-31' }))
  return lines.filter((line) => brokenRules(line).length > 0).length
}

test('a whole backup passes, with what was captured since missing from it', async () => {
  const report = await drill(async () => capture())
  expect(report.problems).toEqual([])
  expect(report.counts).toMatchObject({ screenings: 5, opened: report.counts['sampled'], erased: 0, sealed: 5, differing: 0 })
  expect(report.counts['sampled']).toBeGreaterThan(0)
})

test('what was erased does not open, and that is no fault of the backup', async () => {
  await capture()
  const [row] = await the.admin<{ ref: string }[]>`select key_ref as ref from screenings order by random() limit 1`
  const report = await drill(async ({ keys }) => {
    const refs = [row?.ref ?? '']
    await eraseRecords({ admin: createKeyStoreAdmin(the.world.store.sql), ring: null }, refs)
    await keys`delete from record_keys where ref = ${row?.ref ?? ''}`
  })
  expect(report.problems).toEqual([])
  expect(Number(report.counts['opened']) + Number(report.counts['erased'])).toBe(report.counts['sampled'])
})

test.for([
  [
    'not-opened',
    'a damaged row',
    ({ data }: { data: Sql }) => data`update screenings set patient = set_byte(patient, 40, get_byte(patient, 40) # 1)`,
  ],
  ['not-opened', 'a key store that was not backed up with the data', ({ keys }: { keys: Sql }) => keys`delete from record_keys`],
  ['audit-log', 'an edited audit event', ({ data }: { data: Sql }) => data`update audit_events set outcome = 'denied'`],
  ['empty', 'an empty dump', ({ data }: { data: Sql }) => emptyScreenings(data)],
  [
    'other-schema',
    'a dump of a later release',
    ({ data }: { data: Sql }) => data`insert into schema_migrations values (9999, '9999_later.sql', 'x', now())`,
  ],
  [
    'ledger',
    'a declaration that is not there',
    ({ data }: { data: Sql }) => data`delete from declarations where id in (select id from declarations limit 1)`,
  ],
] as const)('%s: %s is named', async ([problem, , harm]) => {
  expect((await drill(harm)).problems).toContain(problem)
})

test('more-than-live: a dump with more rows than the live database is no dump of it, or rows were lost since', async () => {
  expect((await drill(() => emptyScreenings(the.admin))).problems).toContain('more-than-live')
})

test('the last drill can be asked for, and the last one that passed', async () => {
  expect(await the.database.forNobody(findLastDrill)).toBeNull()
  const day = 86_400_000
  const at = (days: number) => new Date(Date.now() - days * day)
  await the.database.forNobody((tx) =>
    insertDrill(tx, { drilledAt: at(9), dumpTakenAt: at(10), outcome: 'passed', details: { sampled: 3 } }),
  )
  await the.database.forNobody((tx) =>
    insertDrill(tx, { drilledAt: at(2), dumpTakenAt: at(3), outcome: 'failed', details: { problems: ['ledger'] } }),
  )
  const last = await the.database.forNobody(findLastDrill)
  expect(last?.outcome).toBe('failed')
  expect([last?.drilledAgeMs, last?.dumpAgeMs, last?.passedAgeMs].map((ms) => Math.round((ms ?? 0) / day))).toEqual([2, 3, 9])
})
