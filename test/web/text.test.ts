import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { signInProblems } from '../../src/auth/sign-in-problem.ts'
import { captureFields, fieldProblemCodes } from '../../src/domain/capture-fields.ts'
import { consequences } from '../../src/domain/correction-plan.ts'
import { declarationKinds } from '../../src/domain/declaration.ts'
import { gatewayErrorCodes } from '../../src/domain/errors.ts'
import { failureCodes } from '../../src/domain/failure-codes.ts'
import { identityStatuses, insAuthorities } from '../../src/domain/ins.ts'
import { sexes } from '../../src/domain/patient.ts'
import { roles } from '../../src/domain/roles.ts'
import { analytes, consents, screeningResults, screeningStatuses, symptomBands } from '../../src/domain/screening.ts'
import * as codes from '../../src/web/text-fr-codes.ts'
import * as corrections from '../../src/web/text-fr-corrections.ts'
import { failureText, problemText, signInProblemText } from '../../src/web/text-fr-failures.ts'

const webFolder = new URL('../../src/web/', import.meta.url)

test('every code has its French words, and no two failures are told alike in full', () => {
  const maps: readonly [Readonly<Record<string, unknown>>, readonly string[]][] = [
    [codes.fieldText, captureFields],
    [codes.fieldProblemText, fieldProblemCodes],
    [codes.declarationKindText, declarationKinds],
    [codes.identityStatusText, identityStatuses],
    [codes.insAuthorityText, insAuthorities],
    [codes.sexText, sexes],
    [codes.roleText, roles],
    [codes.analyteText, analytes],
    [codes.resultText, screeningResults],
    [codes.consentText, consents],
    [codes.symptomText, symptomBands],
    [corrections.consequenceText, consequences],
    [corrections.versionStatusText, screeningStatuses],
    [failureText, failureCodes],
    [signInProblemText, signInProblems],
    [problemText, [...gatewayErrorCodes, 'method-not-allowed']],
  ]
  for (const [map, expected] of maps) expect(Object.keys(map).sort()).toEqual([...expected].sort())
  const told = Object.values(failureText).map(({ what, mend }) => `${what} ${mend}`)
  expect(new Set(told).size).toBe(told.length)
  for (const sentence of told) expect(sentence).toMatch(/^[A-ZÀ-Ý].*\. [A-ZÀ-Ý].*\.$/)
})

test('French punctuation keeps its no-break spaces and its curly apostrophes', () => {
  for (const name of ['text-fr.ts', 'text-fr-codes.ts', 'text-fr-corrections.ts', 'text-fr-failures.ts']) {
    const source = readFileSync(new URL(name, webFolder), 'utf8')
    const strings = [...source.matchAll(/'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`/g)].map((match) => match[1] ?? match[2] ?? '')
    const wrong = strings.filter((words) => / [;:?!»]|« |\p{L}'\p{L}|[^\u00a0][?!](\s|$)/u.test(words))
    expect([name, wrong]).toEqual([name, []])
  }
})

test('no French sentence stands outside the text files', () => {
  const files = (readdirSync(webFolder, { recursive: true, encoding: 'utf8' }) as string[]).filter(
    (name) => name.endsWith('.ts') && !name.startsWith('text-fr'),
  )
  expect(files.length).toBeGreaterThan(10)
  for (const name of files) {
    const source = readFileSync(new URL(name, webFolder), 'utf8')
      .replaceAll(/\/\*[\s\S]*?\*\//g, '')
      .replaceAll(/^\s*\/\/.*$/gm, '')
    // Words between a tag's end and the next tag, in a template, that are not an expression.
    const loose = [...source.matchAll(/html`[^`]*`/g)].flatMap(([template]) =>
      [...template.matchAll(/>([^<>${}`]*\p{L}{3,}[^<>${}`]*)</gu)].map((match) => match[1]?.trim()),
    )
    expect([name, loose]).toEqual([name, []])
  }
})
