/** What the forwarding benches share: a durable PostgreSQL, sealed screenings to forward, a receiver, real worker processes. */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type postgres from 'postgres'
import { systemClock } from '../../src/base/clock.ts'
import { createClosers } from '../../src/base/closers.ts'
import { timedId } from '../../src/base/ids.ts'
import type { Config } from '../../src/config/config.ts'
import type { Secrets } from '../../src/config/secrets.ts'
import { sealColumn } from '../../src/crypto/envelope.ts'
import type { KeyRing } from '../../src/crypto/key-ring.ts'
import { openKeyRing } from '../../src/crypto/open-key-ring.ts'
import { createJwksRootKeys, newRootKey, writeRootKeys } from '../../src/crypto/root-jwks.ts'
import { controlIdFrom } from '../../src/domain/control-id.ts'
import type { DestinationSettings } from '../../src/domain/destination-settings.ts'
import type { Finess } from '../../src/domain/finess.ts'
import { luhnValid } from '../../src/domain/luhn.ts'
import type { Pharmacy, PharmacySettings } from '../../src/domain/pharmacy.ts'
import { openDatabase } from '../../src/storage/database.ts'
import { openKeyStore } from '../../src/storage/keystore.ts'
import { ensurePharmacies } from '../../src/storage/pharmacies.ts'
import { buildTemplates, connect, createTestDatabases, type TestDatabases } from '../support/database.ts'
import { type PostgresServer, startPostgresServer } from '../support/postgres-server.ts'
import type { ReceiverNews, ReceiverOrder } from './forwarding-receiver.ts'
import type { WorkerNews, WorkerOrder } from './forwarding-worker.ts'
import { act, patient } from './keys-world.ts'
import { type BenchProcess, startBenchProcess } from './processes.ts'

export type Receiver = BenchProcess<ReceiverOrder, ReceiverNews>
export type ForwardingWorker = BenchProcess<WorkerOrder, WorkerNews>

export type NewRows = {
  readonly count: number
  /** Which pharmacy takes the i-th row; default: in turns. */
  readonly pharmacyOf?: (index: number) => Pharmacy
  /** The comment of the i-th screening, which a receiver reads in the NTE. */
  readonly commentOf?: (index: number) => string | null
}
export type AddedRow = { readonly controlId: string; readonly pharmacyId: string }

export type Prepared = {
  readonly rows: readonly AddedRow[]
  /** Declares all of them, or those of these control ids, in one commit; answers when that was seen, in monotonic ms. */
  commit(controlIds?: readonly string[]): Promise<number>
}

export type ForwardingWorld = {
  readonly server: PostgresServer
  readonly databases: TestDatabases
  readonly sql: postgres.Sql
  readonly receiver: Receiver
  readonly url: string
  readonly pharmacies: readonly Pharmacy[]
  /** Sealed screenings with their keys in the key store, and no declaration yet. */
  prepare(rows: NewRows): Promise<Prepared>
  /** Settled and parked rows as a year leaves them: foreign keys, which nothing here reads, are not made. */
  addPast(rows: { readonly accepted: number; readonly parked: number }): Promise<void>
  startWorker(settings?: WorkerSettings): Promise<ForwardingWorker>
  /** Resolves when nothing is queued, claimed or sent any more; answers the monotonic ms of the last settlement. */
  untilSettled(): Promise<number>
  /** The same where `count` requests are to come from now on: until then the tables are left alone. */
  expect(count: number): { readonly settled: Promise<number> }
  close(): Promise<void>
}
export type WorkerSettings = {
  readonly destination?: Partial<DestinationSettings>
  readonly batchSize?: number
  readonly execArgv?: readonly string[]
}

export const inFlight = 64
export const monotonicMs = () => Number(process.hrtime.bigint()) / 1e6
const blockRows = 1000
const analyseFrom = 50_000

