/** The checker of fault runs finds each kind of broken promise, and nothing where all was kept. */
import { expect, test } from 'vitest'
import type { Delivery, Received } from '../simulators/sidep/national-file.ts'
import { type DeclarationFacts, type Facts, judge, type Receiver } from './checker.ts'
import type { Told } from './clients.ts'

const at = (second: number) => `2026-03-02T09:00:${String(second).padStart(2, '0')}.000Z`

/** A screening captured and corrected, both versions accepted and taken in their order. */
function kept() {
  const told: Told[] = [
    { kind: 'capture', screeningId: 's', version: 1, mark: 'A' },
    { kind: 'correct', screeningId: 's', version: 2, mark: 'B' },
  ]
  const declaration = (version: number): DeclarationFacts => ({
    id: `d${version}`,
    screeningId: 's',
    version,
    destination: 'x',
    state: 'accepted',
    code: null,
    controlId: `C${version}`,
    receipts: 1,
    unknownEnds: 0,
  })
  const facts = {
    declarations: [declaration(1), declaration(2)],
    screenings: [{ screeningId: 's', version: 2, status: 'signed' }],
    screeningCount: 1,
  }
  const received = [
    arrival('C1', { version: 1, replacesVersion: null, second: 1 }),
    arrival('C2', { version: 2, replacesVersion: 1, second: 2 }),
  ]
  const held = { current: { version: 2, patient: { name: 'B' } }, cancelled: false, taken: { 1: 1, 2: 1 } }
  const receiver = { destination: 'x', deduplicates: true, received, screenings: new Map([['s', held]]) }
  return { told, toldBefore: 0, facts, receiver }
}

function arrival(controlId: string, of: { version: number; replacesVersion: number | null; second: number }): Received {
  const report = { screeningId: 's', version: of.version, replacesVersion: of.replacesVersion }
  const delivery = { at: at(of.second), controlId, effect: true, refusal: null, report } as unknown as Delivery
  return { controlId, deliveries: [delivery], taken: 1, report: delivery.report }
}

type World = ReturnType<typeof kept>
function verdictOf(change: (world: World) => void) {
  const world = kept()
  change(world)
  const { told, toldBefore, receiver } = world
  const facts: Facts = world.facts
  const { lost, doubled, misordered } = judge({ told, toldBefore, facts, receivers: [receiver as unknown as Receiver] })
  return [lost.length > 0, doubled.length > 0, misordered.length > 0]
}
const change = <Row>(rows: Row[], index: number, by: Partial<Row>) => Object.assign(rows[index] as object, by)

test('nothing is found where every promise was kept', () => {
  expect(verdictOf(() => undefined)).toEqual([false, false, false])
})

test.each<[string, (world: World) => void]>([
  ['a screening that was told and is not stored', (w) => w.facts.screenings.pop()],
  ['an older version than was told', (w) => change(w.facts.screenings, 0, { version: 1 })],
  ['a declaration that goes nowhere', (w) => change(w.facts.declarations, 1, { state: 'queued', receipts: 0 })],
  ['a declaration that was left under way', (w) => change(w.facts.declarations, 1, { state: 'sent', receipts: 0 })],
  ['an acceptance without a receipt', (w) => change(w.facts.declarations, 1, { receipts: 0 })],
  ['a receipt for what was never taken', (w) => change(w.receiver.received, 1, { taken: 0, deliveries: [] })],
  [
    'one parked where the receiver would know it again',
    (w) => change(w.facts.declarations, 1, { state: 'parked', code: 'answer-lost', receipts: 0, unknownEnds: 1 }),
  ],
  [
    'one parked though no try of it ended unknown',
    (w) => {
      Object.assign(w.receiver, { deduplicates: false, received: w.receiver.received.slice(0, 1) })
      change(w.facts.declarations, 1, { state: 'parked', code: 'answer-lost', receipts: 0 })
    },
  ],
  ['another content than the last that was told', (w) => change(w.told, 1, { mark: 'C' })],
  ['an older version in force there', (w) => Object.assign(w.receiver.screenings.get('s')?.current ?? {}, { version: 1 })],
])('lost: %s', (_, broken) => {
  expect(verdictOf(broken)[0]).toBe(true)
})

test.each<[string, (world: World) => void]>([
  ['one control id taken twice', (w) => change(w.receiver.received, 0, { taken: 2 })],
  ['one version taken under two control ids', (w) => Object.assign(w.receiver.screenings.get('s')?.taken ?? {}, { 1: 2 })],
  ['a screening that nobody was told of', (w) => Object.assign(w.facts, { screeningCount: 2 })],
  ['an effect that no declaration stands for', (w) => change(w.facts.declarations, 0, { controlId: 'C9' })],
  ['an effect of what counts as never sent', (w) => change(w.facts.declarations, 0, { state: 'cancelled', receipts: 0 })],
])('doubled: %s', (_, broken) => {
  expect(verdictOf(broken)[1]).toBe(true)
})

test.each<[string, (world: World) => void]>([
  [
    'a correction that came before what it corrects',
    (w) =>
      change(w.receiver.received, 1, { deliveries: arrival('C2', { version: 2, replacesVersion: 1, second: 0 }).deliveries }),
  ],
  ['a correction of what was never taken', (w) => w.receiver.received.shift()],
])('misordered: %s', (_, broken) => {
  expect(verdictOf(broken)[2]).toBe(true)
})

test('what is parked for a person to decide is neither lost nor doubled, and holds its correction back', () => {
  const found = verdictOf((w) => {
    Object.assign(w.receiver, { deduplicates: false, received: w.receiver.received.slice(0, 1) })
    change(w.facts.declarations, 0, { state: 'parked', code: 'answer-lost', receipts: 0, unknownEnds: 1 })
    change(w.facts.declarations, 1, { state: 'queued', receipts: 0 })
  })
  expect(found).toEqual([false, false, false])
})
