/** The periodic check of the ledger: it sees what moves on days long closed, and says how far it came. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createLedgerJob } from '../../src/queue/ledger-job.ts'
import { type ActionsWorld, legalFields, newKey, newRequest, openActionsWorld } from '../support/actions-fixture.ts'

let the: ActionsWorld
const dayMs = 86_400_000

beforeAll(async () => {
  the = await openActionsWorld()
})
afterAll(() => the?.close())
beforeEach(async () => {
  await the.admin.begin(async (tx) => {
    // What keeps issued statements from being emptied would keep this from being emptied too.
    await tx.unsafe('set local session_replication_role = replica')
    await tx`truncate screenings, declarations, receipts, charges, ledger_closes, ledger_days, ledger_movements, ledger_carried cascade`
  })
  the.world.clock.move(Date.parse('2026-03-02T08:00:00Z') - the.world.clock.now().getTime())
})

async function run(signal = new AbortController().signal) {
  const checked: (number | null)[] = []
  const told: string[] = []
  const job = createLedgerJob({
    database: the.database,
    clock: the.world.clock,
    onChecked: ({ differences }) => checked.push(differences),
    onDifference: ({ line }) => told.push(line.day),
  })
  await job.run(signal)
  return { checked, told }
}

/** Stopped on its day, and taken now, with a receipt that owes a charge and no charge. */
async function takenWithoutCharge(): Promise<() => Promise<unknown>> {
  const done = await the.actions.captureScreening(
    the.person('pharmacist'),
    { fields: legalFields, idempotencyKey: newKey() },
    newRequest(),
  )
  if (!done.ok) throw new Error('captured')
  const { screeningId } = done.value
  await the.admin`update declarations set state = 'parked', code = 'answer-lost' where screening_id = ${screeningId} and destination = 'sidep'`
  return () => the.admin`with taken as (
      update declarations set state = 'accepted', code = null, settled_at = now() where screening_id = ${screeningId} and destination = 'sidep' returning *)
    insert into receipts (declaration_id, pharmacy_id, destination, control_id, answer_sha256, received_at, billed)
    select id, pharmacy_id, destination, control_id, ${'a'.repeat(64)}, now(), true from taken`
}

test('a charge that is missing for what was parked seventy days ago and is taken now is an alarm at once, and for as long as one of yesterday', async () => {
  const take = await takenWithoutCharge()
  the.world.clock.move(70 * dayMs)
  expect(await run()).toEqual({ checked: [0], told: [] })
  await take()
  expect(await run()).toEqual({ checked: [1], told: ['2026-03-02'] })
  // Booked by the next close as a movement of its day.
  the.world.clock.move(dayMs)
  expect(await run()).toEqual({ checked: [1], told: ['2026-03-02'] })
  expect(await the.admin`select day::text from ledger_movements`).toEqual([{ day: '2026-03-02' }])
  the.world.clock.move(60 * dayMs)
  expect(await run()).toEqual({ checked: [1], told: ['2026-03-02'] })
  the.world.clock.move(3 * dayMs)
  expect(await run()).toEqual({ checked: [0], told: [] })
})

test('a check that is cut short says what it found, and no number where it found nothing', async () => {
  const aborted = AbortSignal.abort()
  expect(await run(aborted)).toEqual({ checked: [null], told: [] })
})