export async function openForwardingWorld(options: { readonly pharmacies?: number } = {}): Promise<ForwardingWorld> {
  const closers = createClosers()
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-bench-'))
  closers.push('folder', () => rmSync(folder, { recursive: true, force: true }))
  // Durable, as in production: an fsync a commit.
  const server = await startPostgresServer({
    folder,
    settings: ['shared_buffers=2GB', 'max_wal_size=8GB', ...(process.env['BENCH_PG'] ?? '').split(',').filter(Boolean)],
  })
  closers.push('PostgreSQL', () => server.stop())
  await buildTemplates(server.superUrl('postgres'))
  const databases = await createTestDatabases(server.superUrl('postgres'))
  const sql = connect(databases.superUrl)
  closers.push('connection', () => sql.end())
  const rootKey = newRootKey({ now: new Date(), primary: true })
  const store = openKeyStore(databases.keystoreAppUrl, { timeoutMs: 60_000 })
  closers.push('key store', () => store.close())
  const settings = pharmacySettings(options.pharmacies ?? 300)
  const database = openDatabase(databases.appUrl)
  const pharmacies = await database.forNobody((tx) => ensurePharmacies(tx, settings, new Date()))
  await database.close()
  const ring = openKeyRing({ store, rootKeys: createJwksRootKeys([rootKey]), clock: systemClock })
  closers.push('key ring', () => ring.close())
  const professionalId = randomUUID()
  await sql`insert into professionals values (${professionalId}, '10000000004', 'sub', 'Martin', 'Ada', now(), now())`
  const receiver: Receiver = startBenchProcess('./forwarding-receiver.ts')
  const { port } = await receiver.news('listening')
  closers.push('receiver', () => receiver.stop())
  const url = `http://127.0.0.1:${port}/`
  const secrets: Secrets = {
    databaseUrl: databases.appUrl,
    databaseOwnerUrl: null,
    keystoreDatabaseUrl: databases.keystoreAppUrl,
    keystoreOwnerUrl: null,
    rootKeysJwks: writeRootKeys([rootKey]),
    pscClientSecret: 'none',
    auditKeyPem: null,
    signingKeysJwks: null,
  }
  return {
    server,
    databases,
    sql,
    receiver,
    url,
    pharmacies,
    prepare: (rows) => prepare({ sql, ring, professionalId, pharmacies }, rows),
    addPast: (past) => addPast(sql, past),
    startWorker: async (worker = {}) => {
      const config = configOf(settings, url, worker)
      const started: ForwardingWorker = startBenchProcess('./forwarding-worker.ts', {
        env: { BENCH_WORKER: JSON.stringify({ config, secrets }) },
        execArgv: [...(worker.execArgv ?? []), ...imageMemoryFlags()],
      })
      closers.push('worker', () => started.stop())
      await started.news('ready')
      return started
    },
    untilSettled: () => untilSettled(sql),
    expect: (count) => {
      const reached = receiver.news('reached')
      receiver.send({ kind: 'reset' })
      receiver.send({ kind: 'tell-at', count })
      return { settled: reached.then(() => untilSettled(sql)) }
    },
    close: closers.closeAll,
  }
}

function configOf(pharmacies: readonly PharmacySettings[], url: string, worker: WorkerSettings): Config {
  const destination: DestinationSettings = {
    id: 'sidep',
    label: 'SI-DEP',
    format: 'sidep-oru',
    transport: {
      kind: 'https',
      url,
      timeoutMs: 20_000,
      answerBytesMax: 65_536,
      caFile: null,
      clientCertificateFile: null,
      clientKeyFile: null,
      insecureAllowPlainHttp: true,
      privateNetworks: ['127.0.0.0/8'],
    },
    deduplicates: 'none',
    concurrencyMax: inFlight,
    retry: { baseMs: 1000, capMs: 60_000, attemptsMax: 3 },
    breaker: { failuresMax: 100, holdMs: 1000, holdCapMs: 1000 },
    pace: { perSecondMax: 10_000, rampFromPerSecond: 1, rampMs: 0 },
    pharmacies: 'all',
    billed: false,
    test: true,
    ...worker.destination,
  }
  return {
    profile: 'test',
    rootKeys: { kind: 'file' },
    auditAnchorFile: null,
    duplicateSearch: 'off',
    logLevel: 'info',
    worker: { leaseSeconds: 60, batchSize: worker.batchSize ?? 200, pollSeconds: 5 },
    pharmacies,
    destinations: [destination],
    testKits: [],
    tracing: null,
  } as unknown as Config // the web side's half is never opened here
}

