/**
 * `npm run conformance -- --out DIR`: writes one document and one message of every kind, and checks every document,
 * also those taken back out of the messages, with the agency's schema and rules.
 *
 * Exit 0: all conform. 1: one does not. 2: could not be checked. Needs ANS_REFERENCE_DIR; with
 * `--skip-without-reference` its absence is said and passes.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Segment, textAt } from '../../src/formats/hl7v2/message.ts'
import { parseMessage } from '../../src/formats/hl7v2/parse.ts'
import { type ConformanceCase, formats, listCases } from './cases.ts'
import { CannotCheck, openCheck, type Verdict } from './cda-check.ts'

const writtenAt = new Date('2026-01-15T10:00:00.000Z')

/** Writes the cases under `out` and returns the paths of the documents to check. */
export function writeCases(cases: readonly ConformanceCase[], out: string): string[] {
  for (const format of Object.keys(formats)) mkdirSync(join(out, format), { recursive: true })
  return cases.map(({ name, format, document }) => {
    const encoded = formats[format].encode(document, writtenAt)
    if (!encoded.ok) throw new Error(`${format} ${name}: ${encoded.problem.code} at ${encoded.problem.location ?? '?'}`)
    const path = join(out, format, `${name}.xml`)
    if (format === 'ans-oru-cda') writeFileSync(join(out, format, `${name}.hl7`), encoded.value.bytes)
    writeFileSync(path, format === 'ans-oru-cda' ? carriedDocument(encoded.value.bytes) : encoded.value.bytes)
    return path
  })
}

/** The document inside a message, as a receiver would find it. */
export function carriedDocument(message: Uint8Array): Uint8Array {
  const parsed = parseMessage(message)
  if (!parsed.ok) throw new Error(`a message of ours cannot be parsed: ${parsed.problem}`)
  const carriers = parsed.value.segments.filter((each: Segment) => each.name === 'OBX' && textAt(each, 2) === 'ED')
  const [carrier] = carriers
  if (!carrier || carriers.length > 1) throw new Error('a message carries one document')
  return Buffer.from(textAt(carrier, 5, { component: 5 }), 'base64')
}

/** The last line is the verdict; what failed comes before it. */
export function reportOf(verdicts: readonly Verdict[]): { readonly lines: readonly string[]; readonly conforms: boolean } {
  const failing = verdicts.filter(({ valid, failedRules }) => !valid || failedRules > 0)
  const lines = failing.flatMap(({ file, details }) => [file, ...details.map((detail) => `  ${detail}`)])
  const valid = verdicts.filter((verdict) => verdict.valid).length
  const failedRules = verdicts.reduce((sum, verdict) => sum + verdict.failedRules, 0)
  return {
    lines: [...lines, `${verdicts.length} documents, ${valid} valid, ${failedRules} failed rules`],
    conforms: verdicts.length > 0 && failing.length === 0,
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { out: { type: 'string' }, 'skip-without-reference': { type: 'boolean', default: false } },
  })
  if (!values.out) {
    console.error('usage: npm run conformance -- --out DIR [--skip-without-reference]')
    return 2
  }
  const referenceDir = process.env.ANS_REFERENCE_DIR
  if (!referenceDir) {
    console.error("skipped: ANS_REFERENCE_DIR is not set; it must name the folder of the agency's schema and rules")
    return values['skip-without-reference'] ? 0 : 2
  }
  const toolDir = process.env.CDA_CHECK_DIR ?? join(referenceDir, '..', '..', 'tools', 'cda-check')
  const check = openCheck({ referenceDir: resolve(referenceDir), toolDir })
  const startedAt = performance.now()
  const cases = listCases()
  const files = writeCases(cases, resolve(values.out))
  const checkedFrom = performance.now()
  const { lines, conforms } = reportOf(await check(files))
  const seconds = (from: number, until: number) => ((until - from) / 1000).toFixed(1)
  const messages = cases.filter(({ format }) => format === 'ans-oru-cda').length
  console.log(
    `written in ${seconds(startedAt, checkedFrom)} s: ${cases.length - messages} documents alone, ${messages} in messages`,
  )
  console.log(`checked in ${seconds(checkedFrom, performance.now())} s`)
  for (const line of lines) console.log(line)
  return conforms ? 0 : 1
}

if (import.meta.main)
  process.exitCode = await main().catch((error: unknown) => {
    if (!(error instanceof CannotCheck)) throw error
    console.error(`could not check: ${error.message}`)
    return 2
  })
