/**
 * Each hot statement, explained as the application role, names the index that it uses: with a million settled rows present, and with
 * statistics from an hour in which nothing waited, as they are when the first ones of a day come.
 */
import { PgDialect } from 'drizzle-orm/pg-core'
import type postgres from 'postgres'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { plannerSettings, type Tx } from '../../src/storage/database.ts'
import { lockControl } from '../../src/storage/destination-controls.ts'
import { claimDue, claimExpired, extendLeases, lookAhead, markSent, releaseClaims, settle } from '../../src/storage/queries.ts'
import { countOpenDeclarations } from '../../src/storage/queue-reading.ts'
import { countByPharmacy } from '../../src/storage/silences.ts'
import { connect, createTestDatabases, type TestDatabases } from '../support/database.ts'
import { oneEuro } from './harness.ts'

type Rows = { readonly settled: number; readonly parked: number; readonly queued: number; readonly leased: number }
type World = { readonly rows: Rows; readonly analysed: 'as they are' | 'before any waited' }

const worlds = {
  'a year old': { rows: { settled: 1_000_000, parked: 20_000, queued: 5_000, leased: 200 }, analysed: 'as they are' },
  'early in the morning': { rows: { settled: 60_000, parked: 0, queued: 5_000, leased: 200 }, analysed: 'before any waited' },
} as const satisfies Record<string, World>
type WorldName = keyof typeof worlds
const worldNames = Object.keys(worlds) as WorldName[]

const opened = new Map<WorldName, { readonly databases: TestDatabases; readonly app: postgres.Sql }>()

beforeAll(async () => {
  for (const name of worldNames) {
    const databases = await createTestDatabases(inject('postgresSuperUrl'))
    opened.set(name, { databases, app: connect(databases.appUrl) })
    await fill(databases.superUrl, worlds[name])
  }
}, 180_000)
afterAll(async () => {
  for (const { app, databases } of opened.values()) {
    await app.end()
    await databases.drop()
  }
})

/**
 * It is the rows that count here, not how they came: they are written into a bare table in one statement, without triggers,
 * and each index is built once, over all of them. Two unique keys that no hot statement looks up, and the rules of columns, are
 * left out.
 */
async function fill(superUrl: string, { rows, analysed }: World): Promise<void> {
  const { settled, parked, queued, leased } = rows
  const sql = connect(superUrl)
  const states = `case when i <= ${settled} then 'accepted' when i <= ${settled + parked} then 'parked'
    when i <= ${settled + parked + queued} then 'queued' else 'sent' end`
  const uuid = (prefix: string) => `('${prefix}' || lpad(to_hex(i), 31, '0'))::uuid`
  await sql.begin(async (tx) => {
    await tx.unsafe('set local session_replication_role = replica')
    await tx.unsafe("set local maintenance_work_mem = '128MB'")
    const indexes = await tx<{ name: string; definition: string }[]>`
      select indexname as name, indexdef as definition from pg_indexes
      where tablename = 'declarations' and indexname not in ('declarations_control_id_key', 'declarations_version_id_destination_key')`
    const constraints = await tx<{ name: string }[]>`
      select conname as name from pg_constraint where conrelid = 'declarations'::regclass and contype in ('c', 'p', 'u')`
    for (const { name } of constraints) await tx.unsafe(`alter table declarations drop constraint ${name} cascade`)
    for (const { name } of indexes) await tx.unsafe(`drop index if exists ${name}`)
    const add = (from: number, until: number) =>
      tx.unsafe(`insert into declarations (id, pharmacy_id, screening_id, version_id, version, destination, kind, state, control_id, code,
        settled_at, lease_until, claimed_by)
      select ${uuid('a')}, ('f' || lpad(to_hex(i % 300), 31, '0'))::uuid, ${uuid('b')}, ${uuid('c')}, 1, 'sidep', 'original', state,
        lpad(i::text, 20, '0'), case when state = 'parked' then 'answer-lost' end, case when state = 'accepted' then now() end,
        case when state = 'sent' then now() + interval '1 minute' end, case when state = 'sent' then 'w' end
      from (select i, ${states} as state from generate_series(${from}, ${until}) i) rows`)
    await add(1, settled + parked)
    if (analysed === 'as they are') await add(settled + parked + 1, settled + parked + queued + leased)
    for (const { definition } of indexes) await tx.unsafe(definition)
    if (analysed === 'before any waited') {
      await tx.unsafe('alter table declarations set (autovacuum_enabled = false)')
      await tx.unsafe('analyze declarations')
      await add(settled + parked + 1, settled + parked + queued + leased)
    }
    await tx.unsafe(`insert into attempts (declaration_id, epoch, pharmacy_id, worker, started_at, ended_at, outcome)
      select id, 1, pharmacy_id, 'w', now(), now(), 'accepted' from declarations where id < '${id(100_000)}'`)
    await tx.unsafe(`insert into destination_controls (destination) values ('sidep')`)
  })
  if (analysed === 'as they are') await sql.unsafe('vacuum analyze declarations')
  await sql.unsafe('vacuum analyze attempts')
  await sql.end()
}

type Node = { 'Node Type': string; 'Relation Name'?: string; 'Index Name'?: string; Plans?: Node[] }
type Planned = { readonly indexes: readonly string[]; readonly sequential: readonly string[] }

/**
 * Runs a query function against a transaction that only notes its statement, and explains that one: as planned for the values at
 * hand, or, as it is kept after a few runs, for any values.
 */
