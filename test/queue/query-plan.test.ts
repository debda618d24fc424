/**
 * Each hot statement, and each that comes round or that a page waits for, explained as the application role, names the indexes that it
 * uses: with a million settled rows present, and with statistics from an hour in which nothing waited, as they are when the first ones of a day come.
 */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { anyStopped } from '../../src/domain/stopped.ts'
import { openDatabase, type Tx } from '../../src/storage/database.ts'
import { type ControlRow, lockControl, saveControl } from '../../src/storage/destination-controls.ts'
import { dropPayloads, type PayloadPlace, type PayloadsLeft } from '../../src/storage/housekeeping.ts'
import {
  claimDue,
  claimExpired,
  extendLeases,
  listVersionsForSending,
  lookAhead,
  markSent,
  releaseClaims,
  settle,
} from '../../src/storage/queries.ts'
import { countOpenDeclarations } from '../../src/storage/queue-reading.ts'
import { listWaitingItems, lockRunningBatch, settleItems } from '../../src/storage/retry-batches.ts'
import { countByPharmacy, listQuietPharmacies } from '../../src/storage/silences.ts'
import {
  chosenBy,
  countStopped,
  listDoubtfulDigests,
  listStopped,
  lockStopped,
  requeueStopped,
} from '../../src/storage/stopped.ts'
import { oneEuro } from './harness.ts'
import {
  batchId,
  declarationId as id,
  type OpenedWorld,
  openPlanWorld,
  type PlanWorld,
  pharmacyId,
  planOf,
  versionId,
} from './query-plan-world.ts'

const open = { queued: 5_000, leased: 200 }
const worlds = {
  'a year old': {
    rows: { settled: 1_000_000, parked: 20_000, ...open, screenings: 300_000, attempts: 200_000 },
    analysed: 'as they are',
  },
  'early in the morning': {
    rows: { settled: 60_000, parked: 0, ...open, screenings: 60_000, attempts: 60_000 },
    analysed: 'before any waited',
  },
} as const satisfies Record<string, PlanWorld>
type WorldName = keyof typeof worlds
const worldNames = Object.keys(worlds) as WorldName[]

const opened = new Map<WorldName, OpenedWorld>()
const theWorld = (name: WorldName): OpenedWorld => {
  const world = opened.get(name)
  if (!world) throw new Error('no such world')
  return world
}

beforeAll(async () => {
  for (const name of worldNames) opened.set(name, await openPlanWorld(inject('postgresSuperUrl'), worlds[name]))
}, 180_000)
afterAll(async () => {
  for (const world of opened.values()) await world.close()
})

const held = Array.from({ length: 100 }, (_, i) => ({ id: id(1_025_001 + i), epoch: 0 }))
const nobody = '00000000-0000-0000-0000-000000000000'
const ofOne = { ...anyStopped, pharmacyId: pharmacyId(5) }
const ofStopped = ['attempts_pkey', 'declarations_parked', 'declarations_rejected', 'screenings_pkey']
const page = { limit: 50, offset: 0 }
const claim = { worker: 'w', leaseMs: 60_000, limit: 100 }

type Case = {
  readonly name: string
  readonly run: (tx: Tx) => Promise<unknown>
  readonly indexes: readonly string[]
  /** Asked once in a while, and never kept parsed: how it would be planned for any values is how it never is. */
  readonly plannedEachTime?: boolean
}

