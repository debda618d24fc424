/** French for the ledger: every capture accounted for, and what was charged. */
import type { LedgerProblem, LedgerRule } from '../domain/ledger.ts'
import { spaced } from './text-fr-stopped.ts'

/** `1 234,50 €`, from whole cents. */
export function euros(cents: number): string {
  const whole = Math.trunc(Math.abs(cents) / 100)
  const rest = String(Math.abs(cents) % 100).padStart(2, '0')
  return `${cents < 0 ? '−' : ''}${spaced(whole)},${rest}\u00a0€`
}

export const ledgerRuleText: Record<LedgerRule, string> = {
  states: 'Le nombre de transmissions déclarées n’est pas celui de leurs états.',
  receipts: 'Le nombre de transmissions accusées n’est pas celui des accusés.',
  'first-sendings': 'Le nombre de premiers envois accusés n’est pas celui de leurs accusés.',
  charges: 'Le nombre d’accusés à facturer n’est pas celui des montants facturés.',
  items: 'Des transmissions diffèrent une à une, même si les sommes s’accordent.',
}

export const ledgerProblemText: Record<LedgerProblem, string> = {
  'not-declared': 'Saisie pour cette destination, transmission absente',
  'declared-beside': 'Transmission que la saisie n’avait pas prévue',
  'receipt-missing': 'Marquée accusée, sans accusé',
  'receipt-beside': 'Un accusé existe, mais la transmission n’est pas marquée accusée',
  'charge-missing': 'Accusé à facturer, sans montant',
  'charge-beside': 'Montant facturé pour un accusé qui devait être gratuit',
  'credit-beside': 'Remboursement sans annulation accusée',
}

export const ledgerText = {
  nav: 'Grand livre',
  title: 'Grand livre',
  heading: 'Grand livre',
  lead: 'Chaque transmission de votre officine, du jour de la signature à l’accusé du destinataire. Seuls les premiers envois accusés sont facturés.',
  balanced: 'Équilibré',
  balancedAll: 'Tout est équilibré\u00a0: chaque saisie a sa transmission, chaque accusé son montant.',
  differs: 'Écart',
  differsAll:
    'Un écart a été trouvé. Ouvrez le jour concerné, puis prévenez votre hébergeur\u00a0: les transmissions en cause y sont nommées.',
  month: 'Ce mois-ci',
  inMonth: (month: string) => `En ${month}`,
  chargedHint: 'Compté au jour de l’accusé\u00a0; le tableau suit le jour de la signature.',
  charged: (count: number) => `${spaced(count)} ${count > 1 ? 'accusés facturés' : 'accusé facturé'}`,
  credited: (count: number) => `dont ${spaced(count)} ${count > 1 ? 'annulations remboursées' : 'annulation remboursée'}`,
  beforeVat: 'hors taxes',
  empty: 'Aucune transmission sur ces jours. La première apparaîtra ici dès qu’un dépistage sera signé.',
  emptyMonth: (month: string) => `Aucune transmission en ${month}.`,
  headingMonth: (month: string) => `Grand livre, ${month}`,
  days: 'Les 32 derniers jours',
  daysOfMonth: 'Jour par jour',
  total: 'Total',
  months: 'Choisir un mois',
  previousMonth: (month: string) => `Mois précédent\u00a0: ${month}`,
  nextMonth: (month: string) => `Mois suivant\u00a0: ${month}`,
  currentMonth: (month: string) => `Mois en cours\u00a0: ${month}`,
  table: 'Transmissions par jour',
  day: 'Jour',
  destination: 'Destination',
  captured: 'Déclarées',
  accepted: 'Accusées',
  received: 'Constatées',
  underWay: 'En cours',
  parked: 'À décider',
  rejected: 'Refusées',
  cancelled: 'Annulées',
  chargedColumn: 'Facturées',
  state: 'État',
  open: (date: string) => `Voir le ${date}`,
  dayTitle: 'Grand livre, un jour',
  back: 'Revenir au grand livre',
  backToMonth: (month: string) => `Voir le mois\u00a0: ${month}`,
  sums: 'Les égalités du jour',
  differing: 'Transmissions en écart',
  differingLead:
    'Ces transmissions ne s’accordent pas avec le reste. Notez le jour et prévenez votre hébergeur\u00a0; ne saisissez rien de nouveau pour les corriger.',
  waiting: 'Pas encore arrivées à leur fin',
  nothingWaiting: 'Tout ce qui a été déclaré ce jour-là est arrivé à sa fin.',
  dayEmpty: 'Aucune transmission ce jour-là.',
  screening: 'Ouvrir le dépistage',
} as const
