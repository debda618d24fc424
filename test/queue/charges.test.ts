/** Money, one euro a screening: written with the receipt, once, at the price of that instant, and for nothing else. */
import { expect, test } from 'vitest'
import type { ChargeTerms } from '../../src/domain/tariff.ts'
import { createTestDestination, oneEuro, type TestQueue, withQueue } from './harness.ts'

const hour = 3_600_000
const charges = (q: TestQueue) =>
  q.sql`select screening_id, kind, destination, amount_cents, tariff_id, demonstration from charges order by kind, screening_id`
const at = (id: string, terms: ChargeTerms | null) => createTestDestination({ id, chargeTermsOf: () => terms })

test('a charge carries the price that is in force when its receipt comes, and the first in the list where two are', () =>
  withQueue(async (q) => {
    const now = Date.now()
    const price = (tariffId: string, amountCents: number, from: number | null, until: number | null) => ({
      ...{ tariffId, amountCents },
      from: from === null ? null : new Date(now + from),
      until: until === null ? null : new Date(now + until),
    })
    const prices = [
      price('past', 1, null, -hour),
      price('coming', 2, hour, null),
      price('agreed', 80, -hour, hour),
      price('default', 100, null, null),
    ]
    const { screeningId } = await q.addDeclaration()
    await q.worker(at('sidep', { ...oneEuro, prices, demonstration: true })).runOnce()
    expect(await charges(q)).toEqual([
      {
        screening_id: screeningId,
        kind: 'charge',
        destination: 'sidep',
        amount_cents: 80,
        tariff_id: 'agreed',
        demonstration: true,
      },
    ])
    await q.checkInvariants()
  }))

test('two billed destinations that take one screening at the same moment charge it once', () =>
  withQueue(async (q) => {
    for (let index = 0; index < 40; index++) {
      const { screeningId } = await q.addDeclaration({ destination: 'sidep' })
      await q.addDeclaration({ destination: 'other', screeningId })
    }
    // A pace that has only just begun may let fewer than all of them go in the first round.
    const drain = async (id: string) => {
      const worker = q.worker(at(id, oneEuro))
      for (let round = 0; round < 10; round++) await worker.runOnce()
    }
    await Promise.all([drain('sidep'), drain('other')])
    expect(await q.count('receipts')).toBe(80)
    expect(await q.count('charges')).toBe(40)
    expect(q.events.failed).toEqual([])
    await q.checkInvariants()
  }))

test('a destination that is not billed takes screenings for nothing, and its receipts say so', () =>
  withQueue(async (q) => {
    await q.addDeclaration()
    await q.worker(at('sidep', null)).runOnce()
    expect([await q.count('receipts', 'not billed'), await q.count('charges')]).toEqual([1, 0])
  }))

test('what is refused, parked, or taken on a second try is charged for its receipt alone', () =>
  withQueue(async (q) => {
    const { controlId: refused } = await q.addDeclaration()
    const { controlId: lost } = await q.addDeclaration()
    const { screeningId } = await q.addDeclaration()
    let tries = 0
    const destination = at('sidep', oneEuro)
    destination.fault = (document) => {
      if (document.controlId === refused) return 'refuse'
      if (document.controlId === lost) return 'lose-answer'
      return tries++ === 0 ? 'busy' : null
    }
    await q.worker(destination).runOnce()
    expect(await q.count('charges')).toBe(0)
    await q.makeDue()
    await q.worker(destination).runOnce()
    expect((await charges(q)).map((row) => row.screening_id)).toEqual([screeningId])
  }))

test('a replacement is free even where its original was never acknowledged', () =>
  withQueue(async (q) => {
    const destination = at('sidep', oneEuro)
    const { screeningId, controlId: refused } = await q.addDeclaration()
    destination.fault = (document) => (document.controlId === refused ? 'refuse' : null)
    await q.worker(destination).runOnce()
    await q.addDeclaration({ screeningId, version: 2, kind: 'replacement' })
    await q.worker(destination).runOnce()
    expect([await q.count('receipts'), await q.count('charges')]).toEqual([1, 0])
  }))

test.for([
  ['gives nothing back', false, []],
  ['gives the charge back once, where the tariff says so', true, [['credit', -100]]],
] as const)('a cancellation that is taken %s', ([, refundOnCancellation, credits]) =>
  withQueue(async (q) => {
    const destination = at('sidep', { ...oneEuro, refundOnCancellation })
    const { screeningId } = await q.addDeclaration()
    await q.worker(destination).runOnce()
    await q.addDeclaration({ screeningId, version: 2, kind: 'replacement' })
    await q.worker(destination).runOnce()
    await q.addDeclaration({ screeningId, version: 3, kind: 'cancellation' })
    await q.worker(destination).runOnce()
    expect((await charges(q)).map((row) => [row.kind, row.amount_cents])).toEqual([['charge', 100], ...credits])
  }),
)
