/** The ledger: whatever is captured, corrected, cancelled, retried, parked, sent again or closed, and in whatever order, it balances. */
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { addMs } from '../../src/base/clock.ts'
import { addCounts, brokenRules, type LedgerLine } from '../../src/domain/ledger.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import { parisDay } from '../../src/domain/paris-time.ts'
import { decideSettlement } from '../../src/domain/settlement.ts'
import type { ChargeTerms } from '../../src/domain/tariff.ts'
import { checkLedger } from '../../src/storage/check-ledger.ts'
import { closeLedgerDays, readLedger } from '../../src/storage/ledger.ts'
import { type Claim, claimDue, markSent, settle } from '../../src/storage/queries.ts'
import { type ActionsWorld, legalFields, newKey, newRequest, openActionsWorld } from '../support/actions-fixture.ts'

let the: ActionsWorld
let pharmacyId: string

beforeAll(async () => {
  the = await openActionsWorld()
  pharmacyId = the.pharmacies[0].id
})
afterAll(() => the?.close())
beforeEach(empty)

async function empty(): Promise<void> {
  await the.admin.begin(async (tx) => {
    // What keeps issued statements from being emptied would keep this from being emptied too.
    await tx.unsafe('set local session_replication_role = replica')
    await tx`truncate screenings, declarations, attempts, receipts, charges, idempotency_keys, ledger_closes, ledger_days,
      ledger_movements, ledger_carried cascade`
  })
  the.world.clock.move(Date.parse('2026-03-02T08:00:00Z') - the.world.clock.now().getTime())
}

const allTime = { from: '2026-01-01', to: '2026-12-31' }
type DestinationId = 'sidep' | 'dmp'
type Billing = { readonly billed: readonly DestinationId[]; readonly refund: boolean }
const usual: Billing = { billed: ['sidep'], refund: true }
const termsOf = ({ refund }: Billing): ChargeTerms => ({
  prices: [{ tariffId: 'standard', amountCents: 100, from: null, until: null }],
  currency: 'EUR',
  refundOnCancellation: refund,
  demonstration: false,
})
const outcomes = {
  taken: { class: 'accepted', receipt: { reference: null, answerSha256: 'b'.repeat(64) } },
  refused: { class: 'permanent', code: 'ins-mismatch' },
  lost: { class: 'ambiguous', code: 'answer-lost' },
  busy: { class: 'transient', code: 'busy' },
} as const satisfies Record<string, Outcome>
type Ending = keyof typeof outcomes

async function capture(): Promise<string> {
  const input = { fields: legalFields, idempotencyKey: newKey() }
  const done = await the.actions.captureScreening(the.person('pharmacist'), input, newRequest())
  if (!done.ok) throw new Error(JSON.stringify(done.problem))
  return done.value.screeningId
}

async function change(intent: 'correct' | 'cancel', screeningId: string): Promise<void> {
  const [row] = await the.admin<
    { version: number }[]
  >`select max(version) as version from screenings where screening_id = ${screeningId}`
  const input = { screeningId, version: row?.version ?? 1, reason: 'saisie à revoir', idempotencyKey: newKey() }
  const actor = the.person('pharmacist')
  if (intent === 'cancel') await the.actions.cancelScreening(actor, input, newRequest())
  else await the.actions.correctScreening(actor, { ...input, fields: { ...legalFields, birthName: 'LENÔTRE' } }, newRequest())
}

