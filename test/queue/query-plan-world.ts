/** Databases as full as those of a house, and how PostgreSQL would run a statement there as the application role. */
import { PgDialect } from 'drizzle-orm/pg-core'
import type postgres from 'postgres'
import { plannerSettings, type Tx } from '../../src/storage/database.ts'
import { connect, createTestDatabases, type TestDatabases } from '../support/database.ts'

export type PlanWorld = {
  readonly rows: {
    readonly settled: number
    readonly parked: number
    readonly queued: number
    readonly leased: number
    /** Of the oldest declarations; one in a hundred and fifty of these is refused. */
    readonly screenings: number
    readonly attempts: number
  }
  readonly analysed: 'as they are' | 'before any waited'
}

export type OpenedWorld = { readonly databases: TestDatabases; readonly app: postgres.Sql; close(): Promise<void> }

export async function openPlanWorld(superUrl: string, world: PlanWorld): Promise<OpenedWorld> {
  const databases = await createTestDatabases(superUrl)
  const app = connect(databases.appUrl)
  await fill(databases.superUrl, world)
  return {
    databases,
    app,
    close: async () => {
      await app.end()
      await databases.drop()
    },
  }
}

const idOf = (prefix: string, i: number) => `${prefix}0000000-0000-0000-0000-${i.toString(16).padStart(12, '0')}`
/** Ids of the rows by their number, in the order in which they were written. */
export const declarationId = (i: number) => idOf('a', i)
export const versionId = (i: number) => idOf('c', i)
export const pharmacyId = (i: number) => idOf('f', i)
export const batchId = idOf('e', 0)
const pharmacyCount = 300
const idIn = (prefix: string, number = 'i') => `('${prefix}' || lpad(to_hex(${number}), 31, '0'))::uuid`

/**
 * It is the rows that count here, not how they came: they are written into bare tables in one statement, without triggers,
 * and each index is built once, over all of them. A unique key that no hot statement looks up, and the rules of columns, are
 * left out.
 */
async function fill(superUrl: string, { rows, analysed }: PlanWorld): Promise<void> {
  const { settled, parked, queued, leased } = rows
  const sql = connect(superUrl)
  const early = analysed === 'before any waited'
  await sql.begin(async (tx) => {
    await tx.unsafe('set local session_replication_role = replica')
    await tx.unsafe("set local maintenance_work_mem = '128MB'")
    const dress = await bare(tx, ['declarations', 'screenings', 'attempts'])
    await addPeople(tx)
    await addDeclarations(tx, rows, [1, settled + parked])
    if (!early) await addDeclarations(tx, rows, [settled + parked + 1, settled + parked + queued + leased])
    await addScreenings(tx, rows.screenings)
    await dress()
    await tx.unsafe(`insert into attempts (declaration_id, epoch, pharmacy_id, worker, started_at, ended_at, outcome, message_sha256)
      select id, 1, pharmacy_id, 'w', now(), now(), case when state = 'parked' then 'ambiguous' else 'accepted' end, repeat('ab', 32)
      from declarations where id <= '${declarationId(rows.attempts)}' or state = 'parked'`)
    if (early) {
      await tx.unsafe('alter table declarations set (autovacuum_enabled = false)')
      await tx.unsafe('analyze declarations')
      await addDeclarations(tx, rows, [settled + parked + 1, settled + parked + queued + leased])
    }
    await tx.unsafe(`insert into destination_controls (destination) values ('sidep')`)
    await addRetries(tx)
  })
  if (!early) await sql.unsafe('vacuum analyze declarations')
  for (const table of ['attempts', 'screenings', 'pharmacies', 'professionals', 'retry_batches', 'retry_batch_items'])
    await sql.unsafe(`vacuum analyze ${table}`)
  await sql.end()
}

/** Takes indexes and rules from the tables; answers what puts the indexes back. */
async function bare(tx: postgres.TransactionSql, tables: readonly string[]): Promise<() => Promise<void>> {
  const indexes = await tx<{ name: string; definition: string }[]>`
    select indexname as name, indexdef as definition from pg_indexes
    where tablename in ${tx(tables)} and indexname not in ('declarations_control_id_key')`
  const constraints = await tx<{ name: string; table: string }[]>`
    select conname as name, conrelid::regclass::text as table from pg_constraint
    where conrelid::regclass::text in ${tx(tables)} and contype in ('c', 'p', 'u')`
  for (const { name, table } of constraints) await tx.unsafe(`alter table ${table} drop constraint ${name} cascade`)
  for (const { name } of indexes) await tx.unsafe(`drop index if exists ${name}`)
  return async () => {
    for (const { definition } of indexes) await tx.unsafe(definition)
  }
}

async function addPeople(tx: postgres.TransactionSql): Promise<void> {
  await tx.unsafe(`insert into professionals values ('${idOf('d', 0)}', '10000000004', 'sub', 'Martin', 'Ada', now(), now())`)
  await tx.unsafe(`insert into pharmacies select ${idIn('f')}, (750000000 + i)::text, 'Officine', now()
    from generate_series(0, ${pharmacyCount - 1}) i`)
}

