/** `statements …` as an operator types it, against a real database: previews that write nothing, refusals, exit codes. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { statementsCommand } from '../../src/commands/statements.ts'
import { openStatementsWorld, type StatementsWorld } from '../actions/statements-fixture.ts'

let world: StatementsWorld

beforeAll(async () => {
  world = await openStatementsWorld(inject('postgresSuperUrl'))
  await world.charge(world.pharmacies[0], ['2026-10-12T10:00:00Z', '2026-10-13T10:00:00Z'])
})
afterAll(() => world?.close())

async function type(line: readonly string[], deps = world.deps): Promise<{ code: unknown; out: string }> {
  const out: string[] = []
  const idOf = (finess: string) => world.pharmacies.find((one) => one.finess === finess)?.id ?? finess
  const command = statementsCommand(
    (run) => run(deps, idOf),
    (text) => out.push(text),
  )
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

const written = () =>
  world.admin`select (select count(*) from billing_months)::int as frozen, (select count(*) from statements)::int as statements`
const behind = (statement: string) =>
  world.admin.begin(async (tx) => {
    await tx`set local session_replication_role = 'replica'`
    await tx.unsafe(statement)
  })

test('close says what it would bill and writes nothing, until it is told --yes; verify then ends with 0, with 1 once a charge is gone, with 2 for no such number', async () => {
  const close = ['close', '--month', '2026-10']
  for (const line of [close, [...close, '--dry-run', '--yes']])
    expect(await type(line)).toMatchObject({
      code: 0,
      out: expect.stringContaining('would issue 1 statements for 2026-10: 2 receipts'),
    })
  expect(await written()).toEqual([{ frozen: 0, statements: 0 }])
  expect(await type([...close, '--yes'])).toMatchObject({ code: 0, out: expect.stringContaining('PAS-2026-000001') })
  const verify = ['verify', '--number', 'PAS-2026-000001']
  expect(await type(verify)).toMatchObject({ code: 0, out: expect.stringContaining('PAS-2026-000001 holds') })
  await behind(`delete from charges where charged_on = '2026-10-13'`)
  const { code, out } = await type(verify)
  expect(code).toBe(1)
  expect(out).toMatch(/^FAIL {2}owed +1 screenings/m)
  expect(JSON.parse((await type([...verify, '--json'])).out)).toMatchObject({ found: true, ok: false })
  expect((await type(['verify', '--number', 'PAS-2026-000099'])).code).toBe(2)
})

test('a close that is refused says what to do, and nothing is frozen', async () => {
  const [before] = await written()
  await world.charge(world.pharmacies[1], ['2026-11-12T10:00:00Z'])
  const close = ['close', '--month', '2026-11', '--yes']
  await expect(type(close)).rejects.toThrow('2026-11 is not over yet in Paris')
  world.setNow('2026-12-01T08:00:00Z')
  const { issuer } = world.deps
  const other = issuer && { ...issuer, siren: '732829320' }
  await expect(type(close, { ...world.deps, issuer: other })).rejects.toThrow('choose another prefix')
  await behind(`update charges set demonstration = true where charged_on > '2026-10-31'`)
  await expect(type(close)).rejects.toThrow(
    `charges of a demonstration, which nobody owes, of 1 pharmacies: ${world.pharmacies[1].finess}`,
  )
  await expect(type(['close', '--month', '2026-13'])).rejects.toThrow('expected YYYY-MM')
  expect(await written()).toEqual([before])
})
