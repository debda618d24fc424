/** The ledger by month: one month at a time, its own days and charges, never past the month under way. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type ActionsWorld, legalFields, newKey, newRequest, openActionsWorld } from '../support/actions-fixture.ts'

let the: ActionsWorld

beforeAll(async () => {
  the = await openActionsWorld()
})
afterAll(() => the?.close())
beforeEach(async () => {
  for (const table of ['declarations', 'screenings', 'audit_events']) await the.admin`delete from ${the.admin(table)}`
  // The fixture's clock stands at 2 March 2026.
  await captured('2025-12-31T22:59:59Z')
  await captured('2025-12-31T23:00:00Z')
  await captured('2026-02-28T10:00:00Z')
  await captured('2026-03-01T10:00:00Z')
  await the.admin`delete from audit_events`
})

/** Signed at that instant. */
async function captured(at: string, pharmacy: 0 | 1 = 0): Promise<void> {
  const actor = the.person('pharmacist', the.pharmacies[pharmacy])
  const done = await the.actions.captureScreening(actor, { fields: legalFields, idempotencyKey: newKey() }, newRequest())
  if (!done.ok) throw new Error(JSON.stringify(done.problem))
  await the.admin`update screenings set signed_at = ${at} where screening_id = ${done.value.screeningId}`
}

const read = (month: string | null, pharmacy: 0 | 1 = 0) =>
  the.actions.getLedger(the.person('titular', the.pharmacies[pharmacy]), { month }, newRequest())
const daysOf = async (month: string | null) => (await read(month)).days.map(({ day }) => day)

test('shows the days of the month that is asked for, by the clock of Paris, and the last days where none is', async () => {
  expect(await daysOf('2025-12')).toEqual(['2025-12-31'])
  expect(await daysOf('2026-01')).toEqual(['2026-01-01'])
  expect(await daysOf('2026-02')).toEqual(['2026-02-28'])
  expect(await daysOf('2026-03')).toEqual(['2026-03-01'])
  expect(await daysOf(null)).toEqual(['2026-03-01', '2026-02-28'])
  expect(await read('2026-02')).toMatchObject({ from: '2026-02-01', to: '2026-02-28', wholeMonth: true, month: '2026-02' })
  expect(await read('2026-03')).toMatchObject({ from: '2026-03-01', to: '2026-03-02' })
  expect(await read(null)).toMatchObject({ to: '2026-03-02', wholeMonth: false, month: '2026-03' })
})

test('leads to the month before and after, not past the one under way, and not before the first signature', async () => {
  const ways = async (month: string | null) => {
    const { previousMonth, nextMonth, currentMonth } = await read(month)
    return [previousMonth, nextMonth, currentMonth]
  }
  expect(await ways(null)).toEqual(['2026-02', null, '2026-03'])
  expect(await ways('2026-03')).toEqual(['2026-02', null, '2026-03'])
  expect(await ways('2026-01')).toEqual(['2025-12', '2026-02', '2026-03'])
  expect(await ways('2025-12')).toEqual([null, '2026-01', '2026-03'])
  // Typed by hand: a month without anything, and the way back.
  expect(await ways('2024-05')).toEqual([null, '2024-06', '2026-03'])
  // Nothing was ever signed at the other pharmacy.
  expect((await read(null, 1)).previousMonth).toBeNull()
})

test('counts what the month itself was charged', async () => {
  const ids = await the.admin<
    { screening_id: string; id: string }[]
  >`select screening_id, id from declarations where destination = 'sidep'`
  await the.admin.begin(async (tx) => {
    await tx`set local session_replication_role = 'replica'`
    for (const [index, at] of ['2026-01-31T22:59:59Z', '2026-01-31T23:00:00Z', '2026-02-28T22:59:59Z'].entries())
      await tx`insert into charges (screening_id, kind, pharmacy_id, declaration_id, destination, charged_at, amount_cents, currency, tariff_id, demonstration)
        values (${ids[index]?.screening_id ?? ''}, 'charge', ${the.pharmacies[0].id}, ${ids[index]?.id ?? ''}, 'sidep', ${at}, 100, 'EUR', 'standard', false)`
  })
  expect((await read('2026-01')).charged).toMatchObject({ charges: 1, cents: 100 })
  expect((await read('2026-02')).charged).toMatchObject({ charges: 2, cents: 200 })
  expect((await read(null)).charged).toMatchObject({ charges: 0, cents: 0 })
  await the.admin.begin(async (tx) => {
    await tx`set local session_replication_role = 'replica'`
    await tx`delete from charges`
  })
})

test('is refused for what is no month, and for a month to come', async () => {
  for (const month of [
    '',
    '2026',
    '2026-13',
    '2026-00',
    '2026-1',
    '2026-02-01',
    ' 2026-02',
    '1999-12',
    '2026-04',
    '2126-01',
    '２０２６-02',
  ])
    await expect(read(month), month).rejects.toMatchObject({ code: 'bad-request' })
  expect(await the.events()).toEqual([])
})

test('leaves one trace with the month and the count, and one of a role that may not', async () => {
  await read('2026-02')
  await read(null)
  await expect(the.actions.getLedger(the.person('student'), { month: '2026-02' }, newRequest())).rejects.toMatchObject({
    code: 'forbidden',
  })
  expect((await the.events()).map(({ action, outcome, code, details }) => [action, outcome, code, details])).toEqual([
    ['ledger.read', 'done', null, { lines: 2, month: '2026-02' }],
    ['ledger.read', 'done', null, { lines: 4 }],
    ['ledger.read', 'denied', 'forbidden', {}],
  ])
})

test('shows another pharmacy nothing of it', async () => {
  await captured('2026-02-27T10:00:00Z', 1)
  expect((await read('2026-02', 1)).days.map(({ day }) => day)).toEqual(['2026-02-27'])
  expect(await daysOf('2026-02')).toEqual(['2026-02-28'])
})

test('a day leads to its month, and one to come to none', async () => {
  const monthOf = async (day: string) => (await the.actions.getLedgerDay(the.person('titular'), day, newRequest())).month
  expect(await monthOf('2025-12-31')).toBe('2025-12')
  expect(await monthOf('2026-03-31')).toBe('2026-03')
  expect(await monthOf('2026-04-01')).toBeNull()
  expect(await monthOf('1999-01-01')).toBeNull()
})
