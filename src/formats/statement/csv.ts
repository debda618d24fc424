/** A statement as a table that French spreadsheets open by a double click: semicolons, decimal commas, UTF-8 with its mark. */
import { utf8 } from '../../base/bytes.ts'
import { decimalOf, type Statement } from '../../domain/statement.ts'
import { kindText, lineText } from './text-fr.ts'

const columns = [
  'type',
  'numero',
  'nature',
  'finess',
  'date_emission',
  'echeance',
  'mois',
  'ligne',
  'jour',
  'designation',
  'quantite',
  'prix_unitaire_ht',
  'montant_ht',
  'taux_tva_pourcent',
  'montant_tva',
  'montant_ttc',
] as const

type Row = Partial<Record<(typeof columns)[number], string>>

/** One row a line, then one a day, then the total: `type` says which. */
export function csvOf(statement: Statement): Uint8Array {
  const { number, kind, issuedOn, dueOn, lines, days, credited, demonstration } = statement
  const on = credited ? ` sur ${credited.number}` : ''
  const nature = `${kindText[kind]}${on}${demonstration ? ' (DÉMONSTRATION)' : ''}`
  const common: Row = { numero: number, nature, finess: statement.buyer.finess, date_emission: issuedOn, echeance: dueOn }
  const rows: Row[] = [
    ...lines.map(
      (line): Row => ({
        type: 'ligne',
        mois: line.month,
        ligne: String(line.position),
        designation: lineText(line),
        quantite: String(line.count),
        prix_unitaire_ht: comma(line.unitCents),
        montant_ht: comma(line.netCents),
      }),
    ),
    ...days.map(
      (day): Row => ({
        type: 'jour',
        mois: day.day.slice(0, 7),
        jour: day.day,
        quantite: String(day.count),
        prix_unitaire_ht: comma(day.unitCents),
        montant_ht: comma(day.count * day.unitCents),
      }),
    ),
    {
      type: 'total',
      mois: statement.month,
      designation: credited?.reason ?? '',
      montant_ht: comma(statement.netCents),
      taux_tva_pourcent: comma(statement.vatRateBasisPoints),
      montant_tva: comma(statement.vatCents),
      montant_ttc: comma(statement.grossCents),
    },
  ]
  const table = [
    columns.join(';'),
    ...rows.map((row) => columns.map((name) => cell({ ...common, ...row }[name] ?? '')).join(';')),
  ]
  return utf8(`\ufeff${table.join('\r\n')}\r\n`)
}

function comma(cents: number): string {
  return decimalOf(cents).replace('.', ',')
}

/** What begins like a formula is text to us and must be to a spreadsheet; our own numbers begin with a digit or a minus and a digit. */
function cell(text: string): string {
  const inert = /^[=+@\t\r]|^-(?!\d)/.test(text) ? `'${text}` : text
  return /[";\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert
}
