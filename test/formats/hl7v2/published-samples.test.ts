import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { encodeMessage } from '../../../src/formats/hl7v2/encode.ts'
import { findSegment, textAt } from '../../../src/formats/hl7v2/message.ts'
import { parseMessage } from '../../../src/formats/hl7v2/parse.ts'

const referenceDir = process.env.ANS_REFERENCE_DIR
if (!referenceDir) console.warn('published samples: skipped, ANS_REFERENCE_DIR names no folder')

describe.skipIf(!referenceDir)("the agency's samples", () => {
  const sample = (name: string) => readFileSync(join(referenceDir ?? '', 'hl7v2', name))
  const parsed = (name: string) => {
    const result = parseMessage(sample(name))
    if (!result.ok) throw new Error(result.problem)
    return result.value
  }

  test.each(['oru-initial.hl7', 'ack-aa.hl7'])('%s is written again byte for byte, with CR for its LF', (name) => {
    const result = encodeMessage(parsed(name))
    expect(result.ok && Buffer.from(result.value).toString()).toBe(sample(name).toString().replaceAll('\n', '\r'))
  })

  // The samples hold no escape sequence, so that splitting alone says what stands in each field.
  test.each([
    ['oru-initial.hl7', 22],
    ['ack-aa.hl7', 2],
  ])('%s is read field by field as its separators part it', (name, segmentsMin) => {
    const lines = sample(name)
      .toString()
      .split('\n')
      .filter((line) => line !== '')
    const { segments } = parsed(name)
    expect(lines.length).toBeGreaterThanOrEqual(segmentsMin)
    expect(segments.map((each) => each.name)).toEqual(lines.map((line) => line.slice(0, 3)))
    for (const [index, line] of lines.entries()) {
      const [segmentName = '', ...written] = line.split('|')
      const [separators, fields] = segmentName === 'MSH' ? [['|', written[0] ?? ''], written.slice(1)] : [[], written]
      const wanted = fields.map((field) =>
        field.split('~').map((repetition) => repetition.split('^').map((component) => component.split('&'))),
      )
      expect(segments[index]?.fields).toEqual([...separators.map((one) => [[[one]]]), ...wanted])
    }
  })

  test('identity, participations and documents are where the guide puts them', () => {
    const oru = parsed('oru-initial.hl7')
    const pid = findSegment(oru, 'PID')
    const prt = findSegment(oru, 'PRT')
    const obx = findSegment(oru, 'OBX')
    expect(pid && textAt(pid, 3, { component: 4, subcomponent: 2 })).toBe('1.2.250.1.213.1.4.10')
    expect(pid && textAt(pid, 11, { repetition: 2, component: 9 })).toBe('63220')
    expect(prt && textAt(prt, 8, { component: 10 })).toBe('1120459876')
    expect(obx && textAt(obx, 5, { component: 4 })).toBe('Base64')
  })
})
