/** French for every closed code of the domain: states, results, fields and what is wrong with them. A code without its words does not compile. */
import type { Progress } from '../actions/views.ts'
import type { CaptureField, FieldProblemCode } from '../domain/capture-fields.ts'
import type { DeclarationKind } from '../domain/declaration.ts'
import type { IdentityStatus, InsAuthority } from '../domain/ins.ts'
import type { Sex } from '../domain/patient.ts'
import type { Role } from '../domain/roles.ts'
import type { Analyte, Consent, ScreeningResult, SymptomBand } from '../domain/screening.ts'
import type { UdiIssuer } from '../domain/udi.ts'

export const progressText: Record<Progress, string> = {
  draft: 'Brouillon',
  queued: 'En file',
  sent: 'Envoyée',
  accepted: 'Acquittée',
  rejected: 'Refusée',
  parked: 'En attente de décision',
  cancelled: 'Annulée',
  received: 'Réception constatée',
}

/** For counts: `12 acquittées`. */
export const progressPluralText: Record<Progress, { readonly one: string; readonly many: string }> = {
  draft: { one: 'brouillon', many: 'brouillons' },
  queued: { one: 'en file', many: 'en file' },
  sent: { one: 'envoyée', many: 'envoyées' },
  accepted: { one: 'acquittée', many: 'acquittées' },
  rejected: { one: 'refusée', many: 'refusées' },
  parked: { one: 'en attente de décision', many: 'en attente de décision' },
  cancelled: { one: 'annulée', many: 'annulées' },
  received: { one: 'réception constatée', many: 'réceptions constatées' },
}

export const progressSentence: Record<Progress, string> = {
  draft: 'Rien n’est parti : un pharmacien doit relire et signer.',
  queued: 'Enregistré. La transmission part dès que la destination peut la recevoir ; vous n’avez rien à faire.',
  sent: 'La transmission est partie ; l’accusé de la destination est attendu.',
  accepted: 'La destination a accusé réception.',
  rejected: 'La destination a refusé cette transmission. Le motif est indiqué plus bas.',
  parked: 'La transmission est arrêtée : une personne doit décider de la suite. Elle ne repart pas seule.',
  cancelled: 'La transmission a été annulée avant son envoi.',
  received: 'Une personne a constaté que la destination détient cette transmission ; aucun accusé n’a été reçu.',
}

export const declarationKindText: Record<DeclarationKind, string> = {
  original: 'Première transmission',
  replacement: 'Rectification',
  cancellation: 'Annulation',
}

export const analyteText: Record<Analyte, string> = {
  'sars-cov-2': 'SARS-CoV-2 (Covid-19)',
  'influenza-a': 'Grippe A',
  'influenza-b': 'Grippe B',
  rsv: 'Virus respiratoire syncytial (VRS)',
  'strep-a': 'Streptocoque A',
}

export const analyteShortText: Record<Analyte, string> = {
  'sars-cov-2': 'Covid-19',
  'influenza-a': 'Grippe A',
  'influenza-b': 'Grippe B',
  rsv: 'VRS',
  'strep-a': 'Strepto A',
}

export const resultText: Record<ScreeningResult, string> = {
  positive: 'Positif',
  negative: 'Négatif',
  indeterminate: 'Indéterminé',
  'unsatisfactory-sample': 'Prélèvement inexploitable',
}

export const sexText: Record<Sex, string> = { female: 'Féminin', male: 'Masculin', unknown: 'Inconnu' }

export const consentText: Record<Consent, string> = { yes: 'Oui', no: 'Non', unanswered: 'Sans réponse' }

export const symptomText: Record<SymptomBand, string> = {
  none: 'Aucun symptôme',
  'onset-0-1': 'Depuis 0 à 1 jour',
  'onset-2-4': 'Depuis 2 à 4 jours',
  'onset-5-7': 'Depuis 5 à 7 jours',
  'onset-8-14': 'Depuis 8 à 14 jours',
  'onset-15-28': 'Depuis 15 à 28 jours',
  unknown: 'Ne sait pas',
}

export const identityStatusText: Record<IdentityStatus, string> = {
  PROV: 'Provisoire : rien n’a été vérifié',
  VALI: 'Validée : pièce d’identité vue',
  RECUP: 'Récupérée : du téléservice INSi',
  QUAL: 'Qualifiée : pièce vue et INSi',
}

export const identityStatusShortText: Record<IdentityStatus, string> = {
  PROV: 'provisoire',
  VALI: 'validée',
  RECUP: 'récupérée',
  QUAL: 'qualifiée',
}

export const insAuthorityText: Record<InsAuthority, string> = {
  nir: 'NIR (numéro de sécurité sociale)',
  nia: 'NIA (numéro d’attente)',
  'nir-test': 'NIR de test',
  'nir-demo': 'NIR de démonstration',
}

export const udiIssuerText: Record<UdiIssuer, string> = { gs1: 'GS1', hibcc: 'HIBCC', iccbba: 'ICCBBA' }

