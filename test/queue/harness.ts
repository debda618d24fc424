/** A queue to test against: a cloned PostgreSQL, rows to forward, a receiver with fault switches, workers that may die. */
import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type postgres from 'postgres'
import { afterAll, inject } from 'vitest'
import { controlIdFrom } from '../../src/domain/control-id.ts'
import type { DeclarationDocument } from '../../src/domain/declaration-document.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import type { ChargeTerms } from '../../src/domain/tariff.ts'
import type { OpenDeclaration, QueueDestination } from '../../src/queue/run-declaration.ts'
import { createWorker, type Worker, type WorkerDeps, type WorkerSettings } from '../../src/queue/worker.ts'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import type { Claim, Settled } from '../../src/storage/queries.ts'
import { connect, createTestDatabases, type TestDatabases } from '../support/database.ts'

export type Fault =
  | 'unreachable' // no connection: nothing left
  | 'busy' // answered "later"
  | 'refuse' // refused for good, with a place
  | 'refuse-for-now' // AR
  | 'lose-request' // bytes left, nothing arrived
  | 'lose-answer' // taken there, unseen here
  | 'hang' // taken there, the answer never comes; ends when we interrupt
  | 'hang-before-send' // stuck before the first byte; ends when we interrupt
  | 'throw' // a fault of ours

export type TestDestination = QueueDestination & {
  fault: (document: DeclarationDocument) => Fault | null
  retryAfterMs: number | undefined
  /** Every arrival, in order; an arrival twice is a second send. */
  readonly arrivals: { controlId: string; screeningId: string; version: number; at: number }[]
  /** What it took: with a promise to de-duplicate, each control id once. */
  readonly effects: string[]
  underWay: number
  underWayMax: number
  /** Called at each arrival, before the answer; awaited. */
  onArrival: (document: DeclarationDocument) => Promise<void> | void
}

/** Every test receiver is billed, so that each test of the queue is one of the money too. */
export const oneEuro: ChargeTerms = {
  prices: [{ tariffId: 'standard', amountCents: 100, from: null, until: null }],
  currency: 'EUR',
  refundOnCancellation: false,
  demonstration: false,
}

export function createTestDestination(settings: Partial<Omit<QueueDestination, 'deliver'>> = {}): TestDestination {
  const destination: TestDestination = {
    id: 'sidep',
    deduplicates: 'none',
    concurrencyMax: 8,
    retry: { baseMs: 1000, capMs: 60_000, attemptsMax: 5 },
    breaker: { failuresMax: 100, holdMs: 10_000, holdCapMs: 60_000 },
    pace: { perSecondMax: 10_000, rampFromPerSecond: 1, rampMs: 60_000 },
    chargeTermsOf: () => oneEuro,
    ...settings,
    fault: () => null,
    retryAfterMs: undefined,
    arrivals: [],
    effects: [],
    underWay: 0,
    underWayMax: 0,
    onArrival: () => undefined,
    deliver: async (document, options) => {
      const fault = destination.fault(document)
      if (fault === 'unreachable') return { class: 'transient', code: 'unreachable' }
      if (fault === 'throw') throw new Error('a fault of ours')
      if (fault === 'hang-before-send') {
        await aborted(options.signal)
        return { class: 'interrupted' }
      }
      if (!(await options.beforeSend('ab'.repeat(32)))) return { class: 'interrupted' }
      destination.underWay += 1
      destination.underWayMax = Math.max(destination.underWayMax, destination.underWay)
      try {
        return await answer(destination, document, { fault, signal: options.signal })
      } finally {
        destination.underWay -= 1
      }
    },
  }
  return destination
}

