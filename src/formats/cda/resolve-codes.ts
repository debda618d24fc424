/** Every code and word of the document, looked up before it is built: one that no table maps stops it. */
import { fail, ok, type Result } from '../../base/result.ts'
import type { DeclarationDocument } from '../../domain/declaration-document.ts'
import type { Act } from '../../domain/screening.ts'
import type { Udi } from '../../domain/udi.ts'
import type { EncodeProblem } from '../format.ts'
import { findAnalyteCode, findResultCode, findSymptomCode, findUdiRoot } from '../profiles/codes.ts'
import type { NarrativeContext } from './narrative.ts'
import type { Observed } from './section.ts'
import {
  findAnalyteWords,
  findConsentSentence,
  findIdentityStatusWords,
  findProfession,
  findSexCode,
  type SystemCode,
} from './vocabulary.ts'

export type ResolvedCodes = {
  readonly profession: SystemCode
  readonly sex: SystemCode
  readonly observed: readonly [Observed, ...Observed[]]
  readonly udi: Udi
  readonly udiRoot: string
  readonly context: NarrativeContext
}

const act = 'component/structuredBody/component/section/entry/act'

/** Fails on the first word that no table holds (`unmapped-code`), on no result at all, and on a kit without UDI. */
export function resolveCodes(document: DeclarationDocument): Result<ResolvedCodes, EncodeProblem> {
  const profession = findProfession(document.author.role)
  if (profession === null) return unmapped('author/assignedAuthor/code')
  const sex = findSexCode(document.patient.sex)
  if (sex === null) return unmapped('recordTarget/patientRole/patient/administrativeGenderCode')
  const observed = resolveResults(document.act)
  if (!observed.ok) return observed
  const { udi } = document.act.testKit
  if (udi === null || udi.deviceIdentifier === '') return fail({ code: 'kit-without-udi', location: `${act}/participant` })
  const udiRoot = findUdiRoot(udi.issuer)
  if (udiRoot === null) return unmapped(`${act}/participant`)
  const context = resolveContext(document)
  if (!context.ok) return context
  return ok({ profession, sex, observed: observed.value, udi, udiRoot, context: context.value })
}

function resolveResults({ results }: Act): Result<readonly [Observed, ...Observed[]], EncodeProblem> {
  const observed: Observed[] = []
  for (const given of results) {
    const analyte = findAnalyteCode(given.analyte)
    const words = findAnalyteWords(given.analyte)
    if (analyte === null || words === null) return unmapped(`${act}/entryRelationship/observation/code`)
    const result = findResultCode(given.result)
    if (result === null) return unmapped(`${act}/entryRelationship/observation/value`)
    observed.push({ analyteCode: analyte.code, words, result })
  }
  const [first, ...others] = observed
  return first === undefined ? fail({ code: 'not-conserved' }) : ok([first, ...others])
}

function resolveContext({ act: { symptoms, consent }, patient }: DeclarationDocument): Result<NarrativeContext, EncodeProblem> {
  const symptom = findSymptomCode(symptoms)
  if (symptom === null) return unmapped('act.symptoms')
  const answer = findConsentSentence(consent)
  if (answer === null) return unmapped('act.consent')
  const identityStatus = findIdentityStatusWords(patient.identityStatus)
  if (identityStatus === null) return unmapped('patient.identityStatus')
  return ok({ symptoms: symptom.display, consent: answer, identityStatus })
}

function unmapped(location: string): { readonly ok: false; readonly problem: EncodeProblem } {
  return fail({ code: 'unmapped-code', location })
}
