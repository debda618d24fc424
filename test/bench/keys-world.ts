/** For the key benchmarks: a durable PostgreSQL with both databases, a ring, many record keys, and captures to measure. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Sql } from 'postgres'
import { systemClock } from '../../src/base/clock.ts'
import { randomId } from '../../src/base/ids.ts'
import { sealColumn } from '../../src/crypto/envelope.ts'
import { makeBlock, type NewBlock } from '../../src/crypto/key-blocks.ts'
import type { KeyRing } from '../../src/crypto/key-ring.ts'
import { openKeyRing } from '../../src/crypto/open-key-ring.ts'
import { newRecordKey } from '../../src/crypto/record-keys.ts'
import { createJwksRootKeys, newRootKey, writeRootKeys } from '../../src/crypto/root-jwks.ts'
import { type RootKeys, readTenantKey } from '../../src/crypto/root-keys.ts'
import { rewrapRowsPerSecond } from '../../src/crypto/rotation.ts'
import { type OpenedKeyStore, openKeyStore } from '../../src/storage/keystore.ts'
import { buildTemplates, connect, createTestDatabases } from '../support/database.ts'
import { startPostgresServer } from '../support/postgres-server.ts'

export type KeysWorld = {
  readonly keystoreUrl: string
  readonly jwks: string
  readonly store: OpenedKeyStore
  readonly ring: KeyRing
  readonly pharmacies: readonly string[]
  /** A table of the main database that stands for the screenings: what a capture inserts. */
  capture(pharmacyId: string): Promise<void>
  addRecordKeys(count: number): Promise<void>
  close(): Promise<void>
}

/** On a durable server of its own, unless `superUrl` names one whose templates are built. */
export async function openKeysWorld(input: { pharmacies: number; superUrl?: string | undefined }): Promise<KeysWorld> {
  const server = input.superUrl === undefined ? await startServer() : null
  const databases = await createTestDatabases(server?.superUrl ?? input.superUrl ?? '')
  const rootKey = newRootKey({ now: new Date(), primary: true })
  const rootKeys = createJwksRootKeys([rootKey])
  const store = openKeyStore(databases.keystoreAppUrl)
  const ring = openKeyRing({ store, rootKeys, clock: systemClock })
  const pharmacies = Array.from({ length: input.pharmacies }, randomId)
  for (const pharmacy of pharmacies) await ring.prepareReserve(pharmacy)
  const main = connect(databases.ownerUrl)
  await main`create table captures (row_id uuid primary key, key_ref uuid not null, patient bytea not null, act bytea not null)`
  return {
    keystoreUrl: databases.keystoreAppUrl,
    jwks: writeRootKeys([rootKey]),
    store,
    ring,
    pharmacies,
    capture: (pharmacyId) => capture(ring, main, pharmacyId),
    addRecordKeys: async (count) => {
      await addRecordKeys(store, rootKeys, pharmacies, count)
      await settle(Object.assign(new URL(databases.superUrl), { pathname: new URL(databases.keystoreAppUrl).pathname }).href)
    },
    close: async () => {
      await ring.close()
      await store.close()
      await main.end()
      if (server) await server.stop()
      else await databases.drop()
    },
  }
}

async function startServer(): Promise<{ readonly superUrl: string; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-bench-'))
  const server = await startPostgresServer({ folder })
  const superUrl = server.superUrl('postgres')
  await buildTemplates(superUrl)
  const stop = async () => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return { superUrl, stop }
}

export const patient = {
  birthName: 'LEFÈVRE-DUPONT',
  birthFirstName: 'ÉLODIE',
  birthFirstNames: 'ÉLODIE ANNE MARIE',
  usedName: null,
  usedFirstName: null,
  sex: 'female',
  birthDate: '1980-05-17',
  birthPlaceInsee: '75056',
  ins: { matricule: '280057505612327', authority: 'nir-test' },
  identityStatus: 'VALI',
  address: { line: '12 RUE DES LILAS', postalCode: '75019', city: 'PARIS', country: 'FRA' },
  phone: '+33612345678',
  email: 'elodie@example.org',
}
export const act = {
  sampledAt: '2026-03-02T08:00:00Z',
  testKit: {
    id: '1234',
    maker: 'Maker',
    name: 'Rapid Ag Test',
    udi: { issuer: 'gs1', deviceIdentifier: '03701234567890' },
    lot: 'A123',
    expiry: '2027-01-31',
  },
  results: [{ analyte: 'sars-cov-2', result: 'positive' }],
  consent: 'yes',
  symptoms: 'onset-2-4',
  comment: null,
}

async function capture(ring: KeyRing, main: Sql, pharmacyId: string): Promise<void> {
  const key = await ring.takeRecordKey(pharmacyId)
  const rowId = randomId()
  const cell = (column: string) => ({ pharmacyId, table: 'screenings', column, rowId })
  const sealed = [sealColumn(key, cell('patient'), patient), sealColumn(key, cell('act'), act)] as const
  await main`insert into captures values (${rowId}, ${key.ref}, ${Buffer.from(sealed[0])}, ${Buffer.from(sealed[1])})`
}

/**
 * Blocks as a reserve makes them that starts anew each day and is used up to its fourth: 4, 8, 16, 32. Fifteen keys a block is
 * what a pharmacy of sixty captures a day comes to; a busier one has larger blocks, and a rewrap less to do.
 */
const blockSizes = [4, 8, 16, 32] as const
const blocksAtOnce = 500