/** One turn of a worker at a destination: claims, sends, settles in one set; twice, where somebody else thinks it is theirs too. */
async function work(
  destination: DestinationId,
  endings: readonly Ending[],
  twice: boolean,
  billing: Billing = usual,
): Promise<readonly { claim: Claim; ending: Ending }[]> {
  const turn = {
    worker: 'w',
    leaseMs: 60_000,
    destination,
    limit: endings.length,
    turnAfter: '00000000-0000-4000-8000-000000000000',
    endedSets: [],
  }
  const { claims } = await the.database.forWorker((tx) => claimDue(tx, turn))
  await the.database.forWorker((tx) =>
    markSent(
      tx,
      claims.map((claim) => ({ ...claim, messageSha256: 'a'.repeat(64) })),
      60_000,
    ),
  )
  const ended = claims.map((claim, index) => ({ claim, ending: endings[index] ?? 'taken' }))
  const set = ended.map(({ claim, ending }) => {
    const outcome = outcomes[ending]
    const policy = { baseMs: 0, capMs: 0, attemptsMax: 2 }
    const settlement = decideSettlement({
      outcome,
      attemptCount: claim.attemptCount,
      policy,
      deduplicates: 'none',
      random: () => 0,
    })
    const charge = billing.billed.includes(destination) ? termsOf(billing) : null
    return {
      ...claim,
      attemptEpoch: claim.epoch,
      outcome: outcome.class,
      settlement,
      auditAction: 'declaration.settle',
      charge,
    } as const
  })
  const settleOnce = () => the.database.forWorker((tx) => settle(tx, set))
  const [first, second] = await Promise.all([settleOnce(), twice ? settleOnce() : null])
  return ended.filter(({ claim }) => first.has(claim.id) || second?.has(claim.id))
}

async function retryStopped(): Promise<void> {
  const stopped = await the.admin<{ id: string; screening_id: string }[]>`
    select id, screening_id from declarations where state in ('parked', 'rejected') order by id limit 3`
  for (const { id: declarationId, screening_id: screeningId } of stopped)
    await the.actions.retryDeclaration(the.person('titular'), { screeningId, declarationId }, newRequest())
}

async function markStopped(): Promise<void> {
  const [stopped] = await the.admin<{ id: string; screening_id: string }[]>`
    select id, screening_id from declarations where state in ('parked', 'rejected') order by id limit 1`
  if (!stopped) return
  const input = { screeningId: stopped.screening_id, declarationId: stopped.id, reason: 'vu chez le destinataire' }
  await the.actions.markReceived(the.person('titular'), input, newRequest())
}

async function close(): Promise<void> {
  const through = parisDay(addMs(the.world.clock.now(), -86_400_000))
  await the.database.forWorker((tx) => closeLedgerDays(tx, { pharmacyId, through }))
}

const lines = (options: { recount?: boolean } = {}): Promise<readonly LedgerLine[]> =>
  the.database.forPharmacy(pharmacyId, (tx) => readLedger(tx, { pharmacyId, ...allTime }, options))

type Step =
  | { do: 'capture' | 'retry' | 'mark' | 'close' | 'next-day' }
  | { do: 'correct' | 'cancel'; which: number }
  | { do: 'work'; destination: 'sidep' | 'dmp'; endings: Ending[]; twice: boolean }

const anyEnding = fc.constantFrom<Ending>('taken', 'taken', 'taken', 'refused', 'lost', 'busy')
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Step>({ do: 'capture' }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('correct' as const, 'cancel' as const), which: fc.nat(20) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('work' as const),
      destination: fc.constantFrom('sidep' as const, 'dmp' as const),
      endings: fc.array(anyEnding, { minLength: 1, maxLength: 6 }),
      twice: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.constantFrom<Step>({ do: 'retry' }, { do: 'mark' }, { do: 'close' }, { do: 'next-day' }) },
)
const anyRound = fc.array(anyStep, { minLength: 1, maxLength: 4 })

const sent = (destination: DestinationId, ending: Ending): Step => ({
  do: 'work',
  destination,
  endings: Array(6).fill(ending),
  twice: false,
})
/** Ways that chance seldom walks to their end: each is walked alone in every run, and at random with other rounds between and behind. */
const stories: readonly (readonly Step[])[] = [
  [{ do: 'capture' }, sent('sidep', 'busy'), sent('sidep', 'taken')],
  [{ do: 'capture' }, sent('sidep', 'lost'), { do: 'retry' }, sent('sidep', 'taken')],
  [{ do: 'capture' }, sent('sidep', 'taken'), sent('dmp', 'taken')],
  [{ do: 'capture' }, sent('sidep', 'refused'), { do: 'correct', which: 0 }, sent('sidep', 'taken')],
  [{ do: 'capture' }, sent('sidep', 'lost'), { do: 'mark' }, { do: 'correct', which: 0 }, sent('sidep', 'taken')],
  [{ do: 'capture' }, sent('sidep', 'taken'), { do: 'cancel', which: 0 }, sent('sidep', 'taken')],
]
const anyStory = fc
  .tuple(fc.constantFrom(...stories), fc.array(anyRound, { maxLength: 2 }))
  .map(([story, between]) => [...story.slice(0, 1).map((step) => [step]), ...between, ...story.slice(1).map((step) => [step])])
