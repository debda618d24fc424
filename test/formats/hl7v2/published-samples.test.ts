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