/** The bounds of memory under which the image runs it: what is measured is what ships. */
function imageMemoryFlags(): readonly string[] {
  const dockerfile = readFileSync(join(import.meta.dirname, '../../Dockerfile'), 'utf8')
  const flags = [...dockerfile.matchAll(/"(--(?:max|heap)-[a-z-]+=\d+)"/g)].map(([, flag = '']) => flag)
  if (flags.length === 0) throw new Error('the Dockerfile names no bounds of memory')
  return flags
}

/** Valid FINESS numbers, made up. */
function pharmacySettings(count: number): readonly PharmacySettings[] {
  return Array.from({ length: count }, (_, index) => {
    const stem = String(75_000_000 + index)
    const key = Array.from({ length: 10 }, (__, digit) => digit).find((digit) => luhnValid(`${stem}${digit}`)) ?? 0
    const finess = `${stem}${key}` as Finess
    return {
      finess,
      name: `Officine ${index}`,
      addressLine: '1 rue des Lilas',
      postalCode: '75019',
      city: 'Paris',
      phone: null,
    }
  })
}

type Sealed = { readonly versionId: string; readonly keyRef: string; readonly patient: Uint8Array; readonly act: Uint8Array }

/** As a capture seals, with a key of its own from the ring. */
async function seal(ring: KeyRing, pharmacyId: string, comment: string | null): Promise<Sealed> {
  const key = await ring.takeRecordKey(pharmacyId)
  const versionId = randomUUID()
  const cell = (column: string) => ({ pharmacyId, table: 'screenings', column, rowId: versionId })
  return {
    versionId,
    keyRef: key.ref,
    patient: sealColumn(key, cell('patient'), patient),
    act: sealColumn(key, cell('act'), { ...act, comment }),
  }
}

type Preparing = {
  sql: postgres.Sql
  ring: KeyRing
  professionalId: string
  pharmacies: readonly Pharmacy[]
}

/** What a capture says of a declaration; the rest has its default when it is declared. */
const stagedColumns = 'id, pharmacy_id, screening_id, version_id, version, destination, kind, state, control_id'

async function prepare(deps: Preparing, rows: NewRows): ReturnType<ForwardingWorld['prepare']> {
  const { sql, pharmacies } = deps
  const added: AddedRow[] = []
  const staging = `staged_${randomBytes(4).toString('hex')}`
  await sql.unsafe(`create unlogged table ${staging} as select ${stagedColumns} from declarations with no data`)
  for (let from = 0; from < rows.count; from += blockRows) {
    const indexes = Array.from({ length: Math.min(blockRows, rows.count - from) }, (_, offset) => from + offset)
    const made = await Promise.all(
      indexes.map(async (index) => {
        const pharmacy = rows.pharmacyOf?.(index) ?? pharmacies[index % pharmacies.length]
        if (!pharmacy) throw new Error('no pharmacy')
        const row = await seal(deps.ring, pharmacy.id, rows.commentOf?.(index) ?? null)
        return { row, pharmacyId: pharmacy.id, screeningId: randomUUID(), controlId: controlIdFrom(randomBytes(20)) }
      }),
    )
    await addBlock(deps, staging, made)
    added.push(...made.map(({ controlId, pharmacyId }) => ({ controlId, pharmacyId })))
  }
  return {
    rows: added,
    commit: async (controlIds) => {
      await sql.begin(async (tx) => {
        await tx`insert into declarations (${tx.unsafe(stagedColumns)}) select * from ${tx(staging)} ${controlIds ? tx`where control_id = any(${[...controlIds]}::text[])` : tx``}`
        await tx`select pg_notify('declarations_due', '')`
      })
      const at = monotonicMs()
      // A long backlog meets fresh statistics, as autovacuum would have brought them by the time that it is long.
      if (!controlIds && rows.count > analyseFrom) await sql.unsafe('analyze declarations')
      return at
    },
  }
}