const anyRounds = fc
  .tuple(fc.oneof(fc.constant([]), anyStory), fc.array(anyRound, { minLength: 3, maxLength: 10 }))
  .map((parts) => parts.flat())
const anyBilling: fc.Arbitrary<Billing> = fc.record({
  billed: fc.constantFrom<readonly DestinationId[]>(['sidep'], ['sidep', 'dmp']),
  refund: fc.boolean(),
})

const walked = stories.flatMap((story): [Step[][], Billing][] => {
  const rounds = story.map((step) => [step])
  return [
    [rounds, usual],
    [rounds, { billed: ['sidep', 'dmp'], refund: false }],
  ]
})

/** What a person may be told instead: somebody was faster, or nothing of the kind is in force. */
const conflictsAside = (work: Promise<unknown>) =>
  work.catch((error: { code?: string }) => {
    if (error.code !== 'conflict') throw error
  })

test('balances after any interleaving, charges what the nation acknowledged first, and counts as the rows count', {
  timeout: 240_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(anyRounds, anyBilling, async (rounds, billing) => {
      await empty()
      const screenings: string[] = []
      const paid = new Map<string, Set<string>>()
      const withdrawn = new Set<string>()
      const take = async (step: Step): Promise<void> => {
        if (step.do === 'capture') screenings.push(await capture())
        else if (step.do === 'correct' || step.do === 'cancel') {
          const screeningId = screenings[step.which % Math.max(screenings.length, 1)]
          if (screeningId) await change(step.do, screeningId)
        } else if (step.do === 'work') {
          const won = await work(step.destination, step.endings, step.twice, billing)
          for (const { claim, ending } of won) {
            if (ending !== 'taken' || !billing.billed.includes(step.destination)) continue
            const { kind, screeningId } = claim
            if (kind === 'original') paid.set(screeningId, (paid.get(screeningId) ?? new Set()).add(step.destination))
            if (kind === 'cancellation') withdrawn.add(`${screeningId} ${step.destination}`)
          }
        } else if (step.do === 'retry') await retryStopped()
        else if (step.do === 'mark') await markStopped()
        else if (step.do === 'close') await close()
        else the.world.clock.move(86_400_000)
      }
      for (const round of rounds) {
        // What stands in one round happens at once, each on a connection of its own.
        const seen = Promise.all([lines(), lines()])
        await Promise.all(round.map((step) => conflictsAside(take(step))))
        for (const snapshot of [...(await seen), await lines()]) expect(snapshot.flatMap(brokenRules)).toEqual([])
      }
      expect(await lines()).toEqual(await lines({ recount: true }))
      const sum = addCounts(await lines())
      const [rows] = await the.admin<{ declared: number; receipts: number }[]>`
        select (select count(*) from declarations)::int as declared, (select count(*) from receipts)::int as receipts`
      expect([sum.captured, sum.receipts]).toEqual([rows?.declared, rows?.receipts])
      const charges = await the.admin<{ screening_id: string; kind: string; amount_cents: number; destination: string }[]>`
          select screening_id, kind, amount_cents, destination from charges order by kind, screening_id`
      const chargedAt = new Map(charges.filter(({ kind }) => kind === 'charge').map((row) => [row.screening_id, row.destination]))
      const owed = [...paid.keys()].sort()
      const credited = billing.refund ? owed.filter((id) => withdrawn.has(`${id} ${chargedAt.get(id)}`)) : []
      expect(charges.map((row) => [row.kind, row.screening_id, row.amount_cents])).toEqual([
        ...owed.map((id) => ['charge', id, 100]),
        ...credited.map((id) => ['credit', id, -100]),
      ])
      for (const [id, destination] of chargedAt) expect(paid.get(id)).toContain(destination)
      // One screening is one charge, however many billed destinations took it.
      expect(sum.charged).toBe(paid.size)
    }),
    { examples: walked, numRuns: walked.length + Number(process.env['LEDGER_RUNS'] ?? 20) },
  )
})