async function plan(world: WorldName, run: (tx: Tx) => Promise<unknown>, kept: boolean): Promise<Planned> {
  const app = opened.get(world)?.app
  if (!app) throw new Error('no such world')
  const noted: { sql: string; params: unknown[] }[] = []
  const dialect = new PgDialect()
  const noting = {
    execute: async (statement: Parameters<PgDialect['sqlToQuery']>[0]) => {
      noted.push(dialect.sqlToQuery(statement))
      return []
    },
  }
  await run(noting as unknown as Tx)
  const [statement] = noted
  if (!statement) throw new Error('no statement was run')
  const nodes = await app.begin(async (tx) => {
    await tx`select set_config('passerelle.scope', 'worker', true)`
    for (const [name, value] of Object.entries(plannerSettings)) await tx.unsafe(`set local ${name} = ${value}`)
    const rows = kept
      ? await tx.unsafe(`explain (format json, generic_plan) ${statement.sql}`).simple()
      : await tx.unsafe(`explain (format json) ${statement.sql}`, statement.params as never[])
    const [explained] = rows as unknown as { 'QUERY PLAN': { Plan: Node }[] }[]
    return nodesOf(explained?.['QUERY PLAN'][0]?.Plan)
  })
  return {
    indexes: [...new Set(nodes.flatMap((node) => node['Index Name'] ?? []))].sort(),
    sequential: nodes.filter((node) => node['Node Type'] === 'Seq Scan').map((node) => node['Relation Name'] ?? '?'),
  }
}

function nodesOf(node: Node | undefined): Node[] {
  return node ? [node, ...(node.Plans ?? []).flatMap(nodesOf)] : []
}

const id = (i: number) => `a0000000-0000-0000-0000-${i.toString(16).padStart(12, '0')}`
const held = Array.from({ length: 100 }, (_, i) => ({ id: id(1_025_001 + i), epoch: 0 }))
const nobody = '00000000-0000-0000-0000-000000000000'
const claim = { worker: 'w', leaseMs: 60_000, limit: 100 }

const cases: readonly { name: string; run: (tx: Tx) => Promise<unknown>; indexes: readonly string[] }[] = [
  {
    name: 'claiming due rows in turns',
    run: (tx) => claimDue(tx, { ...claim, destination: 'sidep', turnAfter: nobody }),
    indexes: ['declarations_by_screening', 'declarations_open', 'declarations_pkey', 'declarations_turns'],
  },
  {
    name: 'taking over expired leases',
    run: (tx) => claimExpired(tx, { ...claim, graceMs: 0 }),
    indexes: ['declarations_leases', 'declarations_pkey'],
  },
  {
    name: 'prolonging leases',
    run: (tx) => extendLeases(tx, held, 60_000),
    indexes: ['declarations_pkey'],
  },
  {
    name: 'marking as sent',
    run: (tx) =>
      markSent(
        tx,
        held.map((row) => ({ ...row, messageSha256: 'ab'.repeat(32) })),
        60_000,
      ),
    indexes: ['declarations_pkey'],
  },
  { name: 'giving claims back', run: (tx) => releaseClaims(tx, held), indexes: ['declarations_pkey'] },
  {
    name: 'settling a set',
    run: (tx) =>
      settle(
        tx,
        held.map((row) => ({
          ...row,
          attemptEpoch: row.epoch,
          outcome: 'accepted',
          settlement: { state: 'accepted', receipt: { reference: null, answerSha256: 'cd'.repeat(32) } },
          auditAction: 'declaration.settle',
          charge: oneEuro,
        })),
      ),
    indexes: ['attempts_pkey', 'charges_pkey', 'declarations_by_screening', 'declarations_pkey'],
  },
  {
    name: 'counting what is open',
    run: (tx) => countOpenDeclarations(tx),
    indexes: [
      'declarations_by_screening',
      'declarations_leases',
      'declarations_open',
      'declarations_parked',
      'declarations_turns',
    ],
  },
  {
    name: 'counting what is open by pharmacy',
    run: (tx) => countByPharmacy(tx),
    indexes: [
      'declarations_by_screening',
      'declarations_leases',
      'declarations_open',
      'declarations_parked',
      'declarations_rejected',
      'declarations_turns',
      'screenings_pkey',
    ],
  },
  { name: 'looking ahead', run: (tx) => lookAhead(tx, ['sidep', 'other']), indexes: ['declarations_next_due'] },
]

test.for(
  worldNames.flatMap((world) =>
    cases.flatMap((each) => [
      { ...each, world, plan: 'planned for its set', kept: false },
      { ...each, world, plan: 'planned once for all sets', kept: true },
    ]),
  ),
)(
  '$name, $world, $plan, reads no table from end to end, and uses indexes of open rows and keys alone',
  async ({ world, run, indexes, kept }) => {
    const planned = await plan(world, run, kept)
    expect(planned.sequential.filter((table) => table !== 'destination_controls')).toEqual([])
    expect(planned.indexes.length).toBeGreaterThan(0)
    expect(planned.indexes.filter((index) => !indexes.includes(index))).toEqual([])
  },
)

test("a destination's shared row is found by its key or in a table of a few rows, and is locked", async () => {
  expect(
    (await plan('a year old', (tx) => lockControl(tx, 'sidep'), false)).sequential.filter(
      (table) => table !== 'destination_controls',
    ),
  ).toEqual([])
})
