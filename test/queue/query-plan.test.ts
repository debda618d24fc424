/** Each hot statement, explained as the application role with a million settled rows present, names the index that it uses. */
import { PgDialect } from 'drizzle-orm/pg-core'
import type postgres from 'postgres'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { Tx } from '../../src/storage/database.ts'
import { lockControl } from '../../src/storage/destination-controls.ts'
import { claimDue, claimExpired, extendLeases, lookAhead, markSent, releaseClaims, settle } from '../../src/storage/queries.ts'
import { connect, createTestDatabases, type TestDatabases } from '../support/database.ts'
import { oneEuro } from './harness.ts'

const settledRows = 1_000_000
const parkedRows = 20_000
const queuedRows = 5_000
const leasedRows = 200

let databases: TestDatabases
let app: postgres.Sql

beforeAll(async () => {
  databases = await createTestDatabases(inject('postgresSuperUrl'))
  await fill(databases.superUrl)
  app = connect(databases.appUrl)
}, 180_000)
afterAll(async () => {
  await app.end()
  await databases.drop()
})

/**
 * It is the rows that count here, not how they came: they are written into a bare table in one statement, without triggers,
 * and each index is built once, over all of them. Two unique keys that no hot statement looks up, and the rules of columns, are
 * left out.
 */
async function fill(superUrl: string): Promise<void> {
  const sql = connect(superUrl)
  const states = `case when i <= ${settledRows} then 'accepted' when i <= ${settledRows + parkedRows} then 'parked'
    when i <= ${settledRows + parkedRows + queuedRows} then 'queued' else 'sent' end`
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
    await tx.unsafe(`insert into declarations (id, pharmacy_id, screening_id, version_id, version, destination, kind, state, control_id, code,
        settled_at, lease_until, claimed_by)
      select ${uuid('a')}, ('f' || lpad(to_hex(i % 300), 31, '0'))::uuid, ${uuid('b')}, ${uuid('c')}, 1, 'sidep', 'original', state,
        lpad(i::text, 20, '0'), case when state = 'parked' then 'answer-lost' end, case when state = 'accepted' then now() end,
        case when state = 'sent' then now() + interval '1 minute' end, case when state = 'sent' then 'w' end
      from (select i, ${states} as state from generate_series(1, ${settledRows + parkedRows + queuedRows + leasedRows}) i) rows`)
    for (const { definition } of indexes) await tx.unsafe(definition)
    await tx.unsafe(`insert into attempts (declaration_id, epoch, pharmacy_id, worker, started_at, ended_at, outcome)
      select id, 1, pharmacy_id, 'w', now(), now(), 'accepted' from declarations where id < '${id(100_000)}'`)
    await tx.unsafe(`insert into destination_controls (destination) values ('sidep')`)
  })
  await sql.unsafe('vacuum analyze declarations')
  await sql.unsafe('vacuum analyze attempts')
  await sql.end()
}

type Node = { 'Node Type': string; 'Relation Name'?: string; 'Index Name'?: string; Plans?: Node[] }
type Planned = { readonly indexes: readonly string[]; readonly sequential: readonly string[] }

/**
 * Runs a query function against a transaction that only notes its statement, and explains that one: as planned for the values at
 * hand, or, as it is kept after a few runs, for any values.
 */
async function plan(run: (tx: Tx) => Promise<unknown>, kept: boolean): Promise<Planned> {
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
const held = Array.from({ length: 100 }, (_, i) => ({ id: id(settledRows + parkedRows + queuedRows + 1 + i), epoch: 0 }))
const nobody = '00000000-0000-0000-0000-000000000000'
const claim = { worker: 'w', leaseMs: 60_000, limit: 100 }

const cases: readonly { name: string; run: (tx: Tx) => Promise<unknown>; indexes: readonly string[] }[] = [
  {
    name: 'claiming due rows in turns',
    run: (tx) => claimDue(tx, { ...claim, destination: 'sidep', turnAfter: nobody }),
    indexes: ['declarations_open', 'declarations_pkey', 'declarations_turns'],
  },
  {
    name: 'taking over expired leases',
    run: (tx) => claimExpired(tx, { ...claim, graceMs: 0 }),
    indexes: ['declarations_leased', 'declarations_pkey'],
  },
  {
    name: 'prolonging leases',
    run: (tx) => extendLeases(tx, held, 60_000),
    indexes: ['declarations_leased', 'declarations_pkey'],
  },
  {
    name: 'marking as sent',
    run: (tx) =>
      markSent(
        tx,
        held.map((row) => ({ ...row, messageSha256: 'ab'.repeat(32) })),
        60_000,
      ),
    indexes: ['declarations_leased', 'declarations_pkey'],
  },
  { name: 'giving claims back', run: (tx) => releaseClaims(tx, held), indexes: ['declarations_leased', 'declarations_pkey'] },
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
    indexes: ['attempts_pkey', 'charges_pkey', 'declarations_leased', 'declarations_open', 'declarations_pkey'],
  },
  { name: 'looking ahead', run: (tx) => lookAhead(tx, ['sidep', 'other']), indexes: ['declarations_due', 'declarations_turns'] },
]

test.for(
  cases.flatMap((each) => [
    { ...each, plan: 'planned for its set', kept: false },
    { ...each, plan: 'planned once for all sets', kept: true },
  ]),
)(
  '$name, $plan, reads no table from end to end, and uses indexes of open rows and keys alone',
  async ({ run, indexes, kept }) => {
    const planned = await plan(run, kept)
    expect(planned.sequential.filter((table) => table !== 'destination_controls')).toEqual([])
    expect(planned.indexes.length).toBeGreaterThan(0)
    expect(planned.indexes.filter((index) => !indexes.includes(index))).toEqual([])
  },
)

test("a destination's shared row is found by its key or in a table of a few rows, and is locked", async () => {
  expect(
    (await plan((tx) => lockControl(tx, 'sidep'), false)).sequential.filter((table) => table !== 'destination_controls'),
  ).toEqual([])
})
