/** French for what has stopped, for retries of many, and for how forwarding stands. */
import type { RetryBatchView, Standing } from '../actions/views.ts'
import type { StoppedState } from '../domain/stopped.ts'

const many = (count: number, one: string, more: string) => `${spaced(count)} ${count > 1 ? more : one}`
/** `12 480`, with a space that does not break. */
export const spaced = (count: number): string => String(count).replaceAll(/\B(?=(\d{3})+$)/g, '\u202f')

/** `moins d’une minute`, `environ 12 min`, `environ 3 h`: nobody is promised a second. */
export function roughDuration(ms: number): string {
  const minutes = Math.ceil(ms / 60_000)
  if (minutes <= 1) return 'moins d’une minute'
  if (minutes < 100) return `environ ${minutes} min`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `environ ${hours} h` : `environ ${Math.round(hours / 24)} jours`
}

export const stoppedStateText: Record<StoppedState, { readonly one: string; readonly many: string }> = {
  parked: { one: 'en attente de décision', many: 'en attente de décision' },
  rejected: { one: 'refusée', many: 'refusées' },
}

export const batchStateText: Record<RetryBatchView['state'], string> = {
  waiting: 'Attend l’accord d’une seconde personne',
  running: 'En cours',
  stopped: 'Arrêté',
  done: 'Terminé',
}

type Line = Standing['destinations'][number]

/** One honest sentence on how forwarding to a destination stands. */
export function standingSentence({ label, state, waiting, pausedForMs, expectedDelayMs }: Line): string {
  const waits =
    waiting === 0
      ? ''
      : ` ${many(waiting, 'transmission de votre officine attend', 'transmissions de votre officine attendent')}.`
  const delay =
    expectedDelayMs === null
      ? ' Délai inconnu : trop peu d’envois viennent d’aboutir pour le prévoir.'
      : ` Délai prévu : ${roughDuration(expectedDelayMs)}.`
  switch (state) {
    case 'paused':
      return `${label} ne répond pas${pausedForMs === null ? '' : ` depuis ${roughDuration(pausedForMs)}`}.${waits} Un essai est fait de temps en temps ; personne ne peut dire quand elle reviendra.`
    case 'silent':
      return `${label} n’accuse plus réception, sans qu’on sache pourquoi.${waits} Prévenez votre hébergeur.`
    case 'recovering':
      return `${label} est revenue ; les transmissions repartent peu à peu.${waits}${delay}`
    case 'delayed':
      return `Les transmissions vers ${label} prennent du retard.${waits}${delay}`
    case 'not-configured':
      return `${label} n’est plus configurée.${waits} Prévenez l’administrateur de votre groupement.`
  }
}

export const standingText = {
  title: 'Transmissions ralenties',
  keepOn: 'Continuez à saisir : tout est enregistré ici et partira tout seul, dans l’ordre.',
  quiet: (since: string) =>
    `Aucun dépistage n’a été saisi ici depuis ${since}, ce qui est inhabituel à cette heure. Si vous testez, vérifiez que les saisies sont bien signées.`,
}

