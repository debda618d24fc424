/** Benchmarks of the forwarding queue: due rows → HTTP on loopback → settled with attempt, receipt and audit event. Ratios within one run. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type postgres from 'postgres'
import { Pool } from 'undici'
import type { DeclarationDocument } from '../../src/domain/declaration-document.ts'
import type { OpenedDeclaration, QueueDestination } from '../../src/queue/run-declaration.ts'
import { createWorker } from '../../src/queue/worker.ts'
import { openDatabase } from '../../src/storage/database.ts'
import { buildTemplates, connect, createTestDatabases, type TestDatabases } from '../support/database.ts'
import { startPostgresServer } from '../support/postgres-server.ts'

export type BenchResult = {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly ratio?: number
  readonly against?: string
}
export type Bench = { readonly name: string; run(): Promise<{ results: BenchResult[] }> }

const inFlight = 64
const declarations = 6_000
/** Fewer for a quick look; the promise is about a million. */
const settledRows = Number(process.env['BENCH_SETTLED_ROWS'] ?? 1_000_000)
const parkedRows = settledRows / 10
const message = 'M'.repeat(2048)

export const benches: readonly Bench[] = [
  {
    name: 'forwarding',
    run: () =>
      withWorld(async (world) => {
        const raw = await rawHttp(world.url)
        await addRows(world.sql, { state: 'queued', count: declarations })
        const empty = await drain(world, declarations)
        const memoryMiB = process.memoryUsage().rss / 2 ** 20
        await addRows(world.sql, { state: 'accepted', count: settledRows })
        await addRows(world.sql, { state: 'parked', count: parkedRows })
        await world.sql.unsafe('vacuum analyze declarations')
        await addRows(world.sql, { state: 'queued', count: declarations })
        const full = await drain(world, declarations)
        return {
          results: [
            { name: 'raw HTTP, same client and receiver', value: raw, unit: '/s' },
            { name: 'forwarded and settled', value: empty, unit: '/s', ratio: empty / raw, against: 'raw HTTP' },
            {
              name: `the same beside ${settledRows} settled and ${parkedRows} parked`,
              value: full,
              unit: '/s',
              ratio: full / empty,
              against: 'empty tables',
            },
            { name: 'memory of the process, receiver and bench included', value: memoryMiB, unit: 'MiB' },
          ],
        }
      }),
  },
]

type World = { readonly databases: TestDatabases; readonly sql: postgres.Sql; readonly url: string }

async function withWorld<Value>(run: (world: World) => Promise<Value>): Promise<Value> {
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-bench-queue-'))
  // Durable, as in production: an fsync a commit.
  const server = await startPostgresServer({ folder, settings: ['shared_buffers=256MB', 'max_wal_size=4GB'] })
  const http = createServer((request, answer) => {
    request.resume().on('end', () => answer.end('AA'))
  })
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done))
  const address = http.address()
  try {
    await buildTemplates(server.superUrl('postgres'))
    const databases = await createTestDatabases(server.superUrl('postgres'))
    const sql = connect(databases.superUrl)
    const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
    const value = await run({ databases, sql, url })
    await sql.end()
    return value
  } finally {
    http.close()
    http.closeAllConnections()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function post(pool: Pool, controlId: string): Promise<string> {
  const answer = await pool.request({ method: 'POST', path: '/', headers: { 'x-control-id': controlId }, body: message })
  return answer.body.text()
}

async function rawHttp(url: string): Promise<number> {
  const pool = new Pool(url, { connections: inFlight })
  const startedAt = performance.now()
  let left = declarations
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (left-- > 0) await post(pool, 'C')
    }),
  )
  const perSecond = declarations / ((performance.now() - startedAt) / 1000)
  await pool.close()
  return perSecond
}

/** Rows as capture leaves them, over 300 pharmacies; settled ones without their foreign keys, which nothing here reads. */
async function addRows(sql: postgres.Sql, rows: { state: 'queued' | 'accepted' | 'parked'; count: number }): Promise<void> {
  const { state, count } = rows
  await sql.begin(async (tx) => {
    await tx.unsafe(`insert into pharmacies select ('f' || lpad(to_hex(i), 31, '0'))::uuid, (750000000 + i)::text, 'Officine', now()
      from generate_series(0, 299) i on conflict do nothing`)
    await tx.unsafe('set local session_replication_role = replica')
    await tx.unsafe(`insert into declarations (id, pharmacy_id, screening_id, version_id, version, destination, kind, state, control_id, code, settled_at)
      select gen_random_uuid(), ('f' || lpad(to_hex(i % 300), 31, '0'))::uuid, gen_random_uuid(), gen_random_uuid(), 1, 'sidep', 'original',
        '${state}', upper(substr(replace(gen_random_uuid()::text, '-', ''), 1, 20)),
        ${state === 'parked' ? "'answer-lost'" : 'null'}, ${state === 'accepted' ? 'now()' : 'null'}
      from generate_series(1, ${count}) i`)
  })
}

async function drain(world: World, count: number): Promise<number> {
  const database = openDatabase(world.databases.appUrl)
  const pool = new Pool(world.url, { connections: inFlight })
  const destination: QueueDestination = {
    id: 'sidep',
    deduplicates: 'none',
    concurrencyMax: inFlight,
    retry: { baseMs: 1000, capMs: 60_000, attemptsMax: 5 },
    breaker: { failuresMax: 100, holdMs: 1000, holdCapMs: 1000 },
    pace: { perSecondMax: 100_000, rampFromPerSecond: 1, rampMs: 0 },
    // A charge each, as production writes it.
    chargeTermsOf: () => ({
      prices: [{ tariffId: 'standard', amountCents: 100, from: null, until: null }],
      currency: 'EUR',
      refundOnCancellation: false,
      demonstration: false,
    }),
    deliver: async (document, options) => {
      if (!(await options.beforeSend('ab'.repeat(32)))) return { class: 'interrupted' }
      await post(pool, document.controlId)
      return { class: 'accepted', receipt: { reference: null, answerSha256: 'cd'.repeat(32) } }
    },
  }
  let settled = 0
  let allSettled: () => void = () => undefined
  const done = new Promise<void>((resume) => {
    allSettled = resume
  })
  const worker = createWorker(
    {
      database,
      destinations: [destination],
      openForSending: async (claims) =>
        new Map(
          claims.map((claim): [string, OpenedDeclaration] => [
            claim.id,
            { document: { controlId: claim.controlId } as DeclarationDocument },
          ]),
        ),
      random: Math.random,
      wait: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
      events: {
        settled: () => {
          settled += 1
          if (settled === count) allSettled()
        },
        leaseLost: () => undefined,
        failed: (step, cause) => console.error(step, cause),
      },
    },
    { name: `bench-${randomUUID()}`, leaseMs: 60_000, batchSize: 200, pollMs: 1000 },
  )
  const startedAt = performance.now()
  await worker.start()
  await done
  const perSecond = count / ((performance.now() - startedAt) / 1000)
  await worker.stop(1000)
  await pool.close()
  await database.close()
  return perSecond
}

if (import.meta.main) for (const bench of benches) console.table((await bench.run()).results)
