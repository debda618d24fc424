/** A group's billing over a real database: all of its sums, its statements and files, and nothing of a pharmacy beside it. */
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { closeMonth } from '../../src/actions/statements/close-month.ts'
import { bindStatementDesk, type FileKind, type StatementDesk } from '../../src/actions/statements/desk.ts'
import { groupPageLength, type Readable } from '../../src/actions/statements/group-desk.ts'
import type { Professional } from '../../src/domain/actor.ts'
import type { Pharmacy } from '../../src/domain/pharmacy.ts'
import type { Role } from '../../src/domain/roles.ts'
import type { Rpps } from '../../src/domain/rpps.ts'
import { openStatementsWorld, type StatementsWorld } from './statements-fixture.ts'

let world: StatementsWorld
let desk: StatementDesk
beforeEach(async () => {
  world = await openStatementsWorld(inject('postgresSuperUrl'))
  desk = bindStatementDesk(world.deps)
})
afterEach(() => world.close())

const offer = (pharmacy: Pharmacy, role: Role = 'group-admin'): Readable => ({
  ...{ pharmacyId: pharmacy.id, pharmacyName: pharmacy.name, finess: pharmacy.finess, role },
})
const request = () => ({ requestId: randomUUID(), clientAddress: '192.0.2.7' })

async function personAt(pharmacy: Pharmacy, role: Role = 'group-admin'): Promise<Professional> {
  const [row] = await world.admin<{ id: string }[]>`select id from professionals`
  return {
    ...{
      kind: 'professional',
      professionalId: row?.id ?? '',
      rpps: '10000000001' as Rpps,
      familyName: 'MARTIN',
      givenName: 'Alix',
    },
    ...{ role, pharmacyId: pharmacy.id, sessionId: randomUUID() },
  }
}

/** October billed in both pharmacies, `PAS-2026-000001` and `PAS-2026-000002`, and a November under way. */
async function billed() {
  const [first, second] = world.pharmacies
  await world.charge(first, ['2026-10-12T10:00:00Z', '2026-11-02T10:00:00Z', '2026-11-03T10:00:00Z'])
  await world.charge(second, ['2026-10-13T10:00:00Z'], { amountCents: 80 })
  await world.charge(second, ['2026-11-03T10:00:00Z'], { amountCents: 80 })
  world.setNow('2026-11-04T08:00:00Z')
  const closed = await closeMonth(world.deps, { month: '2026-10', pharmacyId: null })
  if (!closed.ok) throw new Error(closed.problem.problem)
  return { first, second, actor: await personAt(first) }
}

const events = () =>
  world.admin<{ action: string; outcome: string; code: string | null; pharmacy_id: string; details: unknown }[]>`
    select action, outcome, code, pharmacy_id, details from audit_events where action <> 'statement.issue' order by seq`
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'answered',
    (error: { code: string }) => error.code,
  )

test('shows what each pharmacy and all together come to, with the statements of each, and leaves a trace in each', async () => {
  const { first, second, actor } = await billed()
  const view = await desk.viewGroup(actor, [offer(second), offer(first)], { page: 1 }, request())
  expect(view).toMatchObject({ month: '2026-11', today: '2026-11-04', receipts: 3, netCents: 280, pharmacyCount: 2, pages: 1 })
  expect(view.days).toEqual([
    { day: '2026-11-02', count: 1, netCents: 100 },
    { day: '2026-11-03', count: 2, netCents: 180 },
  ])
  expect(view.rows.map(({ finess, receipts, netCents, statements }) => [finess, receipts, netCents, statements.length])).toEqual([
    [first.finess, 2, 200, 1],
    [second.finess, 1, 80, 1],
  ])
  expect((await events()).map(({ action, outcome, pharmacy_id }) => [action, outcome, pharmacy_id]).sort()).toEqual(
    [
      ['statement.read', 'done', first.id],
      ['statement.read', 'done', second.id],
    ].sort(),
  )
})

const kinds: readonly [FileKind, string][] = [
  ['pdf', 'PAS-2026-000002.pdf'],
  ['csv', 'PAS-2026-000002.csv'],
  ['json', 'PAS-2026-000002.json'],
  ['xml', 'PAS-2026-000002.xml'],
  ['manifest', 'PAS-2026-000002.manifest.json'],
  ['signature', 'PAS-2026-000002.manifest.jws'],
]

