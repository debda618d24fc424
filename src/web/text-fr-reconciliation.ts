/** French for reconciliations: what a destination holds against what we say of it, and what a person may do about a difference. */
import type { AskProblem, ReconciliationView } from '../actions/reconciliation-desk.ts'
import type { Proposal, ReconciliationProblem } from '../domain/reconciliation.ts'
import { spaced } from './text-fr-stopped.ts'

export const reconciliationProblemText: Record<ReconciliationProblem, string> = {
  'acknowledged-not-held': 'Accusées ici, absentes chez elle',
  'stopped-but-held': 'Arrêtées ici, présentes chez elle',
  'stopped-not-held': 'Arrêtées ici, absentes chez elle',
  'withdrawn-but-held': 'Annulées ici avant l’envoi, présentes chez elle',
  'waiting-but-held': 'En cours ici, déjà présentes chez elle',
  'never-sent-but-held': 'Jamais envoyées d’ici, présentes chez elle',
  'unknown-to-us': 'Présentes chez elle, inconnues ici',
  unclear: 'Sans réponse exploitable de sa part',
}

export const proposalText: Record<Proposal, string> = {
  'ask-them': 'Écrivez-lui avec les identifiants ci-dessous et, s’il existe, notre accusé. Ne renvoyez rien avant sa réponse.',
  'mark-received': 'Ouvrez chaque dépistage et constatez la réception, avec un motif. Elle n’est jamais facturée.',
  'send-again': 'Renvoyez-les\u00a0: une à une depuis le dépistage, ou ensemble depuis «\u00a0À reprendre\u00a0».',
  'cancel-there': 'Demandez-lui par écrit de les retirer\u00a0: ici, elles comptent comme jamais envoyées.',
  wait: 'Rien à faire\u00a0: elles sont en route, et elle les reconnaîtra.',
  'ask-later': 'Relancez ce rapprochement plus tard.',
}

export const reconciliationStateText: Record<ReconciliationView['state'], string> = {
  waiting: 'En cours',
  done: 'Terminé',
  failed: 'Impossible',
}

export const askProblemText: Record<AskProblem, string> = {
  destination: 'Choisissez une destination de la liste.',
  day: 'Indiquez un jour déjà terminé, hier au plus tard.',
  list: 'La liste attend des identifiants de 8 à 20 capitales et chiffres, un par ligne, 2\u00a0000 au plus.',
  'cannot-be-asked': 'Cette destination ne répond pas aux questions\u00a0: collez la liste qu’elle vous a remise.',
}

const differences = (count: number) => (count === 0 ? 'aucun écart' : count === 1 ? '1 écart' : `${spaced(count)} écarts`)

export const reconciliationText = {
  title: 'Rapprochement',
  titleOf: (day: string) => `Rapprochement du ${day}`,
  link: 'Rapprocher avec une destination',
  lead: 'Comparez un jour de votre officine avec ce que la destination dit détenir. Rien n’est renvoyé ni changé\u00a0: chaque écart attend votre décision.',
  back: 'Revenir au grand livre',
  backToList: 'Revenir aux rapprochements',
  destination: 'Destination',
  day: 'Jour de signature',
  list: 'Liste remise par la destination',
  listHint: 'Facultatif. Les identifiants qu’elle dit détenir ce jour-là, un par ligne. Sans liste, elle est interrogée.',
  needsList: ' (liste nécessaire)',
  start: 'Comparer',
  recent: 'Rapprochements récents',
  none: 'Aucun rapprochement pour le moment.',
  open: (day: string, destination: string) => `Rapprochement du ${day}, ${destination}`,
  requestedAt: (when: string) => `demandé le ${when}`,
  result: (agreed: number, differing: number) =>
    `${spaced(agreed)} ${agreed > 1 ? 'transmissions concordent' : 'transmission concorde'}, ${differences(differing)}`,
  byList: 'd’après sa liste',
  byAsking: 'en l’interrogeant',
  waiting: 'La comparaison est en cours. Elle prend quelques secondes, une minute au plus pour une grosse journée.',
  refresh: 'Actualiser',
  failed: 'La comparaison n’a pas pu être faite. Relancez-la\u00a0; si cela se répète, prévenez votre hébergeur.',
  allAgrees: 'Tout concorde\u00a0: la destination détient ce que nous disons, ni plus ni moins.',
  more: (shown: number, all: number) => `Les ${spaced(shown)} premiers écarts sur ${spaced(all)} sont montrés.`,
  whatToDo: 'Que faire',
  controlId: 'Identifiant',
  openScreening: 'Ouvrir le dépistage',
  mark: 'Constater la réception',
  toStopped: 'Ouvrir «\u00a0À reprendre\u00a0»',
  handle: 'J’ai écrit à la destination',
  handleOf: (controlId: string) => ` à propos de ${controlId}`,
  handled: 'Traité par écrit',
  changed: 'Réglé depuis',
} as const
