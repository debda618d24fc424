/** Formats on one core: what is encoded and read a second, and our codec beside @medplum/core and node-hl7-client on the same messages. */
import assert from 'node:assert/strict'
import { ansOruCdaDefaults } from '../../src/domain/ans-oru-cda-settings.ts'
import type { DeclarationDocument } from '../../src/domain/declaration-document.ts'
import type { Format } from '../../src/formats/format.ts'
import { readAcknowledgement } from '../../src/formats/hl7v2/acknowledgement.ts'
import { createAnsOruCda } from '../../src/formats/profiles/ans-oru-cda.ts'
import { sidepOru } from '../../src/formats/profiles/sidep-oru.ts'
import { someAct, someDocument } from '../formats/documents.ts'
import type { Bench, BenchResult } from './bench-result.ts'
import { type Codec, client, medplum, ours, recipeOf } from './codecs.ts'

const warmMs = 400
const windowMs = 25
const windows = 40
let kept: unknown

/**
 * Calls a second of each, in their best window: windows take turns, so that a busy machine slows all alike, and what else runs on
 * it can only ever take time away. Garbage is collected several times in each window.
 */
function perSecond(calls: readonly (() => unknown)[]): readonly number[] {
  for (const call of calls) rateOf(call, warmMs)
  const best = calls.map(() => 0)
  for (let window = 0; window < windows; window++)
    for (const [index, call] of calls.entries()) best[index] = Math.max(best[index] ?? 0, rateOf(call, windowMs))
  assert.notEqual(kept, null, 'what each call gives is kept, so that none is left out')
  return best
}

function rateOf(call: () => unknown, ms: number): number {
  const startedAt = performance.now()
  let calls = 0
  while (performance.now() - startedAt < ms) for (let i = 0; i < 5; i++, calls++) kept = call()
  return (calls * 1_000) / (performance.now() - startedAt)
}

const three: DeclarationDocument = {
  ...someDocument,
  act: {
    ...someAct,
    results: [
      { analyte: 'sars-cov-2', result: 'positive' },
      { analyte: 'influenza-a', result: 'negative' },
      { analyte: 'influenza-b', result: 'negative' },
    ],
  },
}
const ans = createAnsOruCda(ansOruCdaDefaults)

function encoded(format: Format, document: DeclarationDocument): Uint8Array {
  const message = format.encode(document, new Date(document.signedAt))
  if (!message.ok) throw new Error(message.problem.code)
  return message.value.bytes
}

/** From a declaration to the bytes that leave, every check of ours included. */
function measureFloors(): BenchResult[] {
  const ack = Buffer.from(`MSH|^~\\&|SI-DEP|SI-DEP|||20260115||ACK|R1|T|2.5\rMSA|AA|${someDocument.controlId}\r`)
  const floors: readonly (readonly [string, number, () => unknown])[] = [
    ['encode sidep-oru, one analyte', 20_000, () => encoded(sidepOru, someDocument)],
    ['encode sidep-oru, three analytes', 20_000, () => encoded(sidepOru, three)],
    ['encode ans-oru-cda, one analyte', 2_000, () => encoded(ans, someDocument)],
    ['encode ans-oru-cda, three analytes', 2_000, () => encoded(ans, three)],
    ['read an acknowledgement (20 µs is 50 000/s)', 50_000, () => readAcknowledgement(ack, someDocument.controlId)],
  ]
  const rates = perSecond(floors.map(([, , call]) => call))
  return floors.map(([name, least], index) => {
    const value = rates[index] ?? 0
    return { name, value, unit: '/s', ratio: value / least, against: `${least}/s` }
  })
}

/** The same bytes out of every codec, and the same texts, before anything is measured. */
function measureCodecs(message: string, bytes: Uint8Array): BenchResult[] {
  const recipe = recipeOf(bytes)
  const peers = [medplum, client]
  for (const peer of [ours, ...peers]) {
    assert.deepEqual(
      Buffer.from(peer.builderOf(recipe)()).toString(),
      Buffer.from(bytes).toString(),
      `${peer.name} builds ${message}`,
    )
    assert.deepEqual(peer.read(bytes), ours.read(bytes), `${peer.name} reads ${message}`)
  }
  const compare = (job: string, callOf: (codec: Codec) => () => unknown): BenchResult[] => {
    const [value = 0, ...others] = perSecond([ours, ...peers].map(callOf))
    const name = `${job} ${message}`
    return peers.map((peer, index) => ({ name, value, unit: '/s', ratio: value / (others[index] ?? 0), against: peer.name }))
  }
  return [
    ...compare('build and encode', (codec) => codec.builderOf(recipe)),
    ...compare('parse and read every text of', (codec) => () => codec.read(bytes)),
  ]
}

async function run() {
  return {
    results: [
      ...measureFloors(),
      ...measureCodecs('a sidep-oru', encoded(sidepOru, someDocument)),
      ...measureCodecs('an ans-oru-cda, three analytes', encoded(ans, three)),
    ],
  }
}

export const benches: readonly Bench[] = [{ name: 'formats', run }]
