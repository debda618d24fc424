/** PRT segments (taken from HL7 v2.9 by the guide): who sends the document, to whom it is mailed, where answers go. */

import type { AnsOruCdaSettings, MailRecipient } from '../../domain/ans-oru-cda-settings.ts'
import type { DeclarationDocument } from '../../domain/declaration-document.ts'
import { nationalStructureIdOf } from '../../domain/finess.ts'
import { insOid } from '../../domain/ins.ts'
import type { Patient } from '../../domain/patient.ts'
import { professionalField, structureField } from '../hl7v2/french-fields.ts'
import { composite, type Field, type FieldsByNumber, type Segment, segment } from '../hl7v2/message.ts'
import { mailsPatient, mayReachPatient } from './ans-oru-cda-flags.ts'

/** The sender always: the platform builds its token for the patient's record from it. */
export function listParticipations(settings: AnsOruCdaSettings, document: DeclarationDocument): Segment[] {
  const sender = participation('SB', 'Send by', {
    5: professionalField(document.author),
    8: structureField(document.pharmacy),
  })
  const patient = mailsPatient(settings, mayReachPatient(document.patient)) ? patientRecipient(document.patient) : null
  const reply = settings.replyTo === null ? null : participation('REPLY', 'Reply To', { 15: mailbox(settings.replyTo) })
  return [sender, ...settings.mailRecipients.map(recipientOf), patient, reply].filter((each) => each !== null)
}

function recipientOf(recipient: MailRecipient): Segment {
  const address = mailbox(recipient.address)
  if (recipient.kind === 'professional')
    return participation('RCT', 'Result Copies To', { 5: professionalField(recipient), 15: address })
  const authority = ['ASIP-SANTE-ST', '1.2.250.1.71.4.2.2', 'ISO']
  const organisation = composite(
    recipient.name,
    '',
    '',
    '',
    '',
    authority,
    'FINEG',
    '',
    '',
    nationalStructureIdOf(recipient.finess),
  )
  return participation('RCT', 'Result Copies To', { 8: organisation, 15: address })
}

/** The patient's mailbox bears the matricule: every person with an INS has one in Mon espace santé. */
function patientRecipient({ ins, birthName, birthFirstName }: Patient): Segment | null {
  if (ins === null) return null
  const authority = ['', insOid(ins.authority), 'ISO']
  const person = composite(ins.matricule, birthName, birthFirstName, '', '', '', '', '', authority, 'L', '', '', 'INS')
  return participation('RCT', 'Result Copies To', { 5: person, 15: mailbox(`${ins.matricule}@patient.mssante.fr`) })
}

function participation(code: string, display: string, fields: FieldsByNumber): Segment {
  return segment('PRT', { 2: 'UC', 4: composite(code, display, 'participation'), ...fields })
}

function mailbox(address: string): Field {
  return composite('', '', 'X.400', address)
}
