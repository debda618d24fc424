/** What a destination of format `ans-oru-cda` is told: the platform's names, who gets the document, and who must not see it. */
import type { Finess } from './finess.ts'
import type { Rpps } from './rpps.ts'

/** A mailbox of the secure mail MSSanté, with whom it belongs to. */
export type MailRecipient =
  | {
      readonly kind: 'professional'
      readonly rpps: Rpps
      readonly familyName: string
      readonly givenName: string
      readonly address: string
    }
  | { readonly kind: 'organisation'; readonly finess: Finess; readonly name: string; readonly address: string }

export type AnsOruCdaSettings = {
  /** MSH-3. */
  readonly sendingApplication: string
  /** MSH-4; null: the pharmacy's national id. */
  readonly sendingFacility: string | null
  /** MSH-5 and MSH-6: the establishment's platform (PFI). */
  readonly receivingApplication: string
  readonly receivingFacility: string
  /** MSH-18, the two values of the guide. The document inside is UTF-8 in both. */
  readonly charset: 'UNICODE UTF-8' | '8859/15'
  /** DESTDMP: ask the platform to file the document in the patient's record; done only for a qualified identity. */
  readonly publishToDmp: boolean
  /** DESTMSSANTEPS is Y when there is at least one; bounded by `mailRecipientsMax`. */
  readonly mailRecipients: readonly MailRecipient[]
  /** DESTMSSANTEPAT: to the patient's own mailbox; only for a qualified identity, and never while hidden from the patient. */
  readonly mailToPatient: boolean
  /** NTE-4 FIN when false: the patient cannot answer the mail. */
  readonly patientMayReply: boolean
  /** PRT REPLY: the MSSanté address for answers. */
  readonly replyTo: string | null
  /** MASQUE_PS, INVISIBLE_PATIENT, INVISIBLE_REP_LEGAUX, CONNEXION_SECRETE. */
  readonly hiddenFromProfessionals: boolean
  readonly hiddenFromPatient: boolean
  readonly hiddenFromGuardians: boolean
  readonly secretConnection: boolean
  /** ACK_RECEPTION and ACK_LECTURE_MSS: ask for messages of their own (ZAM), which a gateway that only sends cannot take. */
  readonly acknowledgeReception: boolean
  readonly acknowledgeReading: boolean
}

export const mailRecipientsMax = 20

/** Nothing is published, mailed or hidden unless config says so. */
export const ansOruCdaDefaults: AnsOruCdaSettings = {
  sendingApplication: 'PASSERELLE',
  sendingFacility: null,
  receivingApplication: 'PFI',
  receivingFacility: 'PFI',
  charset: 'UNICODE UTF-8',
  publishToDmp: false,
  mailRecipients: [],
  mailToPatient: false,
  patientMayReply: false,
  replyTo: null,
  hiddenFromProfessionals: false,
  hiddenFromPatient: false,
  hiddenFromGuardians: false,
  secretConnection: false,
  acknowledgeReception: false,
  acknowledgeReading: false,
}
