import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { DeclarationDocument } from '../../../src/domain/declaration-document.ts'
import { analytes, consents, screeningResults, symptomBands } from '../../../src/domain/screening.ts'
import { sidepOru } from '../../../src/formats/profiles/sidep-oru.ts'
import { someAct, someDocument, somePatient } from '../../formats/documents.ts'
import { type FaultMode, faultModes } from './faults.ts'
import { type SidepSimulatorOptions, startSidepSimulator } from './simulator.ts'

async function start(options: SidepSimulatorOptions = {}) {
  const simulator = await startSidepSimulator(options)
  onTestFinished(() => simulator.close())
  return simulator
}

function bytesOf(document: DeclarationDocument): Uint8Array {
  const encoded = sidepOru.encode(document, new Date(document.signedAt))
  if (!encoded.ok) throw new Error(encoded.problem.code)
  return encoded.value.bytes
}

/** The lines of the acknowledgement, each as its fields. */
async function post(url: string, body: Uint8Array | string): Promise<string[][]> {
  const response = await fetch(url, {
    method: 'POST',
    body: Buffer.from(body),
    headers: { 'content-type': 'application/hl7-v2' },
  })
  const text = await response.text()
  return text.split('\r').map((line) => line.split('|'))
}

const original = someDocument
const replacement = { ...someDocument, controlId: 'V2', kind: 'replacement', version: 2, replacesVersion: 1 } as const
const cancellation = { ...someDocument, controlId: 'V3', kind: 'cancellation', version: 3, replacesVersion: 2 } as const

describe('the simulated national file', () => {
  test('takes a conforming message once, and says who answers whom', async () => {
    const simulator = await start()
    const [header, msa] = await post(simulator.url, bytesOf(original))
    expect(header?.slice(2, 6)).toEqual(['SI-DEP', 'SI-DEP', 'PASSERELLE', '1750000010'])
    expect(header?.[10]).toBe('T')
    expect(msa).toEqual(['MSA', 'AA', original.controlId])
    expect(simulator.received()).toMatchObject([{ controlId: original.controlId, taken: 1 }])
  })

  test('understands every word that the product can write', async () => {
    const simulator = await start()
    let number = 0
    const take = async (change: Partial<DeclarationDocument['act']>) => {
      number += 1
      const screeningId = `0f8fad5b-d9cb-469f-a165-${String(number).padStart(12, '0')}`
      const document = { ...original, controlId: `W${number}`, screeningId, act: { ...someAct, ...change } }
      expect((await post(simulator.url, bytesOf(document)))[1]?.[1]).toBe('AA')
    }
    for (const result of screeningResults) for (const analyte of analytes) await take({ results: [{ analyte, result }] })
    for (const symptoms of symptomBands) await take({ symptoms })
    for (const consent of consents) await take({ consent })
    await take({ comment: 'a|b^c&d~e\\f\r\ng' })
    await take({ testKit: { ...someAct.testKit, udi: null, lot: null, expiry: null } })
  })

  test('gives the same message the same answer, without a second effect', async () => {
    const simulator = await start({ now: () => new Date('2026-01-15T10:00:00.000Z') })
    const first = await post(simulator.url, bytesOf(original))
    expect(await post(simulator.url, bytesOf(original))).toEqual(first)
    const [received] = simulator.received()
    expect(received).toMatchObject({ taken: 1 })
    expect(received?.deliveries.map(({ effect }) => effect)).toEqual([true, false])
  })

  test('that promises no de-duplication takes the same message again, and shows it', async () => {
    const simulator = await start({ deduplicates: false })
    await post(simulator.url, bytesOf(original))
    await post(simulator.url, bytesOf(original))
    expect(simulator.received()).toMatchObject([{ taken: 2 }])
    expect(simulator.screenings().get(original.screeningId)?.taken).toEqual({ 1: 2 })
  })

  test.each([
    ['a replacement before its original', [], replacement],
    ['a cancellation before its original', [], cancellation],
    ['a cancellation of a version that is not the last', [original], cancellation],
    ['the same screening under another control id', [original], { ...original, controlId: 'OTHER' }],
    [
      'a replacement of what is cancelled',
      [original, replacement, cancellation],
      { ...replacement, controlId: 'V4', version: 4, replacesVersion: 3 },
    ],
    ['a version that goes back', [original, replacement], { ...replacement, controlId: 'V4', version: 2, replacesVersion: 2 }],
  ] as const)('refuses %s with 900', async (_case, before, last) => {
    const simulator = await start()
    for (const document of before) expect((await post(simulator.url, bytesOf(document)))[1]?.[1]).toBe('AA')
    const [, msa, err] = await post(simulator.url, bytesOf(last))
    expect([msa?.[1], err?.[3]?.split('^')[0]]).toEqual(['AE', '900'])
    expect(simulator.received().find(({ controlId }) => controlId === last.controlId)).toMatchObject({ taken: 0 })
  })

  test('remembers over its own restart what it took, though its last line was cut', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'passerelle-sidep-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const journalFile = join(folder, 'journal.jsonl')
    const first = await startSidepSimulator({ journalFile })
    await post(first.url, bytesOf(original))
    const before = first.received()
    await first.close()
    appendFileSync(journalFile, '{"at":"2026-01-15T10:00')

    const second = await start({ journalFile })
    expect(second.received()).toEqual(before)
    await post(second.url, bytesOf(original))
    expect((await post(second.url, bytesOf(replacement)))[1]?.[1]).toBe('AA')
    expect(second.received()).toMatchObject([{ taken: 1 }, { taken: 1 }])
    expect(readFileSync(journalFile, 'utf8').trim().split('\n')).toHaveLength(4)
  })
})

