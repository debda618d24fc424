/** Closing months over a real database: nothing billed twice or forgotten, numbers without gaps, documents that stay. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { type Closed, closeMonth, type MonthToClose, previewClose } from '../../src/actions/statements/close-month.ts'
import { findCreditable, issueCredit, previewCredit } from '../../src/actions/statements/credit-statement.ts'
import { verifyStatement } from '../../src/actions/statements/verify-statement.ts'
import { fromUtf8 } from '../../src/base/bytes.ts'
import type { Price } from '../../src/domain/tariff.ts'
import { findFile } from '../../src/storage/statements.ts'
import { reAdd } from '../statements/re-add.ts'
import { connect } from '../support/database.ts'
import { sampleIssuer } from '../support/sample-statements.ts'
import { until } from '../support/until.ts'
import { openStatementsWorld, type StatementsWorld } from './statements-fixture.ts'

let world: StatementsWorld
beforeEach(async () => {
  world = await openStatementsWorld(inject('postgresSuperUrl'))
})
afterEach(() => world.close())

const october: MonthToClose = { month: '2026-10', pharmacyId: null }
const closed = async (target = october) => {
  const result = await closeMonth(world.deps, target)
  if (!result.ok) throw new Error(result.problem.problem)
  return result.value
}
const problemOf = async (target = october) => {
  const result = await closeMonth(world.deps, target)
  return result.ok ? 'closed' : result.problem.problem
}
const checksOf = async (number: string) => {
  const checks = await verifyStatement(world.deps, number)
  return Object.fromEntries((checks ?? []).map(({ name, ok }) => [name, ok]))
}
const whole = { files: true, content: true, signature: true }
const sound = { sums: true, charges: true, receipts: true, owed: true, prices: true, ...whole }
/** Past row-level security, triggers and keys: what a person with the database password could do. */
const behind = (statement: string) =>
  world.admin.begin(async (tx) => {
    await tx`set local session_replication_role = 'replica'`
    await tx.unsafe(statement)
  })