async function answer(
  destination: TestDestination,
  document: DeclarationDocument,
  how: { fault: Fault | null; signal: AbortSignal },
): Promise<Outcome> {
  const { controlId, screeningId, version } = document
  if (how.fault !== 'lose-request') {
    destination.arrivals.push({ controlId, screeningId, version, at: performance.now() })
    await destination.onArrival(document)
  }
  const take = () => {
    if (destination.deduplicates === 'none' || !destination.effects.includes(controlId)) destination.effects.push(controlId)
  }
  switch (how.fault) {
    case 'busy':
      return { class: 'transient', code: 'busy', retryAfterMs: destination.retryAfterMs }
    case 'refuse-for-now':
      return { class: 'transient', code: 'refused-for-now' }
    case 'refuse':
      return { class: 'permanent', code: 'required-field-missing', location: 'PID-3' }
    case 'lose-request':
      return { class: 'ambiguous', code: 'answer-lost' }
    case 'lose-answer':
      take()
      return { class: 'ambiguous', code: 'answer-lost' }
    case 'hang':
      take()
      await aborted(how.signal)
      return { class: 'ambiguous', code: 'answer-lost' }
    default:
      take()
      return { class: 'accepted', receipt: { reference: `R-${controlId}`, answerSha256: 'cd'.repeat(32) } }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done()
    else signal.addEventListener('abort', () => done(), { once: true })
  })
}

export type DeclarationState = { [column: string]: unknown; id: string; state: string; code: string | null; control_id: string }
type NewDeclaration = {
  destination?: string
  pharmacyId?: string
  screeningId?: string
  version?: number
  kind?: 'original' | 'replacement' | 'cancellation'
}

export type TestEvents = { settled: Settled[]; leaseLost: Claim[]; failed: string[]; causes: unknown[] }
type WorkerOptions = {
  destinations?: readonly QueueDestination[]
  settings?: Partial<WorkerSettings>
  deps?: Partial<WorkerDeps>
}

export type TestQueue = {
  readonly database: Database
  readonly databases: TestDatabases
  /** As superuser: past row-level security, to arrange and to look. */
  readonly sql: postgres.Sql
  readonly events: TestEvents
  readonly pharmacyId: string
  addPharmacy(): Promise<string>
  addDeclaration(input?: NewDeclaration): Promise<{ id: string; screeningId: string; controlId: string }>
  addDeclarations(count: number, input?: NewDeclaration): Promise<string[]>
  row(id: string): Promise<DeclarationState>
  attempts(id: string): Promise<DeclarationState[]>
  count(table: 'receipts' | 'charges' | 'attempts' | 'declarations', where?: string): Promise<number>
  audit(id: string): Promise<{ action: string; code: string | null; details: Record<string, unknown> }[]>
  /** Time, moved by moving the rows: the queue's clock is PostgreSQL's. */
  makeDue(): Promise<void>
  expireLeases(): Promise<void>
  worker(destination: QueueDestination, options?: WorkerOptions): Worker
  checkInvariants(): Promise<void>
}

const leaseMs = 60_000

let ofThisFile: Promise<TestDatabases> | null = null
afterAll(async () => (await ofThisFile)?.drop())

/** One clone a test file, emptied before each test; a restart test brings the URL of a server of its own. */
export async function withQueue(run: (queue: TestQueue) => Promise<void>, ownServerUrl?: string): Promise<void> {
  ofThisFile ??= ownServerUrl ? null : createTestDatabases(inject('postgresSuperUrl'))
  const databases = await (ownServerUrl
    ? createTestDatabases(ownServerUrl)
    : (ofThisFile ?? Promise.reject(new Error('no database'))))
  const database = openDatabase(databases.appUrl)
  const sql = connect(databases.superUrl)
  const workers: Worker[] = []
  try {
    await sql.begin(async (tx) => {
      // What keeps issued statements from being emptied stands aside: here they are never issued.
      await tx.unsafe('set local session_replication_role = replica')
      await tx.unsafe(
        `truncate pharmacies, professionals, screenings, declarations, claimed_sets, attempts, receipts, audit_events, destination_controls, periodic_jobs, silence_alarms cascade`,
      )
    })
    await run(await openQueue({ databases, database, sql, workers }))
  } finally {
    await Promise.all(workers.map((worker) => worker.stop(0)))
    await database.close()
    await sql.end()
    if (ownServerUrl) await databases.drop()
  }
}