export const stoppedText = {
  nav: 'À reprendre',
  title: 'À reprendre',
  heading: 'Transmissions à reprendre',
  lead: 'Ces transmissions se sont arrêtées et ne repartiront pas seules : une personne doit décider.',
  empty: 'Rien n’est arrêté : il n’y a rien à reprendre.',
  held: (count: number) =>
    `${many(count, 'correction ou annulation attend', 'corrections ou annulations attendent')} derrière l’une d’elles, et ${count > 1 ? 'partiront' : 'partira'} après la décision.`,
  groups: 'Par motif',
  group: (count: number, state: StoppedState) =>
    `${many(count, 'transmission', 'transmissions')} ${count > 1 ? stoppedStateText[state].many : stoppedStateText[state].one}`,
  since: (date: string) => `la plus ancienne depuis le ${date}`,
  doubtful: (count: number) =>
    `${many(count, 'a peut-être déjà été prise', 'ont peut-être déjà été prises')} par la destination : à vérifier auprès d’elle avant tout renvoi.`,
  retryGroup: 'Renvoyer…',
  retryGroupOf: (what: string) => ` ${what}`,
  one: 'Une par une',
  openOne: 'Voir et décider',
  page: (page: number, pages: number) => `Page ${page} sur ${pages}`,
  previous: 'Page précédente',
  next: 'Page suivante',
  stoppedAt: (date: string) => `arrêtée le ${date}`,

  batches: 'Renvois groupés',
  batch: (released: number, chosen: number) => `${spaced(released)} sur ${spaced(chosen)} remises en file`,
  skipped: (count: number) =>
    `${many(count, 'a été laissée', 'ont été laissées')} de côté : reprise ou terminée entre-temps, ou destination retirée de la passerelle.`,
  follow: 'Suivre',
  byOperator: 'Demandé par l’exploitant',

  previewTitle: 'Renvoyer plusieurs transmissions',
  previewCount: (count: number, destination: string | null) =>
    `${many(count, 'transmission sera remise', 'transmissions seront remises')} en file${destination === null ? '' : ` vers ${destination}`}.`,
  previewSplit: (sure: number, doubtful: number, destination: string | null) =>
    `${many(sure, 'transmission sera remise', 'transmissions seront remises')} en file${destination === null ? '' : ` vers ${destination}`}, et ${spaced(doubtful)} de plus si vous confirmez plus bas.`,
  confirmSome: 'Renvoyer',
  askSome: 'Demander le renvoi',
  notConfigured:
    'Cette destination n’est plus déclarée dans la passerelle : rien n’y est envoyé. Demandez à l’administrateur de votre groupement de la déclarer de nouveau ; ou, si elle détient déjà la transmission, constatez sa réception.',
  previewNotConfigured: (count: number) =>
    `${many(count, 'transmission est laissée', 'transmissions sont laissées')} de côté : leur destination n’est plus déclarée dans la passerelle. Demandez à l’administrateur de votre groupement de la déclarer de nouveau ; ou constatez, une par une, la réception de celles qu’elle détient déjà.`,
  previewNothing: 'Il n’y a plus rien à renvoyer ici.',
  previewPace: (perSecond: number, duration: string) =>
    `Elles repartent au rythme de ${perSecond} par seconde au plus, soit ${duration}. Vous pouvez arrêter à tout moment.`,
  previewMended:
    'Elles ont été refusées : renvoyez-les seulement si ce qui était en cause a été réparé, sinon elles seront refusées de nouveau.',
  previewDoubt: (count: number) =>
    `${many(count, 'transmission a peut-être déjà été prise', 'transmissions ont peut-être déjà été prises')} par la destination. Sans votre confirmation, elles sont laissées de côté : renvoyées sans vérifier, elles pourraient compter deux fois.`,
  confirmDoubt: 'J’ai vérifié auprès de la destination qu’elle ne les détient pas : les renvoyer aussi.',
  previewSecond: (aloneMax: number, aloneBefore: number) =>
    `${aloneBefore === 0 ? '' : `Vous en avez déjà renvoyé ${spaced(aloneBefore)} sans second accord au cours des dernières 24 heures. `}Au-delà de ${spaced(aloneMax)} par personne en 24 heures, un second pharmacien doit donner son accord avant que rien ne parte.`,
  confirm: (count: number) => `Renvoyer ${many(count, 'transmission', 'transmissions')}`,
  ask: (count: number) => `Demander le renvoi de ${many(count, 'transmission', 'transmissions')}`,
  back: 'Revenir sans rien renvoyer',

  batchTitle: 'Renvoi groupé',
  requestedAt: (date: string) => `Demandé le ${date}.`,
  progress: 'Avancement',
  refresh: 'Actualiser',
  stop: 'Arrêter ce renvoi',
  stopHint: 'Ce qui est déjà en file suivra son cours ; le reste demeure arrêté.',
  approve: 'Donner mon accord',
  approveHint: 'Vous confirmez avoir relu le nombre et le motif. Votre nom est conservé.',
  waitsForOther:
    'Avec ce que la même personne a renvoyé sans second accord au cours des dernières 24 heures, ce renvoi dépasse ce qu’une personne peut décider seule. Un autre pharmacien ou le titulaire doit ouvrir cette page et donner son accord, dans les 24 heures.',
  backToList: 'Retour aux transmissions à reprendre',

  mark: 'La destination la détient déjà…',
  markTitle: 'Constater la réception',
  markLead: (destination: string) => `Vous déclarez avoir vu que ${destination} détient cette transmission.`,
  markFollows: [
    'Elle ne sera plus envoyée ; ce constat ne peut pas être défait.',
    'Ce n’est pas un accusé de réception : elle est comptée à part et n’est jamais facturée.',
    'Les corrections qui attendaient derrière elle pourront partir.',
  ],
  markCancellation: 'La destination sait qu’il est annulé…',
  markCancellationTitle: 'Constater l’annulation',
  markCancellationLead: (destination: string) => `Vous déclarez que ${destination} sait que ce dépistage est annulé.`,
  markCancellationFollows: [
    'L’annulation ne sera plus envoyée ; ce constat ne peut pas être défait.',
    'Ce n’est pas un accusé de réception : votre nom, la date et votre motif sont conservés.',
  ],
  markCancellationReasonHint: 'qui vous avez prévenu, quand et comment, 3 à 300 caractères',
  markCancellationButton: 'Constater l’annulation',
  retryCancellationHint:
    'La renvoyer sert seulement si ce qui était en cause a été réparé ailleurs (droits, configuration) ; sinon, prévenez la destination et constatez-le.',
  markReasonHint: 'où et comment vous l’avez vérifié, 3 à 300 caractères',
  markButton: 'Constater la réception',
  markConflict: 'Quelqu’un a décidé entre-temps : cette transmission n’est plus arrêtée.',
  retryRejected: 'Renvoyer telle quelle',
  retryRejectedHint:
    'Seulement si ce qui était en cause a été réparé ailleurs (catalogue, droits, configuration) ; sinon, corrigez la saisie.',
} as const
