/** The second wall between pharmacies: what the database shows and takes in each scope, even for queries that ask for everything. */
import { randomBytes, randomUUID } from 'node:crypto'
import { type SQL, sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Database, openDatabase, type Tx } from '../../src/storage/database.ts'
import { connect, createTestDatabases, type TestDatabases } from '../support/database.ts'
import { type TenantRows, tenantTables, writeTenantRows } from './tenant-rows.ts'

let databases: TestDatabases
let database: Database
let mine: TenantRows
let theirs: TenantRows

beforeAll(async () => {
  databases = await createTestDatabases(inject('postgresSuperUrl'))
  const admin = connect(databases.superUrl)
  mine = await writeTenantRows(admin, { finess: '750023459' })
  theirs = await writeTenantRows(admin, { finess: '130000011' })
  await admin.end()
  // One connection: each scope finds it as the scope before left it.
  database = openDatabase(databases.appUrl, { connectionsMax: 1, statementTimeoutMs: 15_000 })
})
afterAll(async () => {
  await database.close()
  await databases.drop()
})

/** A query with no word on pharmacies: what an action that forgot its check would ask. */
const pharmaciesIn = async (tx: Tx, table: string) => {
  const rows = await tx.execute<{ id: string }>(sql`select pharmacy_id as id from ${sql.identifier(table)}`)
  return rows.map((row) => row.id)
}
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { cause?: { code?: string } }) => error.cause?.code ?? 'no code',
  )
const denied = '42501'

test('every table with a pharmacy’s rows is behind the wall, and the wall stands for its owner too', async () => {
  const admin = connect(databases.superUrl)
  const rows = await admin<{ name: string; walled: boolean }[]>`
    select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as walled from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
      and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'pharmacy_id')`
  await admin.end()
  const walled = rows.filter((row) => row.walled).map((row) => row.name)
  expect(walled.sort()).toEqual([...tenantTables].sort())
  // Who may act where is asked before any pharmacy is chosen; these hold professionals, and no patient.
  expect(
    rows
      .filter((row) => !row.walled)
      .map((row) => row.name)
      .sort(),
  ).toEqual(['memberships', 'sessions'])
})

describe.for(tenantTables)('%s', (table) => {
  test('shows a pharmacy its own rows and no others, though the query names none', async () => {
    expect(await database.forPharmacy(mine.pharmacyId, (tx) => pharmaciesIn(tx, table))).toEqual([mine.pharmacyId])
    expect(await database.forPharmacy(theirs.pharmacyId, (tx) => pharmaciesIn(tx, table))).toEqual([theirs.pharmacyId])
  })

  test('shows nothing to nobody, to an unknown pharmacy, nor to an empty name', async () => {
    expect(await database.forNobody((tx) => pharmaciesIn(tx, table))).toEqual([])
    expect(await database.forPharmacy(randomUUID(), (tx) => pharmaciesIn(tx, table))).toEqual([])
    expect(await database.forPharmacy('', (tx) => pharmaciesIn(tx, table))).toEqual([])
  })

  test('does not open to text that is no id', async () => {
    const text = `${mine.pharmacyId}' or '1'='1`
    expect(await codeOf(database.forPharmacy(text, (tx) => pharmaciesIn(tx, table)))).toBe('22P02')
  })

  test('shows its owner nothing either', async () => {
    const owner = openDatabase(databases.ownerUrl)
    expect(await owner.forNobody((tx) => pharmaciesIn(tx, table))).toEqual([])
    await owner.close()
  })
})

/** A row that names `other` as its pharmacy, in each table that a pharmacy's scope may write to. */
const inserts: Record<'screenings' | 'declarations' | 'idempotency_keys', (pharmacyId: string) => SQL> = {
  screenings: (
    pharmacyId,
  ) => sql`insert into screenings (version_id, screening_id, pharmacy_id, version, status, key_ref, patient, act,
      drafted_by, captured_at)
    values (${randomUUID()}, ${randomUUID()}, ${pharmacyId}, 1, 'draft', ${randomUUID()}, '\\x00', '\\x00', ${mine.professionalId}, now())`,
  declarations: (
    pharmacyId,
  ) => sql`insert into declarations (id, pharmacy_id, screening_id, version_id, version, destination, kind, state, control_id)
    values (${randomUUID()}, ${pharmacyId}, ${mine.screeningId}, ${mine.versionId}, 1, ${randomUUID()}, 'original', 'queued',
      ${randomBytes(8).toString('hex').toUpperCase()})`,
  idempotency_keys: (pharmacyId) => sql`insert into idempotency_keys (pharmacy_id, key_sha256, body_mac, screening_id, created_at)
    values (${pharmacyId}, ${randomBytes(32)}, ${randomBytes(32)}, ${mine.screeningId}, now())`,
}

describe.for(Object.entries(inserts))('a new row of %s', ([, insert]) => {
  /** Tries, says what came of it, and leaves nothing behind. */
  const tried = (scope: Database['forNobody'], pharmacyId: string) =>
    codeOf(
      scope(async (tx) => {
        await tx.execute(insert(pharmacyId))
        throw Object.assign(new Error('undo'), { cause: { code: 'taken' } })
      }),
    )

  test('is taken for its own pharmacy alone', async () => {
    const asMine: Database['forNobody'] = (run) => database.forPharmacy(mine.pharmacyId, run)
    expect(await tried(asMine, mine.pharmacyId)).toBe('taken')
    expect(await tried(asMine, theirs.pharmacyId)).toBe(denied)
  })

  test('is refused where no pharmacy was named', async () => {
    expect(await tried(database.forNobody, mine.pharmacyId)).toBe(denied)
  })
})

