import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BlindIndexSubject, blindIndex, isSamePerson } from '../../src/crypto/blind-index.ts'
import { planBlindIndexes } from '../../src/crypto/blind-index-plan.ts'
import type { KeyRing } from '../../src/crypto/key-ring.ts'
import { normaliseName } from '../../src/crypto/normalise-name.ts'
import { openRingWorld, pharmacyA, pharmacyB, type RingWorld } from './ring-fixture.ts'

describe('the plan of blind indexes', () => {
  test.each([
    [10_000, 7, 12],
    [100_000, 9, 15],
    [1_000_000, 10, 18],
    [10_000_000, 12, 22],
  ])('for %i rows allows %i to %i bits, and takes the most', (rows, bitsMin, bitsMax) => {
    expect(planBlindIndexes(rows, 1)).toEqual({ ok: true, value: { bitsEach: bitsMax, bitsMin, bitsMax } })
  })

  test('keeps 2 ≤ R / 2^B ≤ √R for every population and one or two indexes', () => {
    for (let rows = 16; rows < 2 ** 30; rows = Math.ceil(rows * 1.07)) {
      for (const indexes of [1, 2]) {
        const plan = planBlindIndexes(rows, indexes)
        if (!plan.ok) continue
        const crowd = rows / 2 ** (plan.value.bitsEach * indexes)
        expect(crowd).toBeGreaterThanOrEqual(2)
        expect(crowd).toBeLessThanOrEqual(Math.sqrt(rows) + 1e-9)
      }
      expect(planBlindIndexes(rows, 1).ok).toBe(true)
    }
  })

  test('refuses what would single people out', () => {
    expect(planBlindIndexes(15, 1)).toEqual({ ok: false, problem: 'too-few-rows' })
    expect(planBlindIndexes(Number.NaN, 1)).toEqual({ ok: false, problem: 'too-few-rows' })
    expect(planBlindIndexes(1000, 20)).toEqual({ ok: false, problem: 'too-many-indexes' })
  })
})

describe('names', () => {
  test.each([
    ["D'ANGELO", 'DANGELO'],
    ['d’Angelo', "D'ANGELO"],
    ['ÉLODIE', 'Elodie'],
    ['ÐORÐE', 'DORDE'],
    ['DE  LA   TOUR', 'DELATOUR'],
    ['Jean-Pierre', 'JEAN PIERRE'],
    ['E\u0301LODIE', 'ÉLODIE'],
    ['Straße', 'STRASSE'],
    ['Lœuil', 'LOEUIL'],
    ['ŁUKASZ', 'lukasz'],
    ['ÆGIDIUS', 'aegidius'],
    ['ﬁgueira', 'FIGUEIRA'],
  ])('%s and %s are one', (one, other) => expect(normaliseName(one)).toBe(normaliseName(other)))

  test.each([
    ['DUPONT', 'DUPOND'],
    ['MARTIN', 'MARTINE'],
    ['LI', 'LY'],
    ['LE GALL', 'LEGAL'],
  ])('%s and %s stay two', (one, other) => expect(normaliseName(one)).not.toBe(normaliseName(other)))
})

describe('blind indexes', () => {
  let world: RingWorld
  let ring: KeyRing
  beforeAll(async () => {
    world = await openRingWorld()
    ring = world.ring()
  })
  afterAll(() => world.close())

  const identity = (birthName: string, birthDate = '1980-05-17'): BlindIndexSubject => ({
    kind: 'identity',
    birthName,
    birthDate,
  })
  const index = (subject: BlindIndexSubject, pharmacyId = pharmacyA, bits = 12) =>
    blindIndex({ ring }, { pharmacyId, bits, subject })

  test('are equal for one person however the name is written, and say their version and length', async () => {
    expect(await index(identity('D’Angelo'))).toBe(await index(identity('DANGELO')))
    expect(await index(identity('X'))).toMatch(/^1\.12\.[0-9a-f]{1,3}$/)
  })

  test('differ by pharmacy and by what they are of', async () => {
    const ins: BlindIndexSubject = { kind: 'ins', matricule: '180057510812336' }
    const all = await Promise.all([
      index(identity('MARTIN'), pharmacyA, 32),
      index(identity('MARTIN'), pharmacyB, 32),
      index(identity('MARTIN', '1980-05-18'), pharmacyA, 32),
      index(ins, pharmacyA, 32),
      index(ins, pharmacyB, 32),
    ])
    expect(new Set(all).size).toBe(5)
  })

  test('are no prefix of a longer one’s text', async () => {
    expect(await index(identity('MARTIN'), pharmacyA, 7)).not.toBe(await index(identity('MARTIN'), pharmacyA, 8))
  })
})