describe('closing a month', () => {
  test('bills each charge of it, by the clock of Paris, and nothing of the months beside it', async () => {
    const [first, second] = world.pharmacies
    // Winter time has come on 25 October: Paris is one hour ahead of UTC at the end of the month, two at its beginning.
    await world.charge(first, ['2026-09-30T22:00:00Z', '2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z', '2026-10-31T22:59:59Z'])
    await world.charge(first, ['2026-10-31T23:00:00Z'])
    await world.charge(second, ['2026-10-12T10:00:00Z'], { amountCents: 80 })
    const { issued, empty, sealed } = await closed()
    expect(issued.map(({ number, netCents, vatCents, buyer }) => [number, buyer.finess, netCents, vatCents])).toEqual([
      ['PAS-2026-000001', first.finess, 400, 80],
      ['PAS-2026-000002', second.finess, 80, 16],
    ])
    expect([empty, sealed]).toEqual([0, 2])
    expect(await checksOf('PAS-2026-000001')).toEqual(sound)
  })

  test('gives no statement to a pharmacy that had nothing, and nothing at all the second time', async () => {
    await world.charge(world.pharmacies[0], ['2026-10-12T10:00:00Z'])
    expect(await closed()).toMatchObject({ empty: 1, sealed: 1 })
    expect(await closed()).toMatchObject({ issued: [], empty: 0, sealed: 0 })
    expect(await world.admin`select count(*)::int as count from statements`).toEqual([{ count: 1 }])
  })

  test('previews what it then does, and writes nothing for that', async () => {
    await world.charge(world.pharmacies[0], ['2026-10-12T10:00:00Z', '2026-10-13T10:00:00Z'])
    const preview = await previewClose(world.deps, october)
    if (!preview.ok) throw new Error(preview.problem.problem)
    expect(
      await world.admin`select (select count(*) from billing_months)::int as frozen, (select count(*) from statement_series)::int as series`,
    ).toEqual([{ frozen: 0, series: 0 }])
    const { issued } = await closed()
    expect(issued.map(({ number: _, ...draft }) => draft)).toEqual(preview.value.drafts)
  })

  test('is refused before the month is over in Paris, without issuer or key, and before an earlier month', async () => {
    await world.charge(world.pharmacies[0], ['2026-09-12T10:00:00Z', '2026-10-12T10:00:00Z'])
    expect(await problemOf()).toBe('earlier-month-open')
    expect(await closeMonth({ ...world.deps, issuer: null }, october)).toMatchObject({ problem: { problem: 'no-issuer' } })
    expect(await closeMonth({ ...world.deps, signer: null }, october)).toMatchObject({ problem: { problem: 'no-signing-key' } })
    world.setNow('2026-10-31T22:59:59Z')
    expect(await problemOf()).toBe('month-not-over')
    world.setNow('2026-10-31T23:00:00Z')
    expect(await problemOf({ month: '2026-09', pharmacyId: null })).toBe('closed')
    expect(await problemOf()).toBe('closed')
  })

  const nothingFrozen = async () =>
    expect(
      await world.admin`select (select count(*) from billing_months where month = '2026-11-01')::int as frozen, (select count(*) from statements)::int as statements`,
    ).toEqual([{ frozen: 0, statements: 1 }])

  test('is refused before anything is frozen where another issuer has given numbers with its prefix, in this year or an earlier one', async () => {
    await world.charge(world.pharmacies[0], ['2026-10-12T10:00:00Z', '2026-11-12T10:00:00Z'])
    await closed()
    const november = { month: '2026-11', pharmacyId: null }
    const other = { ...sampleIssuer, siren: '732829320', vatNumber: 'FR44732829320' }
    for (const now of ['2026-12-01T08:00:00Z', '2027-01-04T08:00:00Z']) {
      world.setNow(now)
      expect(await closeMonth({ ...world.deps, issuer: other }, november)).toMatchObject({ problem: { problem: 'prefix-taken' } })
      expect(await previewClose({ ...world.deps, issuer: other }, november)).toMatchObject({
        problem: { problem: 'prefix-taken' },
      })
    }
    await nothingFrozen()
    // A prefix that only begins alike is another one.
    const issuer = { ...other, invoicePrefix: 'PA' }
    expect(await closeMonth({ ...world.deps, issuer }, november)).toMatchObject({
      value: { issued: [{ number: 'PA-2027-000001' }] },
    })
  })

  test('is refused in production where a demonstration wrote charges, late ones too, and done where the statements say so', async () => {
    const [first, second] = world.pharmacies
    await world.charge(first, ['2026-10-12T10:00:00Z'])
    await closed()
    await world.charge(first, ['2026-10-13T10:00:00Z'])
    await world.charge(second, ['2026-11-12T10:00:00Z'])
    await behind(`update charges set demonstration = true where charged_on > '2026-10-12'`)
    world.setNow('2026-12-01T08:00:00Z')
    const november = { month: '2026-11', pharmacyId: null }
    const blocking = [first, second].map(({ finess }) => ({ finess, month: '2026-11' }))
    expect(await closeMonth(world.deps, november)).toMatchObject({ problem: { problem: 'demonstration-charges', blocking } })
    await nothingFrozen()
    const { value } = (await closeMonth({ ...world.deps, demonstration: true }, november)) as { value: Closed }
    expect(value.issued.map(({ demonstration }) => demonstration)).toEqual([true, true])
  })

  test('bills one pharmacy alone where it is told so, and the others later', async () => {
    const [first, second] = world.pharmacies
    await world.charge(first, ['2026-10-12T10:00:00Z'])
    await world.charge(second, ['2026-10-12T10:00:00Z'])
    expect((await closed({ month: '2026-10', pharmacyId: second.id })).issued.map(({ buyer }) => buyer.finess)).toEqual([
      second.finess,
    ])
    expect((await closed()).issued.map(({ buyer }) => buyer.finess)).toEqual([first.finess])
  })

  test('leaves out a pharmacy that the configuration lost, says so, and bills it once it is back', async () => {
    const [first, second] = world.pharmacies
    await world.charge(first, ['2026-10-12T10:00:00Z'])
    await world.charge(second, ['2026-10-12T10:00:00Z'])
    const without = { ...world.deps, findPharmacy: (id: string) => (id === first.id ? null : world.deps.findPharmacy(id)) }
    expect(await closeMonth(without, october)).toMatchObject({
      ok: true,
      value: { notConfigured: [first.finess], sealed: 1, elsewhere: 0 },
    })
    expect((await closed()).issued.map(({ buyer }) => buyer.finess)).toEqual([first.finess])
  })
})

