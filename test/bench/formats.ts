/** Formats on one core: what is encoded and read a second, beside @medplum/core and node-hl7-client on the same messages. */
import { Hl7Message as MedplumMessage } from '@medplum/core'
import { Message as ClientMessage } from 'node-hl7-client'
import { ansOruCdaDefaults } from '../../src/domain/ans-oru-cda-settings.ts'
import { readAcknowledgement } from '../../src/formats/hl7v2/acknowledgement.ts'
import { parseMessage } from '../../src/formats/hl7v2/parse.ts'
import { createAnsOruCda } from '../../src/formats/profiles/ans-oru-cda.ts'
import { sidepOru } from '../../src/formats/profiles/sidep-oru.ts'
import { someAct, someDocument } from '../formats/documents.ts'
import type { Bench, BenchResult } from './bench.ts'

const warmMs = 300
const measureMs = 1_000
let kept: unknown

/** Calls a second; what each call gives is kept, so that none is left out. */
function perSecond(call: () => unknown): number {
  const run = (ms: number) => {
    const startedAt = performance.now()
    let calls = 0
    while (performance.now() - startedAt < ms) for (let i = 0; i < 20; i++, calls++) kept = call()
    return (calls * 1_000) / (performance.now() - startedAt)
  }
  run(warmMs)
  return run(measureMs)
}

const three = {
  ...someDocument,
  act: {
    ...someAct,
    results: [
      { analyte: 'sars-cov-2', result: 'positive' },
      { analyte: 'influenza-a', result: 'negative' },
      { analyte: 'influenza-b', result: 'negative' },
    ],
  },
} as const
const writtenAt = new Date(someDocument.signedAt)
const encodeOf = (format: typeof sidepOru, document: typeof someDocument) => {
  const encoded = format.encode(document, writtenAt)
  if (!encoded.ok) throw new Error(encoded.problem.code)
  return encoded.value.bytes
}

async function run() {
  const ans = createAnsOruCda(ansOruCdaDefaults)
  const results: BenchResult[] = []
  const floor = (name: string, call: () => unknown, least: number) => {
    const value = perSecond(call)
    results.push({ name, value, unit: '/s', ratio: value / least, against: `${least}/s` })
  }
  floor('encode sidep-oru, one analyte', () => encodeOf(sidepOru, someDocument), 20_000)
  floor('encode sidep-oru, three analytes', () => encodeOf(sidepOru, three), 20_000)
  floor('encode ans-oru-cda, one analyte', () => encodeOf(ans, someDocument), 2_000)
  floor('encode ans-oru-cda, three analytes', () => encodeOf(ans, three), 2_000)
  const ack = Buffer.from(`MSH|^~\\&|SI-DEP|SI-DEP|||20260115||ACK|R1|T|2.5\rMSA|AA|${someDocument.controlId}\r`)
  floor('read an acknowledgement', () => readAcknowledgement(ack, someDocument.controlId), 50_000)
  const text = Buffer.from(encodeOf(sidepOru, someDocument)).toString('utf8')
  const bytes = Buffer.from(text)
  const ours = perSecond(() => {
    const parsed = parseMessage(bytes)
    if (!parsed.ok) throw new Error(parsed.problem)
    return parsed.value.segments.length
  })
  const medplum = perSecond(() => {
    const message = MedplumMessage.parse(text)
    let length = 0
    for (const segment of message.segments) for (const field of segment.fields) length += field.components.length
    return length
  })
  const fieldsOf = text
    .split('\r')
    .filter((line) => line !== '' && !line.startsWith('MSH'))
    .map((line) => line.split('|').length - 1)
  const client = perSecond(() => {
    const message = new ClientMessage({ text })
    let length = 0
    text
      .split('\r')
      .filter((line) => line !== '' && !line.startsWith('MSH'))
      .forEach((line, index) => {
        for (let field = 1; field <= (fieldsOf[index] ?? 0); field++)
          length += message.get(`${line.slice(0, 3)}.${field}`).toString().length
      })
    return length
  })
  results.push({
    name: 'parse and read every field of an ORU',
    value: ours,
    unit: '/s',
    ratio: ours / medplum,
    against: '@medplum/core',
  })
  results.push({
    name: 'parse and read every field of an ORU',
    value: ours,
    unit: '/s',
    ratio: ours / client,
    against: 'node-hl7-client',
  })
  if (kept === null) throw new Error('nothing was measured')
  return { results }
}

export const benches: readonly Bench[] = [{ name: 'formats', run }]