describe('its reader', () => {
  const message = Buffer.from(bytesOf(original)).toString('utf8')
  const change = (from: string | RegExp, to: string) => {
    const changed = message.replace(from, to)
    if (changed === message) throw new Error(`nothing to change: ${from}`)
    return changed
  }

  test.each([
    ['LF for CR', () => message.replaceAll('\r', '\n'), '100'],
    ['no CR at the end', () => message.slice(0, -1), '100'],
    ['other delimiters', () => change('^~\\&', '^~\\#'), '100'],
    ['segments out of order', () => message.replace(/(PID.*\r)(ORC.*\r)/, '$2$1'), '100'],
    ['no sample', () => message.replace(/SPM.*\r/, ''), '100'],
    ['another message type', () => change('ORU^R01^ORU_R01', 'ADT^R01^ORU_R01'), '200'],
    ['another event', () => change('ORU^R01^ORU_R01', 'ORU^R03^ORU_R01'), '201'],
    ['an unknown processing id', () => change('|T|2.5|', '|X|2.5|'), '202'],
    ['another version', () => change('|T|2.5|', '|T|2.3|'), '203'],
    ['another charset', () => change('UNICODE UTF-8', '8859/15'), '103'],
    ['another profile', () => change('PASSERELLE_SIDEP_ASSUMED', 'SIDEP'), '103'],
    ['no birth name', () => change("||D'ARTAGNAN-LEFÈVRE^", '||^'), '101'],
    ['no birth date', () => change('|19840229|', '||'), '101'],
    ['an unknown sex', () => change('|19840229|F|', '|19840229|X|'), '103'],
    ['a matricule of another key', () => change('284029999904288', '284029999904287'), '904'],
    ['a matricule of no authority', () => change('1.2.250.1.213.1.4.10', '1.2.3'), '905'],
    ['no local id', () => change('^PASSERELLE^PI', '^PASSERELLE^XX'), '101'],
    ['a status that disagrees with the order', () => change('ORC|NW', 'ORC|CA'), undefined],
    [
      'an observation that disagrees with the order',
      () => change(/\|F\|\|\|20260115104200\+0100\r/, '|C|||20260115104200+0100\r'),
      '103',
    ],
    ['a result code of another table', () => change('10828004^', '260373001^'), '103'],
    ['an analyte code of no table', () => change(/(OBX\|1\|CWE\|)94558-4/, '$11234-5'), '103'],
    ['a coding system left out', () => change('^positif^SCT', '^positif'), '101'],
    ['a time without offset', () => change(/(OBR.*?)\+0100/, '$1'), '102'],
    ['a professional who is none', () => change('|810003456789^', '|10003456789^'), '901'],
    ['a pharmacy that is none', () => change('FINEG^^^1750000010', 'FINEG^^^750000010'), '901'],
    ['an unknown escape sequence', () => change("D'ARTAGNAN", 'D\\Q\\ARTAGNAN'), '102'],
    ['no consent', () => message.replace(/OBX\|6.*\r/, ''), '101'],
  ] as const)('refuses %s', async (_case, changed, code) => {
    const simulator = await start()
    const text = changed()
    const [, msa, err] = await post(simulator.url, text)
    expect(msa?.[1]).toBe('AE')
    if (code !== undefined) expect(err?.[3]?.split('^')[0]).toBe(code)
    expect(simulator.received()).toMatchObject([{ taken: 0 }])
  })

  test('refuses bytes that are not UTF-8', async () => {
    const simulator = await start()
    const [, msa] = await post(simulator.url, Buffer.from(message, 'latin1'))
    expect(msa?.[1]).toBe('AE')
  })
})