/** Real keys, in blocks made as the ring makes them, stored many blocks a statement so that a million take a minute. */
async function addRecordKeys(
  store: OpenedKeyStore,
  rootKeys: RootKeys,
  pharmacies: readonly string[],
  count: number,
): Promise<void> {
  for (const [index, pharmacyId] of pharmacies.entries()) {
    const share = Math.floor(((index + 1) * count) / pharmacies.length) - Math.floor((index * count) / pharmacies.length)
    const row = await store.findPrimaryTenantKey(pharmacyId, 'records')
    if (!row) throw new Error('no tenant key')
    const bytes = readTenantKey(await rootKeys.unwrap(row.rootKid, row.wrapped), row)
    if (!bytes) throw new Error('no tenant key')
    const blocks: NewBlock[] = []
    for (let made = 0; made < share; ) {
      const size = Math.min(blockSizes[blocks.length % blockSizes.length] ?? 4, share - made)
      const keys = Array.from({ length: size }, () => newRecordKey(pharmacyId, randomId()))
      blocks.push(makeBlock({ id: row.id, bytes }, randomId(), keys))
      made += size
    }
    for (let from = 0; from < blocks.length; from += blocksAtOnce) await addBlocks(store, blocks.slice(from, from + blocksAtOnce))
  }
}

/** What PostgreSQL would do for minutes after so many rows, done before anything is measured. */
async function settle(superUrl: string): Promise<void> {
  const sql = connect(superUrl)
  await sql`vacuum analyze record_keys`
  await sql`vacuum analyze key_blocks`
  await sql`checkpoint`
  await sql.end()
}

async function addBlocks(store: OpenedKeyStore, made: readonly NewBlock[]): Promise<void> {
  const hex = (rows: ReadonlyArray<{ readonly wrapped: Uint8Array }>) =>
    rows.map((row) => Buffer.from(row.wrapped).toString('hex'))
  const blocks = made.map(({ block }) => block)
  const rows = made.flatMap(({ block, members }) => members.map((member) => ({ ...member, block })))
  await store.sql`insert into key_blocks (id, pharmacy_id, tenant_key_id, wrapped)
    select id, pharmacy_id, key_id, decode(wrapped, 'hex') from unnest(${blocks.map((row) => row.id)}::uuid[],
      ${blocks.map((row) => row.pharmacyId)}::uuid[], ${blocks.map((row) => row.tenantKeyId)}::uuid[], ${hex(blocks)}::text[])
      as block (id, pharmacy_id, key_id, wrapped)`
  await store.sql`insert into record_keys (ref, pharmacy_id, block_id, wrapped, reserved_at)
    select ref, pharmacy_id, block_id, decode(wrapped, 'hex'), now() from unnest(${rows.map((row) => row.ref)}::uuid[],
      ${rows.map((row) => row.block.pharmacyId)}::uuid[], ${rows.map((row) => row.block.id)}::uuid[], ${hex(rows)}::text[])
      as row (ref, pharmacy_id, block_id, wrapped)`
}

/** Captures as fast as `clients` can, each after its last one, until `stop` resolves: what each took, and all together, in ms. */
export async function measureCaptures(
  world: KeysWorld,
  clients: number,
  stop: Promise<unknown>,
): Promise<{ times: readonly number[]; ms: number }> {
  let running = true
  const times: number[] = []
  const started = performance.now()
  const client = async () => {
    while (running) {
      const begun = performance.now()
      await world.capture(world.pharmacies[(randomBytes(1)[0] ?? 0) % world.pharmacies.length] ?? '')
      times.push(performance.now() - begun)
    }
  }
  const all = Promise.all(Array.from({ length: clients }, client))
  await stop
  running = false
  const ms = performance.now() - started
  await all
  return { times, ms }
}

/** `cpuMs` of the rotating process, `serverCpuMs` of the database's processes that served it. */
export type RotationFigures = { readonly ms: number; readonly cpuMs: number; readonly serverCpuMs: number | null }

/** Counted in the tables themselves: what a rotation that has ended must have left nowhere. */
export async function countUnderOldKeys(world: KeysWorld): Promise<number> {
  const [row] = await world.store.sql<{ rows: number }[]>`select (
      (select count(*) from record_keys as r left join key_blocks as b on b.id = r.block_id
        join tenant_keys as key on key.id = coalesce(b.tenant_key_id, r.tenant_key_id) where not key.is_primary)
      + (select count(*) from key_blocks join tenant_keys as key on key.id = tenant_key_id where not key.is_primary)
    )::int as rows`
  return row?.rows ?? -1
}

export type RunningRotation = {
  readonly figures: Promise<RotationFigures>
  /** Between two batches. */
  pause(): void
  resume(): void
}

/** Starts the rotation in a process of its own, as an operator would. */
export function startRotation(world: KeysWorld, steps: string, rowsPerSecond = rewrapRowsPerSecond): RunningRotation {
  const script = new URL('../faults/keys-child.ts', import.meta.url).pathname
  const env = {
    ...process.env,
    KEYS_URL: world.keystoreUrl,
    KEYS_JWKS: world.jwks,
    KEYS_STEPS: steps,
    KEYS_PACE: String(rowsPerSecond),
  }
  const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  let said = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const figures = new Promise<RotationFigures>((done, failed) => {
    child.once('close', (code) => {
      if (code !== 0) failed(new Error(`the rotation ended with ${code}`))
      else done(JSON.parse(said.trim().split('\n').at(-1) ?? '{}') as RotationFigures)
    })
  })
  const tell = (word: string) => {
    if (child.connected) child.send(word, () => undefined)
  }
  return { figures, pause: () => tell('pause'), resume: () => tell('resume') }
}
