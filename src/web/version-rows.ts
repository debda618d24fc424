/** Two versions as a person compares them: the same fields in the same words, and which of them changed. */
import type { VersionView } from '../actions/views.ts'
import { analytes } from '../domain/screening.ts'
import { frenchDate, frenchDateTime, spacedNir, spacedPhone } from './format-fr.ts'
import { text } from './text-fr.ts'
import {
  analyteText,
  consentText,
  fieldText,
  identityStatusShortText,
  insAuthorityText,
  resultText,
  sexText,
  symptomText,
} from './text-fr-codes.ts'

export type Change = 'changed' | 'added' | 'removed'
/** `change`: against the version before; null for the first, and where nothing changed. */
export type VersionCell = { readonly value: string | null; readonly change: Change | null }
export type VersionRow = { readonly label: string; readonly cells: readonly VersionCell[]; readonly changed: boolean }

/** One row a field that any version fills; one cell a version, in the order given. */
export function versionRows(versions: readonly VersionView[]): readonly VersionRow[] {
  const told = versions.map(spoken)
  return [...(told[0]?.keys() ?? [])].flatMap((label) => {
    const values = told.map((fields) => fields.get(label) ?? null)
    if (values.every((value) => value === null)) return []
    const cells = values.map((value, index) => ({
      value,
      change: index === 0 ? null : changeOf(values[index - 1] ?? null, value),
    }))
    return [{ label, cells, changed: cells.some((cell) => cell.change !== null) }]
  })
}

function changeOf(before: string | null, after: string | null): Change | null {
  if (before === after) return null
  return before === null ? 'added' : after === null ? 'removed' : 'changed'
}

function spoken({ patient, act }: VersionView): ReadonlyMap<string, string | null> {
  const { ins, address } = patient
  const { testKit: kit } = act
  const joined = (parts: readonly (string | null | undefined)[], by: string) => parts.filter(Boolean).join(by) || null
  const resultOf = (analyte: (typeof analytes)[number]) => act.results.find((one) => one.analyte === analyte)?.result
  return new Map<string, string | null>([
    [fieldText.birthName, patient.birthName],
    [fieldText.birthFirstName, patient.birthFirstName],
    [text.receipt.names, patient.birthFirstNames],
    [fieldText.usedName, patient.usedName],
    [fieldText.usedFirstName, patient.usedFirstName],
    [fieldText.birthDate, frenchDate(patient.birthDate)],
    [fieldText.sex, sexText[patient.sex]],
    [fieldText.birthPlaceInsee, patient.birthPlaceInsee],
    [text.receipt.ins, ins && `${spacedNir(ins.matricule)}, ${insAuthorityText[ins.authority]}`],
    [text.receipt.identity, identityStatusShortText[patient.identityStatus]],
    [text.receipt.address, joined([address?.line, joined([address?.postalCode, address?.city], ' ')], ', ')],
    [fieldText.phone, patient.phone && spacedPhone(patient.phone)],
    [fieldText.email, patient.email],
    ...analytes.map((analyte): [string, string | null] => {
      const result = resultOf(analyte)
      return [analyteText[analyte], result ? resultText[result] : null]
    }),
    [fieldText.sampledAt, frenchDateTime(new Date(act.sampledAt))],
    [text.receipt.kit, `${kit.maker} ${kit.name}`],
    [fieldText.kitUdi, kit.udi?.deviceIdentifier ?? null],
    [text.receipt.lot, kit.lot],
    [fieldText.kitExpiry, kit.expiry && frenchDate(kit.expiry)],
    [fieldText.symptoms, symptomText[act.symptoms]],
    [fieldText.consent, consentText[act.consent]],
    [fieldText.comment, act.comment],
  ])
}