async function addDeclarations(
  tx: postgres.TransactionSql,
  { settled, screenings, parked, queued }: PlanWorld['rows'],
  [from, until]: readonly [number, number],
): Promise<void> {
  const states = `case when i <= ${screenings} and i % 150 = 0 then 'rejected' when i <= ${settled} then 'accepted' when i <= ${settled + parked} then 'parked'
    when i <= ${settled + parked + queued} then 'queued' else 'sent' end`
  await tx.unsafe(`insert into declarations (id, pharmacy_id, screening_id, version_id, version, destination, kind, state, control_id, code,
      settled_at, lease_until, claimed_by)
    select ${idIn('a')}, ${idIn('f', `i % ${pharmacyCount}`)}, ${idIn('b')}, ${idIn('c')}, 1, 'sidep', 'original', state,
      lpad(i::text, 20, '0'), case state when 'parked' then 'answer-lost' when 'rejected' then 'table-value' end,
      case when state in ('accepted', 'rejected') then now() - interval '100 days' end,
      case when state = 'sent' then now() + interval '1 minute' end, case when state = 'sent' then 'w' end
    from (select i, ${states} as state from generate_series(${from}, ${until}) i) rows`)
}

/** Of a year, evenly: a quarter within the retention, the others past it. */
async function addScreenings(tx: postgres.TransactionSql, count: number): Promise<void> {
  const someone = `'${idOf('d', 0)}'`
  await tx.unsafe(`insert into screenings (version_id, screening_id, pharmacy_id, version, status, key_ref, patient, act, drafted_by, signed_by,
      signed_role, captured_at, signed_at)
    select ${idIn('c')}, ${idIn('b')}, ${idIn('f', `i % ${pharmacyCount}`)}, 1, 'signed', gen_random_uuid(), '\\x00', '\\x00', ${someone}, ${someone},
      'titular', at, at
    from (select i, now() - (1 - i::float8 / ${count}) * interval '365 days' as at from generate_series(1, ${count}) i) rows`)
}

/** Many that have ended, and one that runs, with most of it released. */
async function addRetries(tx: postgres.TransactionSql): Promise<void> {
  await tx.unsafe(`insert into retry_batches (id, operator, requested_at, filter, per_second, state, needs_approval, chosen, ended_at)
    select ${idIn('e')}, 'ada', now() - i * interval '1 minute', '{}', 10, case when i = 0 then 'running' else 'done' end, false, 20000,
      case when i > 0 then now() end
    from generate_series(0, 5000) i`)
  await tx.unsafe(`insert into retry_batch_items (batch_id, declaration_id, pharmacy_id, epoch, outcome)
    select '${batchId}', ${idIn('a')}, ${idIn('f', `i % ${pharmacyCount}`)}, 1, case when i > 500 then 'released' end
    from generate_series(1, 20000) i`)
}

type Node = { 'Node Type': string; 'Relation Name'?: string; 'Index Name'?: string; Plans?: Node[] }
export type Planned = { readonly indexes: readonly string[]; readonly sequential: readonly string[] }

/**
 * Runs a query function against a transaction that only notes its statements, and explains each: as planned for the values at
 * hand, or, as it is kept after a few runs, for any values.
 */
export async function planOf(
  { app }: OpenedWorld,
  run: (tx: Tx) => Promise<unknown>,
  { kept }: { readonly kept: boolean },
): Promise<Planned> {
  const noted: { sql: string; params: unknown[] }[] = []
  const dialect = new PgDialect()
  const noting = {
    execute: async (statement: Parameters<PgDialect['sqlToQuery']>[0]) => {
      noted.push(dialect.sqlToQuery(statement))
      return []
    },
  }
  await run(noting as unknown as Tx)
  if (noted.length === 0) throw new Error('no statement was run')
  const nodes = await app.begin(async (tx) => {
    await tx`select set_config('passerelle.scope', 'worker', true)`
    for (const [name, value] of Object.entries(plannerSettings)) await tx.unsafe(`set local ${name} = ${value}`)
    const found: Node[] = []
    for (const statement of noted) {
      const rows = kept
        ? await tx.unsafe(`explain (format json, generic_plan) ${statement.sql}`).simple()
        : await tx.unsafe(`explain (format json) ${statement.sql}`, statement.params as never[])
      const [explained] = rows as unknown as { 'QUERY PLAN': { Plan: Node }[] }[]
      found.push(...nodesOf(explained?.['QUERY PLAN'][0]?.Plan))
    }
    return found
  })
  return {
    indexes: [...new Set(nodes.flatMap((node) => node['Index Name'] ?? []))].sort(),
    sequential: nodes.filter((node) => node['Node Type'] === 'Seq Scan').map((node) => node['Relation Name'] ?? '?'),
  }
}

function nodesOf(node: Node | undefined): Node[] {
  return node ? [node, ...(node.Plans ?? []).flatMap(nodesOf)] : []
}