type Made = { row: Sealed; pharmacyId: string; screeningId: string; controlId: string }

async function addBlock(deps: Preparing, staging: string, made: readonly Made[]): Promise<void> {
  const { sql, professionalId } = deps
  const hex = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
  const column = (of: (entry: Made) => string) => made.map(of)
  const ids = [
    column(({ row }) => row.versionId),
    column((entry) => entry.screeningId),
    column((entry) => entry.pharmacyId),
  ] as const
  await sql`insert into screenings (version_id, screening_id, pharmacy_id, version, status, key_ref, patient, act, drafted_by, signed_by,
      signed_role, captured_at, signed_at)
    select version_id, screening_id, pharmacy_id, 1, 'signed', key_ref, decode(patient, 'hex'), decode(act, 'hex'),
      ${professionalId}::uuid, ${professionalId}::uuid, 'titular', now(), now()
    from unnest(${ids[0]}::uuid[], ${ids[1]}::uuid[], ${ids[2]}::uuid[], ${column(({ row }) => row.keyRef)}::uuid[],
      ${column(({ row }) => hex(row.patient))}::text[], ${column(({ row }) => hex(row.act))}::text[])
      as t (version_id, screening_id, pharmacy_id, key_ref, patient, act)`
  await sql`insert into ${sql(staging)} (${sql.unsafe(stagedColumns)})
    select id, pharmacy_id, screening_id, version_id, 1, 'sidep', 'original', 'queued', control_id
    from unnest(${column(() => timedId())}::uuid[], ${ids[0]}::uuid[], ${ids[1]}::uuid[], ${ids[2]}::uuid[], ${column((entry) => entry.controlId)}::text[])
      as t (id, version_id, screening_id, pharmacy_id, control_id)`
}

/** Half a minute apart, with ids as their time would have given them. */
async function addPast(sql: postgres.Sql, past: { accepted: number; parked: number }): Promise<void> {
  await sql.begin(async (tx) => {
    await tx.unsafe('set local session_replication_role = replica')
    await tx.unsafe(`insert into declarations (id, pharmacy_id, screening_id, version_id, version, destination, kind, state, control_id, code, settled_at)
      select (lpad(to_hex((extract(epoch from now()) * 1000)::bigint - i * 30000::bigint), 12, '0') || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid, ids[1 + i % array_length(ids, 1)], gen_random_uuid(), gen_random_uuid(), 1, 'sidep', 'original',
        case when i > ${past.accepted} then 'parked' else 'accepted' end, upper(substr(replace(gen_random_uuid()::text, '-', ''), 1, 20)),
        case when i > ${past.accepted} then 'answer-lost' end, case when i <= ${past.accepted} then now() end
      from (select array_agg(id) as ids from pharmacies) p, generate_series(1, ${past.accepted + past.parked}) i`)
  })
  await sql.unsafe('vacuum analyze declarations')
}

/**
 * Looks seldom, since each look walks what was open and no longer is: looking all the time cost PostgreSQL a sixth of what it did.
 * The instant comes from the last settlement itself.
 */
async function untilSettled(sql: postgres.Sql): Promise<number> {
  for (;;) {
    const [open] = await sql`select 1 from declarations where standing = 'open' limit 1`
    if (!open) break
    await wait(100)
  }
  const [last] = await sql<{ ms: number }[]>`select (extract(epoch from max(ended_at)) * 1000)::float8 as ms from attempts`
  const sinceMs = last ? Date.now() - last.ms : 0
  return monotonicMs() - sinceMs
}