describe('changes that name no pharmacy', () => {
  test('touch nothing of another', async () => {
    const changed = await database.forPharmacy(mine.pharmacyId, async (tx) => [
      await tx.execute(sql`update screenings set captured_at = captured_at returning pharmacy_id as id`),
      await tx.execute(sql`update declarations set due_at = due_at returning pharmacy_id as id`),
    ])
    for (const rows of changed) expect(rows.map((row) => row['id'])).toEqual([mine.pharmacyId])
  })

  test('cannot move a row to another pharmacy', async () => {
    for (const table of ['screenings', 'declarations'])
      expect(
        await codeOf(
          database.forPharmacy(mine.pharmacyId, (tx) =>
            tx.execute(sql`update ${sql.identifier(table)} set pharmacy_id = ${theirs.pharmacyId}`),
          ),
        ),
      ).toBe(denied)
  })
})

describe('the worker’s scope', () => {
  const both = () => [mine.pharmacyId, theirs.pharmacyId].sort()
  const seen = (table: string) => database.forWorker(async (tx) => (await pharmaciesIn(tx, table)).sort())

  test('sees what it forwards and what it seals, of every pharmacy, and no keys of requests', async () => {
    for (const table of ['screenings', 'declarations', 'attempts', 'receipts', 'charges', 'audit_events'])
      expect([table, await seen(table)]).toEqual([table, both()])
    expect(await seen('idempotency_keys')).toEqual([])
  })

  test('changes no screening: it reads what it sends, and that is all', async () => {
    const changed = await database.forWorker((tx) =>
      tx.execute(sql`update screenings set status = 'cancelled' returning version_id`),
    )
    expect(changed).toHaveLength(0)
    expect(await codeOf(database.forWorker((tx) => tx.execute(inserts.screenings(mine.pharmacyId))))).toBe(denied)
    expect(await codeOf(database.forWorker((tx) => tx.execute(inserts.idempotency_keys(mine.pharmacyId))))).toBe(denied)
  })

  test('is told by its exact name, and by nothing that resembles it', async () => {
    for (const scope of ['Worker', 'workers', ' worker', ''])
      expect(
        await database.forNobody(async (tx) => {
          await tx.execute(sql`select set_config('passerelle.scope', ${scope}, true)`)
          return pharmaciesIn(tx, 'declarations')
        }),
      ).toEqual([])
  })
})

describe('a scope ends with its transaction', () => {
  test('whether it committed or not, the next on the same connection starts with nothing', async () => {
    const nothing = () => database.forNobody((tx) => pharmaciesIn(tx, 'screenings'))
    await database.forPharmacy(mine.pharmacyId, (tx) => pharmaciesIn(tx, 'screenings'))
    expect(await nothing()).toEqual([])
    await database.forWorker((tx) => pharmaciesIn(tx, 'screenings'))
    expect(await nothing()).toEqual([])
    const undone = database.forPharmacy(mine.pharmacyId, async (tx) => {
      await pharmaciesIn(tx, 'screenings')
      throw new Error('undone')
    })
    await expect(undone).rejects.toThrow('undone')
    expect(await nothing()).toEqual([])
  })

  test('two hundred transactions of two pharmacies and the worker, mixed on four connections, each see their own', async () => {
    const pool = openDatabase(databases.appUrl, { connectionsMax: 4, statementTimeoutMs: 15_000 })
    const both = [mine.pharmacyId, theirs.pharmacyId].sort()
    const look = (index: number) => {
      if (index % 3 === 2) return pool.forWorker(async (tx) => [both, (await pharmaciesIn(tx, 'screenings')).sort()])
      const { pharmacyId } = index % 3 === 0 ? mine : theirs
      return pool.forPharmacy(pharmacyId, async (tx) => [[pharmacyId], await pharmaciesIn(tx, 'screenings')])
    }
    for (const [expected, found] of await Promise.all(Array.from({ length: 200 }, (_, index) => look(index))))
      expect(found).toEqual(expected)
    await pool.close()
  })
})

test('an audit event can be written from any scope, and read in its own pharmacy’s alone', async () => {
  const write = (tx: Tx, pharmacyId: string | null, action: string) =>
    tx.execute(
      sql`insert into audit_events (at, actor_kind, pharmacy_id, action, outcome) values (now(), 'anonymous', ${pharmacyId}, ${action}, 'denied')`,
    )
  await database.forNobody((tx) => write(tx, null, 'from nobody'))
  await database.forWorker((tx) => write(tx, mine.pharmacyId, 'from the worker'))
  const actions = (scope: Database['forNobody']) =>
    scope(async (tx) => (await tx.execute<{ action: string }>(sql`select action from audit_events`)).map((row) => row.action))
  expect(await actions((run) => database.forPharmacy(mine.pharmacyId, run))).toEqual(['access', 'from the worker'])
  expect(await actions((run) => database.forPharmacy(theirs.pharmacyId, run))).toEqual(['access'])
  expect(await actions(database.forNobody)).toEqual([])
})
