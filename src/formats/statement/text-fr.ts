/** French of statements: what PDF, CSV and XML say in words. The law wants these mentions (CGI ann. II art. 242 nonies A, C. com. L441-9). */
import type { StatementDraft, StatementKind, StatementLine } from '../../domain/statement.ts'

export const kindText: Record<StatementKind, string> = {
  invoice: 'Relevé mensuel valant facture',
  'credit-note': 'Avoir',
}

const months = [
  'janvier',
  'février',
  'mars',
  'avril',
  'mai',
  'juin',
  'juillet',
  'août',
  'septembre',
  'octobre',
  'novembre',
  'décembre',
] as const

/** `octobre 2026`, from `2026-10`. */
export function monthText(month: string): string {
  const [year, number] = month.split('-')
  return `${months[Number(number) - 1] ?? ''} ${year}`
}

/** `31/10/2026`, from `2026-10-31`. */
export function dayText(day: string): string {
  return day.split('-').toReversed().join('/')
}

/** What was delivered: never a word about whose test it was. */
export function lineText(line: Pick<StatementLine, 'month' | 'late' | 'count'>): string {
  const what = line.count < 0 ? 'Dépistages annulés, rendus' : 'Dépistages transmis et acquittés'
  const late = line.late ? ' (accusés enregistrés après la clôture de ce mois)' : ''
  return `${what}, ${monthText(line.month)}${late}`
}

export const statementText = {
  demonstration: 'DÉMONSTRATION – sans valeur',
  demonstrationNote: 'DÉMONSTRATION : document sans valeur, aucune somme n’est due.',
  number: 'Numéro',
  issuedOn: 'Date d’émission',
  dueOn: 'À payer au plus tard le',
  period: 'Période',
  periodOf: (statement: Pick<StatementDraft, 'firstDay' | 'lastDay'>) =>
    `du ${dayText(statement.firstDay)} au ${dayText(statement.lastDay)}`,
  seller: 'Émetteur',
  buyer: 'Officine facturée',
  siren: 'SIREN',
  vatNumber: 'TVA',
  finess: 'FINESS',
  line: 'Désignation',
  count: 'Quantité',
  unit: 'Prix unitaire HT',
  net: 'Montant HT',
  totalNet: 'Total HT',
  vat: (rate: string) => `TVA ${rate}`,
  totalGross: 'Total TTC',
  toPay: 'Net à payer',
  toCredit: 'Net à déduire',
  credits: (number: string, day: string) => `Avoir sur le relevé ${number} du ${day}`,
  reason: 'Motif',
  payTo: 'Règlement par virement, IBAN',
  days: 'Détail par jour',
  day: 'Jour',
  byDayNote: 'Un accusé facturé par dépistage : corrections, annulations et renvois sont gratuits.',
  exempt: 'TVA non applicable, art. 293 B du CGI',
  /** Coded in the XML too (BR-FR-05): recovery fee, penalties, discount. */
  recoveryFee: 'Indemnité forfaitaire pour frais de recouvrement en cas de retard de paiement : 40 €.',
  latePenalties: 'Pénalités de retard : trois fois le taux d’intérêt légal.',
  noDiscount: 'Pas d’escompte pour paiement anticipé.',
  page: (page: number, pages: number) => `Page ${page} sur ${pages}`,
  embedded: 'Facture électronique : les données structurées (Factur-X, profil EN 16931) sont jointes à ce fichier PDF.',
} as const

/** `20 %`, `5,5 %`: as people in France write a rate. */
export function rateText(basisPoints: number): string {
  return `${String(basisPoints / 100).replace('.', ',')}\u00a0%`
}

/** `1 234,05 €`, with blanks that do not break. */
export function euroText(cents: number): string {
  const digits = String(Math.abs(cents)).padStart(3, '0')
  const whole = digits.slice(0, -2).replaceAll(/\B(?=(\d{3})+$)/g, '\u00a0')
  return `${cents < 0 ? '−' : ''}${whole},${digits.slice(-2)}\u00a0€`
}

/** `12 345`. */
export function countText(count: number): string {
  return `${count < 0 ? '−' : ''}${String(Math.abs(count)).replaceAll(/\B(?=(\d{3})+$)/g, '\u00a0')}`
}