describe('a difference is named, item by item', () => {
  const differences = async (recount = false) => {
    const { differences: found } = await checkLedger(the.database, { pharmacyIds: [pharmacyId], ...allTime, recount })
    return found.map(({ line, rules, items }) => [
      line.day,
      line.destination,
      rules,
      items.map((item) => [item.screeningId, item.problem]),
    ])
  }
  /** Past row-level security and foreign keys: what a person with the database password, or a fault of ours, could do. */
  const tamper = (statement: string) =>
    the.admin.begin(async (tx) => {
      await tx.unsafe('set local session_replication_role = replica')
      await tx.unsafe(statement)
    })
  const creditOf = (id: string, declaration: string) => `insert into charges
      (screening_id, kind, pharmacy_id, declaration_id, destination, charged_at, amount_cents, currency, tariff_id, demonstration)
    select screening_id, 'credit', pharmacy_id, (${declaration}), destination, charged_at, -amount_cents, currency, tariff_id, demonstration
    from charges where screening_id = '${id}'`
  const twoTaken = async () => {
    const ids = [await capture(), await capture()]
    await work('sidep', ['taken', 'taken'], false)
    expect(await differences(true)).toEqual([])
    return ids as [string, string]
  }

  test.for([
    [
      'a declaration that is gone',
      (id: string) => `delete from declarations where screening_id = '${id}' and destination = 'dmp'`,
      'dmp',
      ['states', 'items'],
      'not-declared',
    ],
    [
      'a declaration beside what the capture said',
      (id: string) => `update screenings set declared_to = '{dmp}' where screening_id = '${id}'`,
      'sidep',
      ['states', 'items'],
      'declared-beside',
    ],
    [
      'a receipt that is gone',
      (id: string) => `delete from receipts where declaration_id in (select id from declarations where screening_id = '${id}')`,
      'sidep',
      ['receipts', 'first-sendings', 'charges', 'items'],
      'receipt-missing',
    ],
    [
      'an acknowledgement that was taken back',
      (id: string) => `update declarations set state = 'parked' where screening_id = '${id}' and destination = 'sidep'`,
      'sidep',
      ['receipts', 'first-sendings', 'items'],
      'receipt-beside',
    ],
    [
      'a charge that is gone',
      (id: string) => `delete from charges where screening_id = '${id}'`,
      'sidep',
      ['charges', 'items'],
      'charge-missing',
    ],
    [
      'a charge for a receipt that was free',
      (id: string) =>
        `update receipts set billed = false where declaration_id in (select id from declarations where screening_id = '${id}')`,
      'sidep',
      ['charges', 'items'],
      'charge-beside',
    ],
    [
      'a charge that names the receipt of another screening',
      (id: string) => `update charges c set declaration_id = d.id from declarations d
        where c.screening_id = '${id}' and d.screening_id <> c.screening_id and d.destination = 'sidep'`,
      'sidep',
      ['items'],
      'charge-missing',
    ],
    [
      'a credit without a cancellation',
      (id: string) => creditOf(id, `select declaration_id from charges where screening_id = '${id}'`),
      'sidep',
      ['items'],
      'credit-beside',
    ],
    [
      'a credit that names the receipt of another screening',
      (id: string) => creditOf(id, `select declaration_id from charges where screening_id <> '${id}'`),
      'sidep',
      ['items'],
      'credit-beside',
    ],
  ] as const)('%s', async ([, statement, destination, rules, problem]) => {
    const [, wronged] = await twoTaken()
    await tamper(statement(wronged))
    expect(await differences()).toEqual([['2026-03-02', destination, rules, [[wronged, problem]]]])
    // Closed as it is, the day keeps its difference, and says the same items.
    the.world.clock.move(86_400_000)
    await close()
    expect(await differences()).toEqual([['2026-03-02', destination, rules, [[wronged, problem]]]])
  })

  test('a credit for a cancellation that no receipt proves, named on the cancellation’s own day', async () => {
    const [, wronged] = await twoTaken()
    the.world.clock.move(86_400_000)
    await close()
    await change('cancel', wronged)
    await tamper(
      creditOf(
        wronged,
        `select id from declarations where screening_id = '${wronged}' and kind = 'cancellation' and destination = 'sidep'`,
      ),
    )
    expect(await differences()).toEqual([['2026-03-03', 'sidep', ['items'], [[wronged, 'credit-beside']]]])
  })

  test('one charge too few and one too many on a day do not make each other good', async () => {
    const [one, other] = await twoTaken()
    await tamper(`delete from charges where screening_id = '${one}'`)
    await tamper(
      `update receipts set billed = false where declaration_id in (select id from declarations where screening_id = '${other}')`,
    )
    const [found] = await differences()
    expect(found?.[2]).toEqual(['items'])
    expect(found?.[3]).toHaveLength(2)
  })

  test('what is changed on a closed day is not scanned again, and a recount finds it', async () => {
    const [wronged] = await twoTaken()
    the.world.clock.move(86_400_000)
    await close()
    await tamper(`delete from charges where screening_id = '${wronged}'`)
    expect(await differences()).toEqual([])
    expect(await differences(true)).toEqual([['2026-03-02', 'sidep', ['close'], [[wronged, 'charge-missing']]]])
    // The page of that day reads its items from the rows, and does not call balanced what it lists below.
    const day = await the.actions.getLedgerDay(the.person('titular'), '2026-03-02', newRequest())
    expect([day.balanced, day.differing.map((item) => item.problem)]).toEqual([false, ['charge-missing']])
  })

  test('a carried declaration that vanishes is missed on its day', async () => {
    const lost = await capture()
    the.world.clock.move(86_400_000)
    await close()
    await tamper(`delete from declarations where screening_id = '${lost}' and destination = 'sidep'`)
    expect(await differences()).toEqual([['2026-03-02', 'sidep', ['states'], [[lost, 'not-declared']]]])
  })
})