describe('a search by index', () => {
  /** The ring's digests over one key in memory: ten thousand of them in a moment. */
  const secret = randomBytes(32)
  const ring: Pick<KeyRing, 'macForPharmacy'> = {
    macForPharmacy: async (_pharmacy, purpose, bytes) => createHmac('sha256', secret).update(purpose).update(bytes).digest(),
  }
  const pharmacyId = randomUUID()
  const identityOfNobody: BlindIndexSubject = { kind: 'ins', matricule: '' }
  const surnames = [
    'MARTIN',
    'BERNARD',
    'THOMAS',
    'PETIT',
    'ROBERT',
    'RICHARD',
    'DURAND',
    'DUBOIS',
    'MOREAU',
    'LAURENT',
    'LEFÈVRE',
    "D'ANGELO",
    'LE GALL',
  ]
  /** As uneven as real names: each next one is rarer. */
  const people = Array.from({ length: 10_000 }, (_, number): BlindIndexSubject => {
    const rank = Math.floor(Math.abs(Math.sin(number * 12.9898) * 43758.5453) % surnames.length)
    const name = `${surnames[Math.min(rank, number % surnames.length)]}${number % 7 === 0 ? ` ${number}` : ''}`
    const day = new Date(Date.UTC(1930, 0, 1) + (Math.floor(number * 7919) % 32_000) * 86_400_000)
    return { kind: 'identity', birthName: name, birthDate: day.toISOString().slice(0, 10) }
  })

  test('then opened and compared, finds exactly the rows that a search in clear text finds', async () => {
    const bits = 12
    const indexed = await Promise.all(people.map((subject) => blindIndex({ ring }, { pharmacyId, bits, subject })))
    const rowsByIndex = Map.groupBy(people.keys(), (row) => indexed[row] ?? '')
    const clear = (subject: BlindIndexSubject) =>
      subject.kind === 'identity' ? `${subject.birthName.normalize('NFD').replaceAll(/[^A-Z0-9]/g, '')}|${subject.birthDate}` : ''
    const rowsByClear = Map.groupBy(people.keys(), (row) => clear(people[row] ?? identityOfNobody))
    let wrong = 0
    for (const [row, subject] of people.entries()) {
      const candidates = rowsByIndex.get(indexed[row] ?? '') ?? []
      const found = candidates.filter((candidate) => isSamePerson(people[candidate] ?? subject, subject))
      if (found.join() !== rowsByClear.get(clear(subject))?.join()) wrong++
    }
    expect(wrong).toBe(0)
  })

  test('leaves each index value in a crowd: no value is far more frequent than chance makes it', async () => {
    const bits = 7
    const distinct = [...new Map(people.map((subject) => [JSON.stringify(subject), subject])).values()]
    const counts = new Map<string, number>()
    for (const subject of distinct) {
      const value = await blindIndex({ ring }, { pharmacyId, bits, subject })
      counts.set(value, (counts.get(value) ?? 0) + 1)
    }
    const mean = distinct.length / 2 ** bits
    expect(counts.size).toBe(2 ** bits)
    // Six standard deviations of a fair draw.
    expect(Math.max(...counts.values())).toBeLessThan(mean + 6 * Math.sqrt(mean))
    expect(Math.min(...counts.values())).toBeGreaterThan(mean - 6 * Math.sqrt(mean))
  })
})
