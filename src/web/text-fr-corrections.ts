/** French of corrections, cancellations and versions: what happens, what is asked, and what became of it. */
import type { CorrectionProblem, Progress } from '../actions/views.ts'
import type { Consequence } from '../domain/correction-plan.ts'
import type { ScreeningStatus } from '../domain/screening.ts'

/** After the name of a destination: what it will hear. */
export const consequenceText: Record<Consequence, string> = {
  'correction-sent': 'une correction sera transmise.',
  'correction-follows': 'la transmission en cours va d’abord à son terme ; la correction la suit.',
  'correction-held-back': 'la transmission précédente attend une décision ; la correction partira après elle.',
  'correction-replaces-waiting': 'la correction qui attendait encore est remplacée par celle-ci.',
  'sent-in-place-of-waiting': 'rien n’est encore parti : la transmission en attente est remplacée.',
  'sent-after-refusal': 'la transmission avait été refusée : la version corrigée est transmise à sa place.',
  'sent-for-the-first-time': 'rien n’y a encore été transmis : la version corrigée le sera.',
  'cancellation-sent': 'une annulation sera transmise.',
  'cancellation-follows': 'la transmission en cours va d’abord à son terme ; l’annulation la suit.',
  'cancellation-held-back': 'la transmission précédente attend une décision ; l’annulation partira après elle.',
  'cancellation-by-hand':
    'son format ne sait pas dire une annulation ; rien ne partira. Prévenez-la vous-même, puis constatez-le dans le suivi du dépistage.',
  'never-left': 'rien n’est encore parti : la transmission en attente est annulée et rien ne sera transmis.',
  'holds-nothing': 'aucune transmission n’y a été enregistrée : rien ne sera transmis.',
  'already-cancelled': 'le dépistage y est déjà annulé : rien ne sera transmis.',
  'no-longer-configured':
    'cette destination n’est plus déclarée dans la passerelle et garde ce qu’elle a reçu ; prévenez l’administrateur de votre groupement.',
}

export const reasonProblemText: Record<NonNullable<CorrectionProblem['reason']>, string> = {
  required: 'à renseigner.',
  'too-short': 'le motif est trop court : au moins 3 caractères.',
  'too-long': 'le motif est trop long : 300 caractères au plus.',
  'forbidden-character': 'un caractère n’est pas admis ici (émoji ou caractère invisible).',
}

export const versionStatusText: Record<ScreeningStatus, string> = {
  draft: 'Brouillon',
  signed: 'En vigueur',
  superseded: 'Remplacée',
  cancelled: 'Annulation',
}

/** Under the state of a screening that has been cancelled. */
export const cancelledSentence: Record<Progress, string> = {
  draft: 'Ce dépistage a été annulé.',
  queued: 'Ce dépistage a été annulé. L’annulation part dès que la destination peut la recevoir.',
  sent: 'Ce dépistage a été annulé. L’annulation est partie ; l’accusé de la destination est attendu.',
  accepted: 'Ce dépistage a été annulé, et la destination en a accusé réception.',
  rejected: 'Ce dépistage a été annulé ici, mais la destination a refusé l’annulation. Le motif est indiqué plus bas.',
  parked: 'Ce dépistage a été annulé ici, mais la transmission est arrêtée : une personne doit décider de la suite.',
  cancelled: 'Ce dépistage a été annulé. Il ne peut plus être corrigé.',
  received: 'Ce dépistage a été annulé, et une personne a constaté que la destination le sait.',
}

export const changeText = {
  correct: 'Corriger',
  cancel: 'Annuler',
  ofThis: ' ce dépistage',
  correctAndResend: 'Corriger et renvoyer',
  compare: (count: number) => `Comparer les ${count} versions`,
  corrected: (version: number) => `Ce dépistage a été corrigé : vous en lisez la version ${version}.`,
  versionOf: (version: number) => `version ${version}`,
  earlier: (count: number) => `Transmissions des versions précédentes (${count})`,
  whatHappens: 'Ce qui va se passer',
  destinationDoes: (destination: string) => `${destination} :`,
  reason: 'Motif',
  reasonHint: 'de 3 à 300 caractères ; conservé chiffré, non transmis',
  back: 'Abandonner',
  busy: 'Enregistrement…',
  unavailable: 'Rien n’a été enregistré : le service ne répond pas. Recommencez dans un instant ; rien ne sera fait deux fois.',

  correctTitle: 'Corriger un dépistage',
  correctLead: 'Modifiez ce qui est faux. L’ancienne version est conservée, et votre correction est signée de votre nom.',
  correctWhy: 'Pourquoi cette correction',
  correctButton: 'Signer et enregistrer la correction',
  correctConflict:
    'Ce dépistage a été modifié pendant votre saisie, ou ce formulaire avait déjà servi. Rien de cette saisie n’a été enregistré. Comparez d’abord les versions ; votre saisie est gardée ci-dessous, et l’enregistrer remplacerait la version en vigueur.',

  cancelTitle: 'Annuler un dépistage',
  cancelLead: 'Ce dépistage n’aurait pas dû être enregistré ? Vérifiez que c’est bien celui-ci.',
  cancelWhat: 'Dépistage à annuler',
  cancelFinal:
    'Une annulation est définitive : le dépistage ne pourra plus être corrigé. Il reste visible dans la liste du jour.',
  cancelWhy: 'Pourquoi cette annulation',
  cancelButton: 'Annuler définitivement ce dépistage',
  cancelConflict:
    'Ce dépistage a été modifié entre-temps, ou ce formulaire avait déjà servi. Rien n’a été annulé. Relisez le dépistage ci-dessous avant de décider.',

  conflictTitle: 'Ce dépistage ne peut plus être modifié',
  conflictCancelled: 'Il a été annulé, peut-être par une autre personne à l’instant. Votre demande n’a rien changé.',
  conflictCancelledTodo: 'Si le test a bien eu lieu, saisissez un nouveau dépistage.',
  conflictDraft: 'C’est encore un brouillon : rien n’est parti.',
  conflictDraftTodo: 'Relisez-le et corrigez-le au moment de le signer.',
  conflictOther: 'Quelqu’un a été plus rapide. Votre demande n’a rien changé.',
  conflictOtherTodo: 'Relisez le dépistage avant de recommencer.',
  see: 'Voir le dépistage',
  listNote: 'Dépistage annulé',
} as const

export const versionsText = {
  title: 'Versions du dépistage',
  lead: 'De la plus ancienne à la plus récente. Ce qui a changé par rapport à la version précédente est marqué.',
  caption: 'Versions côte à côte',
  scroll: 'Versions côte à côte, défilement possible',
  field: 'Champ',
  version: (version: number) => `Version ${version}`,
  status: 'État',
  signedBy: 'Signée par',
  signedAt: 'Signée le',
  reason: 'Motif',
  first: 'première version',
  nothing: 'non renseigné',
  changed: 'Ce qui a changé',
  same: 'Ce qui est resté identique',
  noChange: 'Aucune donnée n’a changé.',
  marks: { changed: 'modifié', added: 'ajouté', removed: 'retiré' },
  back: 'Revenir au suivi du dépistage',
} as const
