/** The flags of table MetaDMPMSS: where the platform takes the document, and from whom it keeps it. */

import type { AnsOruCdaSettings } from '../../domain/ans-oru-cda-settings.ts'
import type { Patient } from '../../domain/patient.ts'
import { composite, type Segment, segment } from '../hl7v2/message.ts'

type Flag = { readonly code: string; readonly display: string; readonly on: boolean; readonly note?: string | undefined }

/**
 * OBX after the document's, in the order of the guide; OBX-11 is F whatever happens to the document. They hang on the
 * settings and on one fact about the patient (`mayReachPatient`), so that a destination writes its two lists only once.
 */
export function listFlags(settings: AnsOruCdaSettings, mayReach: boolean): Segment[] {
  return flagsOf(settings, mayReach).flatMap(({ code, display, on, note }, index) => {
    const flag = segment('OBX', {
      1: String(index + 2),
      2: 'CE',
      3: composite(code, display, 'MetaDMPMSS'),
      5: composite(on ? 'Y' : 'N', '', 'expandedYes-NoIndicator'),
      11: 'F',
    })
    return note === undefined ? [flag] : [flag, segment('NTE', { 1: '1', 4: note })]
  })
}

/**
 * True where the platform may be asked to reach the patient's own record or mailbox: both are found by the INS, and only
 * a qualified identity makes it that person's. Consent GEN-366 plays no part: it is for the test and the national file.
 */
export function mayReachPatient({ ins, identityStatus }: Patient): boolean {
  return ins !== null && identityStatus === 'QUAL'
}

export function mailsPatient(settings: AnsOruCdaSettings, mayReach: boolean): boolean {
  return settings.mailToPatient && !settings.hiddenFromPatient && mayReach
}

function flagsOf(settings: AnsOruCdaSettings, mayReach: boolean): readonly Flag[] {
  const mailed = mailsPatient(settings, mayReach)
  return [
    { code: 'MASQUE_PS', display: 'Masqué aux professionnels de Santé', on: settings.hiddenFromProfessionals },
    { code: 'INVISIBLE_PATIENT', display: 'Document Non Visible par le patient', on: settings.hiddenFromPatient },
    {
      code: 'INVISIBLE_REP_LEGAUX',
      display: 'Non visible par les représentants Légaux du patient',
      on: settings.hiddenFromGuardians,
    },
    { code: 'CONNEXION_SECRETE', display: 'Connexion Secrete', on: settings.secretConnection },
    // A change of the flags alone is a message that we never send.
    { code: 'MODIF_CONF_CODE', display: 'Modification Confidentiality Code', on: false },
    { code: 'DESTDMP', display: 'Destinataire DMP', on: settings.publishToDmp && mayReach },
    {
      code: 'DESTMSSANTEPS',
      display: 'Destinataire (Professionnel de Santé, organisation ou BAL applicative)',
      on: settings.mailRecipients.length > 0,
    },
    {
      code: 'DESTMSSANTEPAT',
      display: 'Destinataire Patient',
      on: mailed,
      note: mailed && !settings.patientMayReply ? 'FIN' : undefined,
    },
    { code: 'ACK_RECEPTION', display: 'Accusé de réception', on: settings.acknowledgeReception },
    { code: 'ACK_LECTURE_MSS', display: 'Accusé de lecture', on: settings.acknowledgeReading },
  ]
}
