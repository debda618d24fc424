/** The part of the document that people read: results, device and context, in French. */
import type { Act } from '../../domain/screening.ts'
import type { Udi } from '../../domain/udi.ts'
import { frenchDate, kitText, udiText } from './device.ts'
import { type XmlChild, type XmlElement, xml } from './xml.ts'

/** Anchors that the entry points at: a reader and a program must find the same words. */
export const anchors = {
  device: 'dispositif-nom-reference',
  comment: 'commentaire-1',
  analyte: (index: number) => `examen-${index + 1}`,
  result: (index: number) => `resultat-${index + 1}`,
} as const

export type NarrativeRow = { readonly analyte: string; readonly result: string }
export type NarrativeContext = { readonly symptoms: string; readonly consent: string; readonly identityStatus: string }

/** `sampledAt` is written as `YYYYMMDDHHMMSS+ZZZZ`, wall clock of Paris. */
export function narrative(
  act: Act,
  udi: Udi,
  words: { readonly rows: readonly NarrativeRow[]; readonly context: NarrativeContext; readonly sampledAt: string },
): XmlElement {
  const { symptoms, consent, identityStatus } = words.context
  const context = [
    row('Date et heure du prélèvement', frenchDateTime(words.sampledAt)),
    row('Symptômes', symptoms),
    row('Consentement du patient', consent),
    row("Statut de l'identité du patient", identityStatus),
  ]
  return xml(
    'text',
    null,
    resultTable(words.rows, act.comment),
    xml('br'),
    table(
      ['Code UDI du dispositif utilisé', 'Fabricant | Référence | N° de lot | Date de péremption', 'Référence européenne (JRC)'],
      [row(udiText(udi, act.testKit), anchored(anchors.device, kitText(act.testKit)), act.testKit.id)],
    ),
    xml('br'),
    table(['Contexte du dépistage', 'Valeur'], context),
  )
}

/** The comment is on the whole act: it stands once, beside every result. */
function resultTable(rows: readonly NarrativeRow[], comment: string | null): XmlElement {
  const span = rows.length === 1 ? null : String(rows.length)
  const commentCell = comment === null ? null : xml('td', { rowspan: span }, anchored(anchors.comment, ...lines(comment)))
  const headings = ['Pathologie/Substance dépistée', 'Résultat', ...(comment === null ? [] : ['Commentaire'])]
  return table(
    headings,
    rows.map(({ analyte, result }, index) => {
      const cells = [cell(anchored(anchors.analyte(index), analyte)), cell(anchored(anchors.result(index), result))]
      return xml('tr', null, ...cells, index === 0 ? commentCell : null)
    }),
  )
}

/** Lines of a comment, parted by `br`: a line break alone would be shown as a space. */
function lines(text: string): XmlChild[] {
  return text.split('\n').flatMap((line, index) => (index === 0 ? [line] : [xml('br'), line]))
}

function anchored(id: string, ...content: readonly XmlChild[]): XmlElement {
  return xml('content', { ID: id }, ...content)
}

function table(headings: readonly string[], rows: readonly XmlElement[]): XmlElement {
  const head = xml('thead', null, xml('tr', null, ...headings.map((heading) => xml('th', null, heading))))
  return xml('table', { border: '0' }, head, xml('tbody', null, ...rows))
}

function row(...contents: readonly XmlChild[]): XmlElement {
  return xml('tr', null, ...contents.map(cell))
}

function cell(content: XmlChild): XmlElement {
  return xml('td', null, content)
}

/** `20260115104200+0100` as `15/01/2026 à 10:42`. */
function frenchDateTime(time: string): string {
  const date = `${time.slice(0, 4)}-${time.slice(4, 6)}-${time.slice(6, 8)}`
  return `${frenchDate(date)} à ${time.slice(8, 10)}:${time.slice(10, 12)}`
}
