/** `ledger …` as an operator types it, against a real database: its exit codes, and what it names. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ledgerCommand } from '../../src/commands/ledger.ts'
import { type ActionsWorld, legalFields, newKey, newRequest, openActionsWorld } from '../support/actions-fixture.ts'

let the: ActionsWorld

beforeAll(async () => {
  the = await openActionsWorld()
})
afterAll(() => the?.close())

async function type(line: readonly string[]): Promise<{ code: unknown; out: string }> {
  const out: string[] = []
  const open = () => ({ database: the.database, clock: the.world.clock, close: async () => undefined })
  const command = ledgerCommand(open, (text) => out.push(text))
  for (const one of [command, ...command.commands]) one.exitOverride().configureOutput({ writeErr: () => undefined })
  const before = process.exitCode
  process.exitCode = 0
  try {
    await command.parseAsync([...line], { from: 'user' })
    return { code: process.exitCode, out: out.join('\n') }
  } finally {
    process.exitCode = before ?? 0
  }
}

test('check ends with 0 where all adds up, and with 1 and the very screening where a charge is gone', async () => {
  const input = { fields: legalFields, idempotencyKey: newKey() }
  const done = await the.actions.captureScreening(the.person('pharmacist'), input, newRequest())
  if (!done.ok) throw new Error('captured')
  const { screeningId } = done.value
  await the.admin`with taken as (
      update declarations set state = 'accepted', settled_at = now() where screening_id = ${screeningId} and destination = 'sidep' returning *
    ), proof as (
      insert into receipts (declaration_id, pharmacy_id, destination, control_id, answer_sha256, received_at, billed)
      select id, pharmacy_id, destination, control_id, ${'a'.repeat(64)}, now(), true from taken returning *)
    insert into charges (screening_id, kind, pharmacy_id, declaration_id, destination, charged_at, amount_cents, currency, tariff_id, demonstration)
    select screening_id, 'charge', pharmacy_id, id, destination, now(), 100, 'EUR', 'standard', false from taken`
  expect(await type(['check'])).toMatchObject({ code: 0, out: expect.stringMatching(/^balanced\n/) })
  await the.admin`delete from charges`
  const { code, out } = await type(['check'])
  expect(code).toBe(1)
  expect(out).toContain('out of balance: 1 lines')
  expect(out).toContain(`charge-missing: screening ${screeningId}`)
  expect(JSON.parse((await type(['check', '--json'])).out)).toMatchObject({ ledger: 'out-of-balance', lines: 2 })
  expect((await type(['check', '--to', '2026-03-01'])).code).toBe(0)
  expect((await type(['check', '--pharmacy', the.pharmacies[1].finess])).code).toBe(0)
})

test.for([
  ['check', '--from', '2026-02-30'],
  ['check', '--to', '2026-13-01'],
  ['reconcile', '--destination', 'sidep', '--day', '2026-02-30'],
])('a day that the calendar does not have is refused: %j', async (line) => {
  await expect(type(line)).rejects.toThrow('expected a date that exists')
})

test('a pharmacy that was never served is refused with a sentence', async () => {
  await expect(type(['check', '--pharmacy', '999999999'])).rejects.toThrow('no pharmacy has this FINESS number')
})