const cases: readonly Case[] = [
  {
    name: 'claiming due rows in turns',
    run: (tx) => claimDue(tx, { ...claim, destination: 'sidep', turnAfter: nobody, endedSets: [7] }),
    indexes: [
      'claimed_sets_pkey',
      'declarations_pkey',
      'declarations_screening_id_destination_version_key',
      'declarations_turns',
    ],
  },
  {
    name: 'taking over expired leases',
    run: (tx) => claimExpired(tx, { ...claim, graceMs: 0 }),
    indexes: ['claimed_sets_leased', 'claimed_sets_pkey', 'declarations_pkey'],
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
    indexes: ['attempts_pkey', 'charges_pkey', 'declarations_pkey', 'declarations_screening_id_destination_version_key'],
  },
  {
    name: 'counting what is open',
    run: (tx) => countOpenDeclarations(tx),
    indexes: ['declarations_screening_id_destination_version_key', 'declarations_parked', 'declarations_turns'],
  },
  {
    name: 'counting what is open by pharmacy',
    run: (tx) => countByPharmacy(tx),
    indexes: [
      'declarations_screening_id_destination_version_key',
      'declarations_parked',
      'declarations_rejected',
      'declarations_turns',
      'screenings_pkey',
    ],
  },
  { name: 'looking ahead', run: (tx) => lookAhead(tx, ['sidep', 'other']), indexes: ['declarations_next_due'] },
  {
    name: 'reading the versions to send',
    run: (tx) =>
      listVersionsForSending(
        tx,
        held.map((_, i) => versionId(i + 1)),
      ),
    indexes: ['professionals_pkey', 'screenings_pkey'],
  },
  {
    name: 'reading what was sent in doubt',
    run: (tx) => listDoubtfulDigests(tx, id(1_000_001)),
    indexes: ['attempts_pkey'],
  },
  {
    name: 'finding quiet pharmacies',
    run: (tx) => listQuietPharmacies(tx, { hours: 3, capturesMin: 5 }),
    indexes: ['pharmacies_pkey', 'screenings_by_day'],
  },
  { name: 'counting what has stopped', run: (tx) => countStopped(tx, anyStopped, { safe: [] }), indexes: ofStopped },
  { name: "counting a pharmacy's own that has stopped", run: (tx) => countStopped(tx, ofOne, { safe: [] }), indexes: ofStopped },
  { name: 'listing what has stopped', run: (tx) => listStopped(tx, anyStopped, page), indexes: ofStopped },
  { name: "listing a pharmacy's own that has stopped", run: (tx) => listStopped(tx, ofOne, page), indexes: ofStopped },
  {
    name: 'locking what has stopped',
    run: (tx) =>
      lockStopped(
        tx,
        held.map((row) => ({ id: row.id, epoch: null })),
      ),
    indexes: ['attempts_pkey', 'declarations_pkey', 'screenings_pkey'],
  },
  {
    name: 'queueing it again',
    run: (tx) =>
      requeueStopped(
        tx,
        held.map((row) => ({ id: row.id, controlId: '0'.repeat(20) })),
      ),
    indexes: ['declarations_pkey', 'screenings_pkey'],
  },
  ...(['parked', 'rejected'] as const).map((state) => ({
    name: `choosing what is ${state} for a retry of many`,
    run: (tx: Tx) =>
      tx.execute(
        chosenBy(
          { ...anyStopped, state, destination: 'sidep' },
          { includeDoubtful: false, promises: { safe: [] }, limit: 10_000 },
        ),
      ),
    indexes: ofStopped,
    plannedEachTime: true,
  })),
  { name: 'locking a retry that runs', run: (tx) => lockRunningBatch(tx, []), indexes: ['retry_batches_open'] },
  {
    name: 'listing what it has yet to release',
    run: (tx) => listWaitingItems(tx, batchId, 100),
    indexes: ['retry_batch_items_waiting'],
  },
  {
    name: 'writing what became of its items',
    run: (tx) => settleItems(tx, batchId, { released: held.slice(0, 50).map((row) => row.id), skipped: [id(1)] }),
    indexes: ['retry_batch_items_pkey', 'retry_batch_items_waiting', 'retry_batches_pkey'],
  },
]

/** A few rows, or one a pharmacy. */
const ofFewRows = ['claimed_sets', 'destination_controls', 'professionals', 'pharmacies']

test.for(
  worldNames.flatMap((world) =>
    cases.flatMap((each) => [
      { ...each, world, plan: 'planned for its set', kept: false },
      ...(each.plannedEachTime ? [] : [{ ...each, world, plan: 'planned once for all sets', kept: true }]),
    ]),
  ),
)(
  '$name, $world, $plan, reads no table from end to end, and uses no index but its own',
  async ({ world, run, indexes, kept }) => {
    const planned = await planOf(theWorld(world), run, { kept })
    expect(planned.sequential.filter((table) => !ofFewRows.includes(table))).toEqual([])
    expect(planned.indexes.length).toBeGreaterThan(0)
    expect(planned.indexes.filter((index) => !indexes.includes(index))).toEqual([])
  },
)

const control: ControlRow = {
  breaker: 'closed',
  failures: 0,
  openings: 0,
  openedAtMs: null,
  holdUntilMs: null,
  probeBy: null,
  closedAtMs: null,
  tokens: 0,
  tokensAtMs: 0,
  grants: [],
  turnAfter: nobody,
  drained: 0,
  drainedAtMs: 0,
  lastAcceptedAtMs: null,
}

test("a destination's shared row is found by its key or in a table of a few rows, when it is locked and when it is written", async () => {
  for (const run of [(tx: Tx) => lockControl(tx, 'sidep'), (tx: Tx) => saveControl(tx, 'sidep', control)])
    for (const kept of [false, true]) {
      const { indexes, sequential } = await planOf(theWorld('a year old'), run, { kept })
      expect([...indexes, ...sequential].filter((name) => !name.startsWith('destination_controls'))).toEqual([])
    }
})

class Undone extends Error {}

test('a set of payloads that leaves reads no table from end to end: asked of PostgreSQL, for it runs within a function', async () => {
  const database = openDatabase(theWorld('a year old').databases.appUrl)
  const scanned = (tx: Tx) =>
    tx.execute(sql`
      select relname, seq_scan from pg_stat_xact_user_tables
      where relname in ('screenings', 'declarations', 'attempts', 'attempt_counts', 'received_by_hand') and seq_scan > 0`)
  const looked = database.forWorker(async (tx) => {
    const before = await scanned(tx)
    // Four sets in one session: from the sixth run on, a statement within a function may be planned once for all.
    let after: PayloadPlace | null = null
    for (let sets = 0; sets < 4; sets++) {
      const left: PayloadsLeft = await dropPayloads(tx, { olderThanDays: 90, limit: 200, really: true, after })
      expect(left.count).toBeGreaterThan(100)
      after = left.last
    }
    const seen = await scanned(tx)
    expect(seen.filter(({ relname }) => !['attempt_counts', 'received_by_hand'].includes(String(relname)))).toEqual(before)
    throw new Undone()
  })
  await expect(looked).rejects.toThrow(Undone)
  await database.close()
})