async function openQueue(opened: {
  databases: TestDatabases
  database: Database
  sql: postgres.Sql
  workers: Worker[]
}): Promise<TestQueue> {
  const { databases, database, sql, workers } = opened
  const events: TestEvents = { settled: [], leaseLost: [], failed: [], causes: [] }
  const professionalId = randomUUID()
  await sql`insert into professionals values (${professionalId}, '10000000004', 'sub', 'Martin', 'Ada', now(), now())`
  let pharmacyCount = 0
  const addPharmacy = async () => {
    const id = randomUUID()
    pharmacyCount += 1
    await sql`insert into pharmacies values (${id}, ${String(750_000_000 + pharmacyCount)}, 'Officine', now())`
    return id
  }
  const pharmacyId = await addPharmacy()

  const addDeclaration = async (input: NewDeclaration = {}) => {
    const screeningId = input.screeningId ?? randomUUID()
    const version = input.version ?? 1
    const pharmacy = input.pharmacyId ?? pharmacyId
    const id = randomUUID()
    const controlId = controlIdFrom(randomBytes(20))
    const kind = input.kind ?? (version === 1 ? 'original' : 'replacement')
    await sql.begin(async (tx) => {
      const [version_] = await tx`select version_id from screenings where screening_id = ${screeningId} and version = ${version}`
      const versionId = version_?.version_id ?? randomUUID()
      if (!version_) {
        await tx`insert into screenings (version_id, screening_id, pharmacy_id, version, status, key_ref, patient, act, drafted_by, signed_by,
          signed_role, captured_at, signed_at) values (${versionId}, ${screeningId}, ${pharmacy}, ${version}, 'signed', ${randomUUID()}, '\\x00',
          '\\x00', ${professionalId}, ${professionalId}, 'titular', now(), now())`
      }
      await tx`insert into declarations (id, pharmacy_id, screening_id, version_id, version, destination, kind, replaces_version, state, control_id)
        values (${id}, ${pharmacy}, ${screeningId}, ${versionId}, ${version}, ${input.destination ?? 'sidep'}, ${kind}, ${kind === 'original' ? null : version - 1},
          'queued', ${controlId})`
      await tx`select pg_notify('declarations_due', '')`
    })
    return { id, screeningId, controlId }
  }

  return {
    database,
    databases,
    sql,
    events,
    pharmacyId,
    addPharmacy,
    addDeclaration,
    addDeclarations: async (count, input = {}) => {
      const ids: string[] = []
      for (let index = 0; index < count; index++) ids.push((await addDeclaration(input)).id)
      return ids
    },
    row: async (id) => {
      const [row] = await sql<DeclarationState[]>`select * from declarations where id = ${id}`
      if (!row) throw new Error('no such declaration')
      return row
    },
    attempts: (id) => sql<DeclarationState[]>`select * from attempts where declaration_id = ${id} order by epoch`,
    count: async (table, where = 'true') => Number((await sql.unsafe(`select count(*) from ${table} where ${where}`))[0]?.count),
    audit: (id) => sql`select action, code, details from audit_events where object_id = ${id} order by seq`,
    makeDue: async () => {
      await sql`update declarations set due_at = now() - interval '1 ms' where state = 'queued'`
    },
    expireLeases: async () => {
      await sql`update declarations set lease_until = now() - interval '1 hour' where lease_until is not null`
      await sql`update claimed_sets set leased_until = now() - interval '1 hour'`
    },
    worker: (destination, options = {}) => {
      const worker = createWorker(
        {
          database,
          destinations: options.destinations ?? [destination],
          openForSending: openAll,
          random: () => 0.5,
          wait: waitUntil,
          events: recordIn(events),
          ...options.deps,
        },
        { name: `worker-${workers.length + 1}`, leaseMs, batchSize: 50, pollMs: 60_000, rescueGraceMs: 0, ...options.settings },
      )
      workers.push(worker)
      return worker
    },
    checkInvariants: () => checkInvariants(sql),
  }
}