describe('its faults', () => {
  const takes: Record<FaultMode, 0 | 1> = {
    refuse: 0,
    ar: 0,
    busy: 0,
    html: 0,
    hang: 0,
    'lose-request': 0,
    'lose-answer': 1,
    'half-open': 1,
    'answer-twice': 1,
    lie: 1,
    slow: 1,
    garbage: 1,
    huge: 1,
    'one-byte-a-second': 1,
  }

  test.each(Object.keys(faultModes) as FaultMode[])(
    '%s takes what it says it takes, for as many requests as were asked',
    async (mode) => {
      const simulator = await start()
      simulator.faults.add({ mode, count: 2, ms: 10 })
      for (const controlId of ['F1', 'F2']) {
        const stop = AbortSignal.timeout(mode === 'hang' || mode === 'half-open' ? 300 : 10_000)
        const body = Buffer.from(
          bytesOf({ ...original, controlId, screeningId: `0f8fad5b-d9cb-469f-a165-0000000000${controlId.replace('F', '0')}` }),
        )
        await fetch(simulator.url, { method: 'POST', body, headers: { 'content-type': 'application/hl7-v2' }, signal: stop })
          .then((response) => response.arrayBuffer())
          .catch(() => undefined)
      }
      expect(simulator.faults.pending()).toBe(0)
      const effects = simulator.received().reduce((sum, { taken }) => sum + taken, 0)
      expect(effects).toBe(2 * takes[mode])
      expect((await post(simulator.url, bytesOf(original)))[1]).toEqual(['MSA', 'AA', original.controlId])
    },
  )

  test('are arranged by programs in JSON and by the page in a form, and cleared', async () => {
    const simulator = await start()
    const arrange = (body: string, type: string) =>
      fetch(`${simulator.pageUrl}faults`, { method: 'POST', body, headers: { 'content-type': type }, redirect: 'manual' })
    expect((await arrange('{"mode":"busy","count":3}', 'application/json')).status).toBe(200)
    expect((await arrange('mode=ar&count=2&ms=', 'application/x-www-form-urlencoded')).status).toBe(303)
    expect(simulator.faults.pending()).toBe(5)
    for (const wrong of ['{"mode":"toString"}', '{"mode":"busy","count":0}', 'nonsense', '[]', 'null'])
      expect((await arrange(wrong, 'application/json')).status).toBe(400)
    await arrange('{"mode":"none"}', 'application/json')
    expect(simulator.faults.pending()).toBe(0)
  })
})

describe('its page', () => {
  test('shows in French what was received, labelled as assumed, and runs no script', async () => {
    const simulator = await start()
    const hostile = { ...somePatient, birthName: '<script>alert(1)</script>' }
    await post(simulator.url, bytesOf({ ...original, patient: hostile }))
    const response = await fetch(simulator.pageUrl)
    const html = await response.text()
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(html).toContain('Simulateur SI-DEP – profil supposé')
    expect(html).toContain('SARS-CoV-2 : positif')
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(html).not.toContain('<script')
  })

  test('has its content for programs too', async () => {
    const simulator = await start()
    await post(simulator.url, bytesOf(original))
    const content: unknown = await (await fetch(`${simulator.pageUrl}received.json`)).json()
    expect(content).toMatchObject({
      messages: [
        { controlId: original.controlId, taken: 1, report: { results: [{ analyte: 'SARS-CoV-2', result: 'positif' }] } },
      ],
      screenings: { [original.screeningId]: { cancelled: false, taken: { 1: 1 } } },
    })
  })

  test.each([
    ['GET', 'oru'],
    ['GET', 'faults'],
    ['GET', 'journal.jsonl'],
    ['DELETE', ''],
  ])('has nothing else: %s /%s is not there', async (method, path) => {
    const simulator = await start()
    expect((await fetch(`${simulator.pageUrl}${path}`, { method })).status).toBe(404)
  })
})