describe('a charge that comes late', () => {
  test('is billed with the next month, shown as late, and in one statement only', async () => {
    const [first] = world.pharmacies
    const [early] = await world.charge(first, ['2026-10-12T10:00:00Z'])
    await closed()
    await world.charge(first, ['2026-10-31T22:59:59Z', '2026-11-02T09:00:00Z'])
    await world.refund(first, early, '2026-10-12T11:00:00Z')
    world.setNow('2026-12-01T08:00:00Z')
    const { issued } = await closed({ month: '2026-11', pharmacyId: null })
    expect(issued[0]?.lines.map(({ month, late, count }) => [month, late, count])).toEqual([
      ['2026-11', false, 1],
      ['2026-10', true, 1],
      ['2026-10', true, -1],
    ])
    expect(await checksOf('PAS-2026-000001')).toEqual(sound)
    expect(await checksOf('PAS-2026-000002')).toEqual(sound)
  })

  test('written by a transaction that was open while the month froze belongs to the month: the close waited for it', async () => {
    const [first] = world.pharmacies
    const writer = connect(urlOf(world))
    let close: ReturnType<typeof closed> | null = null
    await writer.begin(async (tx) => {
      await world.charge(first, ['2026-10-31T22:59:59Z'], { sql: tx as unknown as typeof world.admin })
      close = closed()
      await until('the close waits for the writer', async () => {
        const [row] = await world.admin<{ waiting: number }[]>`select count(*)::int as waiting from pg_stat_activity
          where wait_event = 'advisory' and datname = current_database()`
        return (row?.waiting ?? 0) > 0
      })
    })
    expect((await (close as ReturnType<typeof closed> | null))?.issued.map(({ netCents }) => netCents)).toEqual([100])
    expect(await world.admin`select * from late_charges`).toEqual([])
    await writer.end()
  })
})

const urlOf = (opened: StatementsWorld) => {
  const url = new URL(inject('postgresSuperUrl'))
  url.pathname = `/${opened.admin.options.database}`
  return url.href
}

/** Dozens of statements, twice; more on a machine that does other things beside. */
const manyMs = 180_000

