/** Statements: integer cents, the standard's rounding, months of Paris, and credit that never passes what was charged. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type ChargedDay,
  creditableOf,
  decimalOf,
  draftCreditNote,
  draftInvoice,
  isStatementNumber,
  linesOf,
  type Statement,
  statementNumber,
  totalsOf,
  vatOf,
} from '../../src/domain/statement.ts'
import { mixedDays, sampleBuyer, sampleInvoice, sampleIssuer } from '../support/sample-statements.ts'

describe('VAT', () => {
  test.for([
    [100, 2000, 20],
    [1, 2000, 0],
    [3, 2000, 1], // 0.6
    [250, 2000, 50],
    [10, 550, 1], // 0.55
    [1000, 550, 55],
    [2, 2500, 1], // exactly a half goes up
    [-2, 2500, -1], // and away from zero below it
    [-3, 2000, -1],
    [0, 2000, 0],
    [1_000_000_000_000, 2000, 200_000_000_000],
    [123_456, 0, 0],
  ] as const)('%d cents at %d basis points come to %d', ([net, rate, vat]) => {
    expect(vatOf(net, rate)).toBe(vat)
  })

  test('is what exact fractions say, for any amount and rate', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }), fc.integer({ min: 0, max: 10_000 }), (net, rate) => {
        const exact = BigInt(net) * BigInt(rate)
        const error = BigInt(vatOf(net, rate)) * 10_000n - exact
        expect(error <= 5_000n && error >= -5_000n).toBe(true)
      }),
    )
  })

  test('is taken once on the total: many small lines lose no cent', () => {
    const lines = Array.from({ length: 5 }, () => ({ netCents: 3 }))
    expect(totalsOf(lines, 2000)).toEqual({ netCents: 15, vatCents: 3, grossCents: 18 })
  })

  test('refuses what is no whole number of cents or basis points', () => {
    for (const [net, rate] of [
      [0.5, 2000],
      [Number.NaN, 2000],
      [1e15, 2000],
      [100, -1],
      [100, 10_001],
      [100, 20.5],
    ] as const)
      expect(() => vatOf(net, rate)).toThrow()
  })
})

describe('the lines of a month', () => {
  test('are one a month and price, what came late after the rest and marked, refunds apart', () => {
    expect(linesOf('2026-10', mixedDays)).toEqual([
      { position: 1, month: '2026-10', late: false, unitCents: 80, count: 41, netCents: 3280 },
      { position: 2, month: '2026-10', late: false, unitCents: 97, count: 33, netCents: 3201 },
      { position: 3, month: '2026-10', late: false, unitCents: 80, count: -2, netCents: -160 },
      { position: 4, month: '2026-09', late: true, unitCents: 80, count: 3, netCents: 240 },
    ])
  })

  test('come to the sum of the days, whatever the days and their order', () => {
    const anyDay = fc.record({
      day: fc
        .integer({ min: 1, max: 61 })
        .map((n) => (n > 31 ? `2026-09-${String(n - 31).padStart(2, '0')}` : `2026-10-${String(n).padStart(2, '0')}`)),
      unitCents: fc.integer({ min: 0, max: 300 }),
      count: fc.integer({ min: -5, max: 500 }),
    })
    fc.assert(
      fc.property(fc.array(anyDay, { maxLength: 80 }), (days: readonly ChargedDay[]) => {
        const lines = linesOf('2026-10', days)
        expect(lines.reduce((sum, line) => sum + line.netCents, 0)).toBe(
          days.reduce((sum, day) => sum + day.count * day.unitCents, 0),
        )
        expect(linesOf('2026-10', days.toReversed())).toEqual(lines)
      }),
    )
  })

  test('never bill a day of a later month', () => {
    expect(() => linesOf('2026-10', [{ day: '2026-11-01', unitCents: 100, count: 1 }])).toThrow()
  })
})

describe('a statement', () => {
  const draft = (overrides: Partial<Parameters<typeof draftInvoice>[0]>) =>
    draftInvoice({
      month: '2028-02',
      days: [{ day: '2028-02-29', unitCents: 100, count: 1 }],
      issuedOn: '2028-03-01',
      vatRateBasisPoints: 2000,
      issuer: sampleIssuer,
      buyer: sampleBuyer,
      demonstration: false,
      ...overrides,
    })

  test('of February goes to the 29th in a leap year, and is due thirty days after its issue', () => {
    expect(draft({})).toMatchObject({ firstDay: '2028-02-01', lastDay: '2028-02-29', dueOn: '2028-03-31', grossCents: 120 })
  })

  test('is not made for an empty month, nor for one whose charges were all given back', () => {
    expect(draft({ days: [] })).toBeNull()
    expect(draft({ days: [{ day: '2028-02-01', unitCents: 100, count: 0 }] })).toBeNull()
  })

  test('cannot be made before its month is over', () => {
    expect(() => draft({ issuedOn: '2028-02-29' })).toThrow('over')
  })
})

describe('a credit note', () => {
  const original = sampleInvoice({ days: mixedDays })
  const credit = (items: readonly { position: number; count: number }[], earlier: readonly Statement[] = []) =>
    draftCreditNote({ original, earlier, items, reason: 'geste commercial', issuedOn: '2026-11-12' })

  test('gives back so many of a line, with the VAT of the statement, and names it', () => {
    expect(credit([{ position: 2, count: 10 }])).toMatchObject({
      ok: true,
      value: { kind: 'credit-note', netCents: 970, vatCents: 194, grossCents: 1164, credited: { number: original.number } },
    })
  })

  test('never gives back again what the statement itself refunded', () => {
    expect(creditableOf(original, [])).toEqual(
      new Map([
        [1, 39],
        [2, 33],
        [3, 0],
        [4, 3],
      ]),
    )
    expect(credit([{ position: 1, count: 40 }])).toEqual({ ok: false, problem: 'more-than-charged' })
    expect(credit([{ position: 1, count: 39 }])).toMatchObject({ ok: true, value: { netCents: 3120 } })
  })

  test('never comes to more than the statement, where it refunds charges of an earlier price', () => {
    const days = [
      { day: '2026-10-02', unitCents: 97, count: 10 },
      { day: '2026-10-02', unitCents: 80, count: -1 },
    ]
    const refunding = sampleInvoice({ days })
    const all = (count: number, earlier: readonly Statement[] = []) =>
      draftCreditNote({
        ...{ original: refunding, earlier, reason: 'geste commercial', issuedOn: '2026-11-12' },
        items: [{ position: 1, count }],
      })
    expect(all(10)).toEqual({ ok: false, problem: 'more-than-charged' })
    const nine = all(9)
    if (!nine.ok) throw new Error(nine.problem)
    expect(all(1, [{ ...nine.value, number: 'PAS-2026-000099' }])).toEqual({ ok: false, problem: 'more-than-charged' })
  })

  test('never passes what was charged, over all credit notes on it', () => {
    const first = credit([{ position: 2, count: 30 }])
    if (!first.ok) throw new Error(first.problem)
    const earlier = [{ ...first.value, number: 'PAS-2026-000013' }]
    expect(creditableOf(original, earlier).get(2)).toBe(3)
    expect(credit([{ position: 2, count: 4 }], earlier)).toEqual({ ok: false, problem: 'more-than-charged' })
    expect(credit([{ position: 2, count: 3 }], earlier).ok).toBe(true)
  })

  test.for([
    ['nothing', [], 'nothing-credited'],
    ['none of a line', [{ position: 1, count: 0 }], 'nothing-credited'],
    ['a line that is not there', [{ position: 9, count: 1 }], 'no-such-line'],
    [
      'a line twice',
      [
        { position: 1, count: 1 },
        { position: 1, count: 1 },
      ],
      'no-such-line',
    ],
    ['fewer than none', [{ position: 1, count: -1 }], 'more-than-charged'],
    ['a part of one', [{ position: 1, count: 0.5 }], 'more-than-charged'],
    ['a refund', [{ position: 3, count: 1 }], 'more-than-charged'],
  ] as const)('on %s is refused', ([, items, problem]) => {
    expect(credit(items)).toEqual({ ok: false, problem })
  })

  test('on a credit note is refused', () => {
    const note = credit([{ position: 1, count: 1 }])
    if (!note.ok) throw new Error(note.problem)
    const onNote = { original: { ...note.value, number: 'PAS-2026-000014' }, earlier: [], reason: 'x', issuedOn: '2026-11-12' }
    expect(draftCreditNote({ ...onNote, items: [{ position: 1, count: 1 }] })).toEqual({ ok: false, problem: 'not-an-invoice' })
  })
})

test('numbers say issuer, year and place; amounts are written with two decimals', () => {
  expect(statementNumber({ prefix: 'PAS', year: 2026, sequence: 12 })).toBe('PAS-2026-000012')
  expect(['PAS-2026-000012', 'PAS-2026-12', '../x', 'pas-2026-000012'].map(isStatementNumber)).toEqual([
    true,
    false,
    false,
    false,
  ])
  expect([0, 5, 50, 123456, -5].map(decimalOf)).toEqual(['0.00', '0.05', '0.50', '1234.56', '-0.05'])
})