test('gives every file of a pharmacy of the group, as the pharmacy gets it, and traces the download there', async () => {
  const { first, second, actor } = await billed()
  const offered = [offer(first), offer(second)]
  const number = 'PAS-2026-000002'
  for (const [kind, name] of kinds) {
    const file = await desk.openGroupFile(actor, offered, { finess: second.finess, number, kind }, request())
    expect(file.name).toBe(name)
    expect(file).toEqual(await desk.openFile(await personAt(second, 'titular'), { number, kind }, request()))
  }
  expect((await events())[0]).toEqual({
    ...{ action: 'statement.download', outcome: 'done', code: null },
    ...{ pharmacy_id: second.id, details: { number, format: 'pdf' } },
  })
})

test('answers alike, with a trace, for a pharmacy of another group, a number of another pharmacy, and what nobody has', async () => {
  const { first, second, actor } = await billed()
  const file = (finess: string, number: string, offered: readonly Readable[]) =>
    codeOf(desk.openGroupFile(actor, offered, { finess, number, kind: 'pdf' }, request()))
  expect([
    // Held by nobody's group here, or one in which the person may not read statements.
    await file(second.finess, 'PAS-2026-000002', [offer(first)]),
    await file(second.finess, 'PAS-2026-000002', [offer(first), offer(second, 'pharmacist')]),
    // The pharmacy is theirs and the number another one's: the scope shows no such row.
    await file(first.finess, 'PAS-2026-000002', [offer(first)]),
    await file(first.finess, 'PAS-2026-000099', [offer(first)]),
    await file(first.finess, '../../etc/passwd', [offer(first)]),
    await file('', '', [offer(first)]),
  ]).toEqual(Array.from({ length: 6 }, () => 'not-found'))
  const left = (await events()).map(({ action, outcome, code, pharmacy_id }) => [action, outcome, code, pharmacy_id])
  expect(left).toEqual(Array.from({ length: 6 }, () => ['statement.download', 'denied', 'not-found', first.id]))
})

test('is no matter for a role that may not read statements, whatever is offered', async () => {
  const { first } = await billed()
  const actor = await personAt(first, 'pharmacist')
  const file = { finess: first.finess, number: 'PAS-2026-000001', kind: 'pdf' } as const
  expect(await codeOf(desk.viewGroup(actor, [offer(first)], { page: 1 }, request()))).toBe('forbidden')
  expect(await codeOf(desk.openGroupFile(actor, [offer(first)], file, request()))).toBe('forbidden')
  expect((await events()).map(({ outcome, code }) => [outcome, code])).toEqual([
    ['denied', 'forbidden'],
    ['denied', 'forbidden'],
  ])
})

test('sums every pharmacy however many there are, and shows each on one page', { timeout: 60_000 }, async () => {
  await world.close()
  const count = 203
  world = await openStatementsWorld(inject('postgresSuperUrl'), count)
  desk = bindStatementDesk(world.deps)
  await world.admin.begin(async (tx) => {
    await tx`set local session_replication_role = 'replica'`
    await tx`insert into charges (screening_id, kind, pharmacy_id, declaration_id, destination, charged_at, amount_cents, currency, tariff_id, demonstration)
      select gen_random_uuid(), 'charge', id, gen_random_uuid(), 'sidep', '2026-11-01T07:00:00Z', 100, 'EUR', 'standard', false from pharmacies`
  })
  const register = await world.admin<Pharmacy[]>`select id, finess, name from pharmacies`
  const offered = register.map((pharmacy) => offer(pharmacy))
  const actor = await personAt(world.pharmacies[0])
  const seen: string[] = []
  const pages = Math.ceil(count / groupPageLength)
  for (let page = 1; page <= pages; page++) {
    // What lies before the first or beyond the last is the first or the last.
    const asked = page === 1 ? 0 : page === pages ? 99_999 : page
    const view = await desk.viewGroup(actor, offered, { page: asked }, request())
    expect(view).toMatchObject({ page, pages, pharmacyCount: count, receipts: count, netCents: count * 100 })
    expect(view.firstPlace).toBe(seen.length + 1)
    seen.push(...view.rows.map(({ finess }) => finess))
  }
  expect(new Set(seen).size).toBe(count)
  expect(seen).toHaveLength(count)
})