describe('numbers', () => {
  const sequences = async () =>
    (await world.admin<{ sequence: number }[]>`select sequence from statements order by sequence`).map(({ sequence }) => sequence)

  test('run without a gap though four close at once, and each month is billed once', { timeout: manyMs }, async () => {
    await world.close()
    world = await openStatementsWorld(inject('postgresSuperUrl'), 24)
    await chargeEach()
    const small = { ...october, chunkSize: 5 }
    await Promise.all([closed(small), closed(small), closed(small), closed(small)])
    expect(await sequences()).toEqual(Array.from({ length: 24 }, (_, index) => index + 1))
    expect(
      await world.admin`select (select count(distinct pharmacy_id) from statements)::int as billed, (select count(*) from statement_seals)::int as sealed`,
    ).toEqual([{ billed: 24, sealed: 24 }])
  })

  test('have no gap after a close that was killed, and the next one ends its work', { timeout: manyMs }, async () => {
    await world.close()
    world = await openStatementsWorld(inject('postgresSuperUrl'), 24)
    await chargeEach()
    const child = fork(new URL('close-child.ts', import.meta.url), [world.appUrl], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    await once(child, 'message')
    child.kill('SIGKILL')
    await once(child, 'exit')
    const before = (await sequences()).length
    expect(before).toBeGreaterThan(0)
    expect(before).toBeLessThan(24)
    await closed()
    expect(await sequences()).toEqual(Array.from({ length: 24 }, (_, index) => index + 1))
    expect(
      await world.admin`select count(*)::int as unsealed from statements s where not exists (select from statement_seals e where e.number = s.number)`,
    ).toEqual([{ unsealed: 0 }])
  })

  test('begin again with the year of issue in Paris', async () => {
    const [first] = world.pharmacies
    await world.charge(first, ['2026-11-12T10:00:00Z', '2026-12-12T10:00:00Z'])
    world.setNow('2026-12-31T22:59:59Z')
    await closed({ month: '2026-11', pharmacyId: null })
    world.setNow('2026-12-31T23:00:00Z')
    await closed({ month: '2026-12', pharmacyId: null })
    expect(await world.admin`select number from statements order by number`).toEqual([
      { number: 'PAS-2026-000001' },
      { number: 'PAS-2027-000001' },
    ])
  })

  /** One charge a pharmacy, in one statement: screenings and receipts are not what is looked at here. */
  async function chargeEach(): Promise<void> {
    await world.admin.begin(async (tx) => {
      await tx`set local session_replication_role = 'replica'`
      await tx`insert into charges (screening_id, kind, pharmacy_id, declaration_id, destination, charged_at, amount_cents, currency, tariff_id, demonstration)
        select gen_random_uuid(), 'charge', id, gen_random_uuid(), 'sidep', '2026-10-12T10:00:00Z', 100, 'EUR', 'standard', false from pharmacies`
    })
  }
})

describe('what was issued', () => {
  beforeEach(async () => {
    await world.charge(world.pharmacies[0], ['2026-10-12T10:00:00Z', '2026-10-13T10:00:00Z', '2026-10-14T10:00:00Z'])
    await closed()
  })
  const number = 'PAS-2026-000001'

  test.for([
    ['changed', `update statements set net_cents = 1, gross_cents = 1 + vat_cents`],
    ['deleted', 'delete from statements'],
    ['emptied', 'truncate statements cascade'],
    ['given another file', `update statement_files set bytes = '\\x00'`],
    ['given another signature', `update statement_seals set signature = 'x'`],
    ['made late', `delete from late_charges`],
  ] as const)('is not %s, by the application nor by its owner or anybody else', async ([, statement]) => {
    await expect(world.admin.unsafe(statement)).rejects.toMatchObject({ code: '42501' })
    const app = connect(world.appUrl)
    await expect(app.unsafe(statement)).rejects.toMatchObject({ code: '42501' })
    await app.end()
  })

  test('a second statement of the month, and a number twice, are refused by the database', async () => {
    const again = (columns: string) =>
      world.admin.unsafe(
        `insert into statements select ${columns}, kind, month, credits, issued_on, net_cents, vat_cents, gross_cents, content, issued_by, issued_at from statements`,
      )
    await expect(again(`'PAS-2026-000009', issuer, year, 9, pharmacy_id`)).rejects.toMatchObject({ code: '23505' })
    await expect(again(`'PAS-2026-000009', issuer, year, sequence, '${world.pharmacies[1].id}'`)).rejects.toMatchObject({
      code: '23505',
    })
  })

  test('adds up again in all its files, read back from the database', async () => {
    const read = async (format: 'csv' | 'json' | 'xml') =>
      fromUtf8(
        (await world.database.forPharmacy(world.pharmacies[0].id, (tx) => findFile(tx, { number, format }))) ?? new Uint8Array(),
      )
    expect(reAdd({ csv: await read('csv'), json: await read('json'), xml: await read('xml') })).toEqual([])
  })

  test('is another pharmacy’s to nobody: neither rows nor files', async () => {
    const theirs = world.pharmacies[1].id
    expect(await world.database.forPharmacy(theirs, (tx) => findFile(tx, { number, format: 'pdf' }))).toBeNull()
    await expect(findCreditable(world.deps, theirs, number)).rejects.toMatchObject({ code: 'not-found' })
  })

  test('fails its verification where a charge vanished, a receipt did, or a file was exchanged behind the triggers', async () => {
    await behind(`update statement_files set bytes = bytes || '\\x20' where format = 'csv'`)
    expect(await checksOf(number)).toEqual({ ...sound, files: false })
    await behind(`update statement_seals set manifest = replace(manifest, '"bytes"', '"bytes" ')`)
    expect(await checksOf(number)).toMatchObject({ signature: false })
    await behind(`delete from receipts where declaration_id = (select declaration_id from charges limit 1)`)
    expect(await checksOf(number)).toMatchObject({ charges: true, receipts: false })
    await behind(`delete from charges where screening_id = (select screening_id from charges limit 1)`)
    expect(await checksOf(number)).toMatchObject({ charges: false, receipts: false })
    expect(await verifyStatement(world.deps, 'PAS-2026-000099')).toBeNull()
  })

  test.for([
    ['a charge for a receipt that was free', `update receipts set billed = false`, { receipts: false }],
    ['a charge that left before the close', `delete from charges where charged_on = '2026-10-13'`, { owed: false }],
    [
      'a charge of another day than its receipt',
      `update charges set charged_at = charged_at + interval '1 day' where charged_on = '2026-10-13'`,
      { receipts: false },
    ],
    [
      'a charge of another month than its receipt',
      `update receipts set received_at = '2026-09-12T10:00:00Z' where received_at < '2026-10-13'`,
      { receipts: false },
    ],
    ['an amount that was raised before the close', `update charges set amount_cents = 500`, { prices: false }],
    [
      'a second charge for one receipt',
      `insert into charges (screening_id, kind, pharmacy_id, declaration_id, destination, charged_at, amount_cents, currency, tariff_id, demonstration)
        select gen_random_uuid(), kind, pharmacy_id, declaration_id, destination, charged_at, amount_cents, currency, tariff_id, demonstration
        from charges where pharmacy_id <> (select pharmacy_id from statements) limit 1`,
      { receipts: false },
    ],
    [
      'a credit without a cancellation',
      `insert into charges (screening_id, kind, pharmacy_id, declaration_id, destination, charged_at, amount_cents, currency, tariff_id, demonstration)
        select screening_id, 'credit', pharmacy_id, declaration_id, destination, charged_at, -amount_cents, currency, tariff_id, demonstration
        from charges where charged_on = '2026-10-13'`,
      { receipts: false },
    ],
  ] as const)('fails its verification where the month was closed over %s', async ([, statement, failed]) => {
    const [, second] = world.pharmacies
    await world.admin`delete from billing_months where pharmacy_id = ${second.id}`
    await world.charge(second, ['2026-10-12T10:00:00Z', '2026-10-13T10:00:00Z'])
    await behind(statement)
    await closed()
    expect(await checksOf('PAS-2026-000002')).toEqual({ ...sound, ...failed })
  })

  test('holds with a refund in it, and with a charge that was written late', async () => {
    const [, second] = world.pharmacies
    const [refunded] = await world.charge(second, ['2026-11-12T10:00:00Z', '2026-11-13T10:00:00Z'])
    await world.refund(second, refunded, '2026-11-14T10:00:00Z')
    await world.charge(second, ['2026-10-30T10:00:00Z'])
    world.setNow('2026-12-01T08:00:00Z')
    await closed({ month: '2026-11', pharmacyId: null })
    expect(await checksOf('PAS-2026-000002')).toEqual(sound)
  })

  test('holds after the tariff has changed, as long as the tariff of then is still written in it', async () => {
    const change = new Date('2026-10-31T23:00:00Z')
    const next = { tariffId: 'raised', amountCents: 120, from: change, until: null }
    const pricesOf = (before: readonly Price[]) => () => [...before, next]
    const checks = async (prices: readonly Price[]) =>
      (await verifyStatement({ ...world.deps, pricesOf: pricesOf(prices) }, number))?.filter((one) => !one.ok)
    expect(await checks([{ tariffId: 'standard', amountCents: 100, from: null, until: change }])).toEqual([])
    expect(await checks([{ tariffId: 'another', amountCents: 90, from: null, until: change }])).toMatchObject([
      { name: 'prices', detail: expect.stringContaining('2026-10-12: 100 cents, 90 by another') },
    ])
  })

  test('holds no word about patients, screenings or declarations', async () => {
    const [row] = await world.admin<
      { ids: string[] }[]
    >`select array_agg(screening_id::text) || array_agg(declaration_id::text) as ids from charges`
    const files = await world.admin<{ bytes: Uint8Array }[]>`select bytes from statement_files`
    for (const { bytes } of files) for (const id of row?.ids ?? []) expect(Buffer.from(bytes).includes(id)).toBe(false)
  })
})

describe('credit notes', () => {
  const by = { actor: { kind: 'system', name: 'command-line' }, request: null } as const
  const credit = (count: number, reason = 'geste commercial') => ({
    number: 'PAS-2026-000001',
    items: [{ position: 1, count }],
    reason,
  })
  beforeEach(async () => {
    await world.charge(world.pharmacies[0], ['2026-10-12T10:00:00Z', '2026-10-13T10:00:00Z', '2026-10-14T10:00:00Z'])
    await closed()
  })

  test('take the next number of the series, give back what was previewed, and verify', async () => {
    const preview = await previewCredit(world.deps, null, credit(2))
    const issued = await issueCredit(world.deps, world.pharmacies[0].id, credit(2), by)
    if (!preview.ok || !issued.ok) throw new Error('refused')
    const { number, ...draft } = issued.value
    expect(number).toBe('PAS-2026-000002')
    expect(draft).toEqual(preview.value)
    expect(draft.grossCents).toBe(240)
    expect(await checksOf(number)).toEqual({ sums: true, credit: true, files: true, content: true, signature: true })
  })

  test('never give back more than was charged, though five are written at once', async () => {
    const tried = await Promise.all(Array.from({ length: 5 }, () => issueCredit(world.deps, null, credit(1), by)))
    expect(tried.map((one) => (one.ok ? 'issued' : one.problem)).sort()).toEqual([
      'issued',
      'issued',
      'issued',
      'more-than-charged',
      'more-than-charged',
    ])
    expect(await world.admin`select last_sequence as last from statement_series`).toEqual([{ last: 4 }])
  })

  test('need a reason that can be printed', async () => {
    for (const reason of ['', '  a ', 'x'.repeat(201), 'a\u202eb c'])
      expect(await previewCredit(world.deps, null, credit(1, reason))).toEqual({ ok: false, problem: 'reason-bad' })
  })
})