describe('closing days', () => {
  test('writes each day once, carries what may still move, and books its end as a movement of its own day', async () => {
    await capture()
    await work('sidep', ['taken'], false)
    the.world.clock.move(86_400_000)
    await close()
    await close()
    expect(
      await the.admin`select day::text, destination, captured, accepted, carried from ledger_days order by destination`,
    ).toEqual([
      { day: '2026-03-02', destination: 'dmp', captured: 1, accepted: 0, carried: 1 },
      { day: '2026-03-02', destination: 'sidep', captured: 1, accepted: 1, carried: 0 },
    ])
    await work('dmp', ['taken'], false)
    // Between its end and the next close it is counted where it stands.
    expect(addCounts(await lines())).toMatchObject({ captured: 2, accepted: 2, receipts: 2, queued: 0 })
    the.world.clock.move(86_400_000)
    await close()
    expect(await the.admin`select day::text, destination, moved_on::text, accepted from ledger_movements`).toEqual([
      { day: '2026-03-02', destination: 'dmp', moved_on: '2026-03-03', accepted: 1 },
    ])
    expect(await the.admin`select * from ledger_carried`).toHaveLength(0)
    expect(addCounts(await lines())).toMatchObject({ captured: 2, accepted: 2, receipts: 2 })
  })

  test('closes no day that has not ended by the database’s own clock, whatever day it is asked for', async () => {
    const now = Date.now()
    the.world.clock.move(now - the.world.clock.now().getTime())
    await the.admin`insert into ledger_closes values (${pharmacyId}, ${parisDay(new Date(now - 86_400_000))})`
    const asked = { pharmacyId, through: parisDay(new Date(now + 86_400_000)) }
    expect(await the.database.forWorker((tx) => closeLedgerDays(tx, asked))).toMatchObject({ closed: false, more: false })
  })

  test('two that close at once close once', async () => {
    await capture()
    the.world.clock.move(86_400_000)
    await Promise.all([close(), close(), close()])
    expect(await the.admin`select * from ledger_days`).toHaveLength(2)
    expect(addCounts(await lines()).captured).toBe(2)
  })
})