export function recordIn(events: TestEvents): WorkerDeps['events'] {
  return {
    settled: (_claim, settled) => void events.settled.push(settled),
    leaseLost: (claim) => void events.leaseLost.push(claim),
    failed: (step, cause) => {
      events.failed.push(step)
      events.causes.push(cause)
    },
  }
}

/** What the queue reads of a document is its ids; the rest is the formats' business. */
export const openAll: WorkerDeps['openForSending'] = async (claims) =>
  new Map(claims.map((claim): [string, OpenDeclaration] => [claim.id, () => ({ document: documentOf(claim) })]))

function documentOf(claim: Claim): DeclarationDocument {
  const { id: declarationId, controlId, screeningId, version, kind } = claim
  return { declarationId, controlId, screeningId, version, kind } as DeclarationDocument
}

export async function waitUntil(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined)
}

/** Polls a condition, bounded: for what another process or connection brings about. */
export async function eventually(what: string, holds: () => Promise<boolean> | boolean, timeoutMs = 10_000): Promise<void> {
  const until = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > until) throw new Error(`never came: ${what}`)
    await sleep(10)
  }
}

/** What holds between any two statements, whatever died: each query lists the rows that break it. */
const invariants: Record<string, string> = {
  'a receipt exists exactly for what was accepted': `select d.id from declarations d full join receipts r on r.declaration_id = d.id
    where (d.state = 'accepted') is distinct from (r.declaration_id is not null)`,
  'a receipt names the control id that was sent': `select d.id from declarations d join receipts r on r.declaration_id = d.id where r.control_id <> d.control_id`,
  'what is settled says when': `select id from declarations where (state in ('accepted', 'rejected', 'received')) <> (settled_at is not null)`,
  'what was refused or parked says why': `select id from declarations where state in ('rejected', 'parked') and code is null`,
  'what was sent has an attempt under its epoch': `select d.id from declarations d where state = 'sent'
    and not exists (select from attempts a where a.declaration_id = d.id and a.message_sha256 is not null)`,
  'what is settled has its attempt and its trace': `select d.id from declarations d where state in ('accepted', 'rejected')
    and (not exists (select from attempts a where a.declaration_id = d.id and a.outcome in ('accepted', 'permanent'))
      or not exists (select from audit_events e where e.object_id = d.id and e.details ->> 'state' = d.state))`,
  'one accepted attempt a declaration': `select declaration_id from attempts where outcome = 'accepted' group by 1 having count(*) > 1`,
  'nothing of a screening is under way before what it corrects has ended': `select later.id from declarations later join declarations earlier
    on earlier.screening_id = later.screening_id and earlier.destination = later.destination and earlier.version < later.version
    where later.state in ('claimed', 'sent', 'accepted') and earlier.state in ('queued', 'claimed', 'sent', 'parked')`,
  'a screening is charged once, with its first accepted original, and no other is': `select o.screening_id, c.screening_id
    from (select distinct d.screening_id from declarations d join receipts r on r.declaration_id = d.id where d.kind = 'original') o
    full join charges c on c.screening_id = o.screening_id and c.kind = 'charge' where o.screening_id is null or c.screening_id is null`,
  'a set names what is held, and is looked at before its lease runs out': `select d.id from declarations d where d.state in ('claimed', 'sent')
    and not exists (select from claimed_sets s where d.id = any(s.declaration_ids) and s.leased_until <= d.lease_until)`,
  'an epoch never lies behind an attempt': `select d.id from declarations d join attempts a on a.declaration_id = d.id where a.epoch > d.epoch`,
}

async function checkInvariants(sql: postgres.Sql): Promise<void> {
  for (const [promise, query] of Object.entries(invariants)) {
    const broken = await sql.unsafe(query)
    if (broken.length > 0) throw new Error(`broken for ${broken.length} rows: ${promise}`)
  }
}
