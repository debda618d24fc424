/** French of billing: month to date, statements, the group, credit notes. */
import type { CreditProblem } from '../domain/statement.ts'

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
export function frenchMonth(month: string): string {
  const [year, number] = month.split('-')
  return `${months[Number(number) - 1] ?? ''} ${year}`
}

/** `1 234,05 €`. */
export function frenchEuros(cents: number): string {
  const digits = String(Math.abs(cents)).padStart(3, '0')
  return `${cents < 0 ? '−' : ''}${grouped(digits.slice(0, -2))},${digits.slice(-2)}\u00a0€`
}

/** `12 345`. */
export function frenchCount(count: number): string {
  return `${count < 0 ? '−' : ''}${grouped(String(Math.abs(count)))}`
}

/** `12,5 %` of a whole; nothing of nothing is nothing. */
export function frenchShare(part: number, whole: number): string {
  const tenths = whole <= 0 ? 0 : Math.max(0, Math.round((part / whole) * 1000))
  return `${Math.trunc(tenths / 10)},${tenths % 10}\u00a0%`
}

function grouped(digits: string): string {
  return digits.replaceAll(/\B(?=(\d{3})+$)/g, '\u00a0')
}

export const creditProblemText: Record<CreditProblem, string> = {
  'not-an-invoice': 'Un avoir ne peut pas porter sur un autre avoir.',
  'nothing-credited': 'Indiquez au moins une quantité à rendre.',
  'no-such-line': 'Cette ligne n’existe pas sur le relevé.',
  'more-than-charged': 'La quantité dépasse ce qui a été facturé et n’a pas déjà été rendu.',
  'reason-bad': 'Le motif est à renseigner\u00a0: de 3 à 200 caractères, sur une ligne, sans émoji.',
}

const pharmacies = (count: number) => `${frenchCount(count)}\u00a0${count > 1 ? 'officines' : 'officine'}`

export const groupText = {
  title: 'Facturation du groupe',
  lead: (count: number) => `${pharmacies(count)}, chacune avec son mois en cours et ses relevés.`,
  soFar: (day: string) => `Toutes les officines, situation au ${day}\u00a0; les relevés sont établis une fois le mois terminé.`,
  pharmacies: 'Par officine',
  shown: (first: number, shown: number, total: number) =>
    shown === total
      ? 'Toutes les officines, par ordre alphabétique. Accusés et montants du mois en cours.'
      : `Officines ${frenchCount(first)} à ${frenchCount(first + shown - 1)} sur ${frenchCount(total)}, par ordre alphabétique. Accusés et montants du mois en cours.`,
  pharmacy: 'Officine',
  finess: (finess: string) => `FINESS ${finess}`,
  share: 'Part du groupe',
  lastStatement: 'Dernier relevé',
  ofMonth: (month: string, gross: string) => `${month}, ${gross} TTC`,
  noStatement: 'aucun',
  others: (count: number) => (count > 1 ? `${count} autres relevés et avoirs` : 'Un autre relevé ou avoir'),
  older: (count: number) =>
    `${count > 1 ? `${frenchCount(count)} documents plus anciens sont` : 'Un document plus ancien est'} sur la page de l’officine\u00a0: «\u00a0Changer d’officine\u00a0», puis «\u00a0Facturation\u00a0».`,
  total: (count: number) => (count > 1 ? `Total des ${pharmacies(count)}` : 'Total'),
  pager: 'Pages de la liste des officines',
  page: (page: number, pages: number) => `Page ${page} sur ${pages}`,
  previous: 'Page précédente',
  next: 'Page suivante',
  back: 'Revenir à mon officine',
} as const

export const billingText = {
  nav: 'Facturation',
  title: 'Facturation',
  lead: 'Un accusé facturé par dépistage\u00a0: corrections, annulations et renvois sont gratuits.',
  current: (month: string) => `Mois en cours\u00a0: ${month}`,
  receipts: 'Accusés facturés',
  net: 'Montant HT à ce jour',
  soFar: (day: string) => `Situation au ${day}\u00a0; le relevé est établi une fois le mois terminé.`,
  nothingYet: 'Aucun accusé facturé ce mois-ci pour l’instant.',
  chart: (month: string, count: string) =>
    `Accusés facturés par jour, ${month}\u00a0: ${count} en tout. Le tableau ci-dessous donne chaque jour.`,
  byDay: 'Chiffres par jour',
  day: 'Jour',
  count: 'Accusés',
  unit: 'Prix unitaire HT',
  amount: 'Montant HT',
  past: 'Relevés et avoirs',
  none: 'Aucun relevé pour l’instant. Le premier paraît ici après la clôture du premier mois facturé.',
  number: 'Numéro',
  month: 'Mois',
  kind: { invoice: 'Relevé', 'credit-note': 'Avoir' },
  onStatement: (number: string) => `sur ${number}`,
  issuedOn: 'Émis le',
  dueOn: 'Échéance',
  gross: 'Montant TTC',
  files: 'Fichiers',
  pdf: 'PDF (Factur-X)',
  download: (kind: string, number: string) => `Télécharger ${kind} du document ${number}`,
  preparing: 'Fichiers en préparation',
  proof: 'Empreintes',
  signature: 'Signature',
  demonstration: 'Démonstration, sans valeur',
  scroll: 'Tableau, défilement possible',
  credit: 'Établir un avoir',
  creditOf: (number: string) => `Établir un avoir sur ${number}`,
  toGroup: 'Voir toutes mes officines',
  verify: 'Chaque relevé est signé. La clé publique est à l’adresse /.well-known/passerelle-signing-keys.json de ce serveur.',

  creditTitle: 'Établir un avoir',
  creditLead: 'Indiquez combien d’accusés rendre sur chaque ligne. Rien n’est établi avant votre confirmation.',
  line: 'Ligne',
  charged: 'Facturés',
  left: 'Peuvent encore être rendus',
  giveBack: 'À rendre',
  reason: 'Motif',
  reasonHint: 'imprimé sur l’avoir\u00a0; de 3 à 200 caractères\u00a0; aucune donnée de patient',
  preview: 'Voir ce que l’avoir rendrait',
  previewTitle: 'Vérifiez l’avoir avant de l’établir',
  previewSum: (net: string, gross: string) => `L’avoir rendrait ${net} HT, soit ${gross} TTC.`,
  final: 'Un avoir est définitif\u00a0: il prend un numéro de la même série et ne peut pas être modifié.',
  confirm: 'Établir définitivement l’avoir',
  change: 'Modifier',
  back: 'Abandonner',
  issued: (number: string) => `L’avoir ${number} est établi.`,
  nothingLeft: 'Tout ce que ce relevé a facturé a déjà été rendu.',
} as const