export const roleText: Record<Role, string> = {
  titular: 'pharmacien titulaire',
  pharmacist: 'pharmacien',
  student: 'étudiant en pharmacie',
  preparer: 'préparateur',
  'group-admin': 'administrateur du groupement',
  dpo: 'délégué à la protection des données',
  operator: 'exploitant',
}

export const fieldText: Record<CaptureField, string> = {
  birthName: 'Nom de naissance',
  birthFirstName: 'Premier prénom de naissance',
  birthFirstNames: 'Tous les prénoms de naissance',
  usedName: 'Nom utilisé',
  usedFirstName: 'Prénom utilisé',
  sex: 'Sexe',
  birthDate: 'Date de naissance',
  birthPlaceInsee: 'Code INSEE du lieu de naissance',
  insMatricule: 'Matricule INS',
  insAuthority: 'Nature du matricule',
  identityStatus: 'Statut de l’identité',
  addressLine: 'Adresse',
  postalCode: 'Code postal',
  city: 'Commune',
  phone: 'Téléphone',
  email: 'Courriel',
  sampledAt: 'Date et heure du prélèvement',
  testKitId: 'Test utilisé',
  kitUdiIssuer: 'Organisme de l’IUD',
  kitUdi: 'Code IUD-ID de la boîte',
  kitLot: 'Numéro de lot',
  kitExpiry: 'Péremption',
  'result.sars-cov-2': 'Résultat SARS-CoV-2 (Covid-19)',
  'result.influenza-a': 'Résultat grippe A',
  'result.influenza-b': 'Résultat grippe B',
  'result.rsv': 'Résultat VRS',
  'result.strep-a': 'Résultat streptocoque A',
  symptoms: 'Symptômes',
  consent: 'Accord du patient',
  comment: 'Commentaire',
}

export const fieldHintText: Partial<Record<CaptureField, string>> = {
  birthDate: 'JJ/MM/AAAA',
  insMatricule: 'avec la clé, espaces permis',
  birthFirstNames: 'dans l’ordre de l’état civil, séparés par des espaces',
  birthPlaceInsee: '5 caractères ; à l’étranger, 99 puis le pays',
  phone: '06 12 34 56 78 ou +33…',
  kitExpiry: 'JJ/MM/AAAA',
  kitUdi: 's’il diffère du catalogue',
  consent: 'à la conservation de son identité dans le fichier national',
  comment: 'sans répéter l’identité du patient',
}

export const fieldProblemText: Record<FieldProblemCode, string> = {
  required: 'à renseigner.',
  'too-long': 'le texte est trop long.',
  'forbidden-character':
    'un caractère n’est pas admis ici (signe, émoji ou caractère invisible). Lettres, espaces, traits d’union et apostrophes conviennent toujours.',
  'not-a-choice': 'choisissez une des réponses proposées.',
  'not-a-date': 'cette date n’existe pas ou n’est pas écrite JJ/MM/AAAA.',
  'date-in-future': 'cette date est dans le futur.',
  'date-too-old': 'cette date donne plus de 125 ans : vérifiez l’année.',
  'not-a-time': 'cette date ou cette heure n’existe pas.',
  'time-does-not-exist': 'cette heure n’existe pas : c’est la nuit du passage à l’heure d’été.',
  'time-in-future': 'ce moment est dans le futur : vérifiez la date et l’heure.',
  'time-too-old': 'le prélèvement date de plus de 7 jours (90 pour une correction) : il ne peut plus être transmis.',
  'time-before-birth': 'le prélèvement est antérieur à la naissance : vérifiez les deux dates.',
  'nir-not-fifteen-characters': 'il faut 15 caractères, clé comprise.',
  'nir-bad-shape': 'ce n’est pas la forme d’un NIR : vérifiez les chiffres.',
  'nir-bad-key': 'la clé (les deux derniers chiffres) ne correspond pas : un chiffre est faux.',
  'nir-sex-differs': 'le premier chiffre contredit le sexe saisi : est-ce la carte d’une autre personne ?',
  'nir-birth-year-differs': 'l’année contredit la date de naissance : est-ce la carte d’une autre personne ?',
  'status-needs-ins': 'ce statut demande un matricule INS.',
  'insee-code-bad-shape': 'il faut 5 caractères, comme 75056 ou 2A004.',
  'postal-code-bad-shape': 'il faut 5 chiffres.',
  'phone-bad-shape': 'ce n’est pas un numéro de téléphone complet.',
  'email-bad-shape': 'ce n’est pas une adresse de courriel complète.',
  'unknown-test-kit': 'ce test n’est pas au catalogue de l’officine.',
  'test-kit-expired': 'ce test était périmé le jour du prélèvement.',
  'not-read-by-kit': 'le test choisi ne donne pas ce résultat.',
  'udi-bad-shape': 'ce n’est pas la forme d’un code IUD-ID : recopiez celui de la boîte.',
  'consent-cannot-return':
    'un accord refusé ou non donné ne peut plus être accordé : le fichier national n’a pas gardé l’identité.',
}
