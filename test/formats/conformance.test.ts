/** The conformance run: it covers what it says, finds what is wrong, and never passes for want of something to check with. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ConformanceCase, listCases } from '../conformance/cases.ts'
import { CannotCheck, openCheck } from '../conformance/cda-check.ts'
import { reportOf, writeCases } from '../conformance/conformance.ts'

const entry = join(import.meta.dirname, '..', 'conformance', 'conformance.ts')
const referenceDir = process.env.ANS_REFERENCE_DIR ?? ''
const toolDir = process.env.CDA_CHECK_DIR ?? join(referenceDir, '..', '..', 'tools', 'cda-check')
if (!referenceDir) console.warn('ANS_REFERENCE_DIR is not set: the checks with the published schema and rules are skipped')

let out = ''
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'conformance-'))
})
afterEach(() => rmSync(out, { recursive: true, force: true }))

function runEntry(args: readonly string[], env: Record<string, string>): Promise<{ code: number; output: string }> {
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      [entry, ...args],
      { env: { PATH: process.env.PATH ?? '', ...env } },
      (_, stdout, stderr) => done({ code: child.exitCode ?? -1, output: stdout + stderr }),
    )
  })
}

function caseNamed(name: string, format: ConformanceCase['format']): ConformanceCase {
  const found = listCases().find((each) => each.name === name && each.format === format)
  if (!found) throw new Error(`no case ${format} ${name}`)
  return found
}

describe('cases', { timeout: 30_000 }, () => {
  test('there is one of each result, identity, spelling, kind and number of analytes, in each format that has the kind', () => {
    const names = new Set(listCases().map(({ format, name }) => `${format} ${name}`))
    for (const result of ['positive', 'negative', 'indeterminate', 'unsatisfactory-sample'])
      for (const identity of ['ins', 'local'])
        for (const spelling of ['accents', 'apostrophes', 'hyphens'])
          for (const kind of ['original', 'replacement', 'cancellation'])
            for (const count of ['1', '3']) {
              const name = [result, identity, spelling, kind, count].join('.')
              expect(names).toContain(`ans-oru-cda ${name}`)
              expect(names.has(`bio-trod ${name}`)).toBe(kind !== 'cancellation')
            }
    expect(names.size).toBe(listCases().length)
  })

  test('every case can be written, alone and as a message', () => {
    const cases = listCases()
    expect(writeCases(cases, out)).toHaveLength(cases.length)
    const alone = cases.filter(({ format }) => format === 'bio-trod').length
    expect(readdirSync(join(out, 'bio-trod'))).toHaveLength(alone)
    expect(readdirSync(join(out, 'ans-oru-cda'))).toHaveLength(2 * (cases.length - alone))
  })

  test('what is taken out of a message is what was put in', () => {
    const name = 'comment-of-markup'
    const [alone = '', carried = ''] = writeCases([caseNamed(name, 'bio-trod'), caseNamed(name, 'ans-oru-cda')], out)
    expect(readFileSync(carried)).toEqual(readFileSync(alone))
  })
})

describe('verdict', () => {
  const good = { file: 'a.xml', valid: true, failedRules: 0, details: [] }

  test('the last line counts documents, valid ones and failed rules', () => {
    expect(reportOf([good, good])).toEqual({ lines: ['2 documents, 2 valid, 0 failed rules'], conforms: true })
  })

  test('one invalid document, one failed rule or no document at all is no conformance', () => {
    const invalid = { ...good, valid: false, details: ['element x'] }
    expect(reportOf([good, invalid])).toEqual({
      lines: ['a.xml', '  element x', '2 documents, 1 valid, 0 failed rules'],
      conforms: false,
    })
    expect(reportOf([{ ...good, failedRules: 2 }]).conforms).toBe(false)
    expect(reportOf([]).conforms).toBe(false)
  })
})

describe('without what it needs', { timeout: 60_000 }, () => {
  test('the run says that it was skipped, and fails unless it was told that it may', async () => {
    const refused = await runEntry(['--out', out], {})
    expect(refused).toMatchObject({ code: 2, output: expect.stringContaining('skipped: ANS_REFERENCE_DIR is not set') })
    const allowed = await runEntry(['--out', out, '--skip-without-reference'], {})
    expect(allowed).toMatchObject({ code: 0, output: expect.stringContaining('skipped: ANS_REFERENCE_DIR is not set') })
  })

  test('a reference without its files is no reference', async () => {
    const missing = await runEntry(['--out', join(out, 'written')], { ANS_REFERENCE_DIR: out })
    expect(missing).toMatchObject({ code: 2, output: expect.stringContaining('could not check') })
    expect(() => openCheck({ referenceDir: out, toolDir: out })).toThrow(CannotCheck)
    expect(readdirSync(out)).toEqual([])
  })

  test('without a folder to write to it says how it is used', async () => {
    expect(await runEntry([], {})).toMatchObject({ code: 2, output: expect.stringContaining('--out DIR') })
  })
})

describe.skipIf(!referenceDir)('with the published schema and rules (ANS_REFERENCE_DIR)', () => {
  // The whole run is `npm run conformance`; here one of each kind, so that a broken mapping is seen at once.
  const names = [
    'positive.ins.accents.original.1',
    'indeterminate.local.apostrophes.replacement.3',
    'negative.ins.hyphens.cancellation.3',
  ]
  const others = ['all-analytes', 'no-contact-details', 'kit-without-lot', 'comment-of-markup', 'consent-no', 'analyte-strep-a']

  test('one document of each kind conforms', { timeout: 120_000 }, async () => {
    const files = writeCases(
      [...names, ...others].map((name) => caseNamed(name, 'ans-oru-cda')),
      out,
    )
    const verdicts = await openCheck({ referenceDir, toolDir })(files)
    expect(reportOf(verdicts)).toEqual({ lines: ['9 documents, 9 valid, 0 failed rules'], conforms: true })
  })

  test('a document against the schema and one against a rule are found out', { timeout: 120_000 }, async () => {
    const [path = ''] = writeCases([caseNamed('all-analytes', 'bio-trod')], out)
    const text = readFileSync(path, 'utf8')
    const broken = {
      'schema.xml': text.replace('<realmCode code="FR"/>', '<realmcode code="FR"/>'),
      'rule.xml': text.replace(/<participant typeCode="DEV">.*?<\/participant>/, ''),
      'value-set.xml': text.replace('code="260385009"', 'code="260415000"'),
    }
    const files = Object.entries(broken).map(([name, content]) => {
      expect(content).not.toBe(text)
      writeFileSync(join(out, name), content)
      return join(out, name)
    })
    const verdicts = await openCheck({ referenceDir, toolDir })(files)
    expect(verdicts.map(({ valid, failedRules }) => [valid, failedRules > 0])).toEqual([
      [false, expect.anything()],
      [true, true],
      [true, true],
    ])
    expect(reportOf(verdicts).conforms).toBe(false)
  })
})
