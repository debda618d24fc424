/** The patient of the document: identifiers, contact details, birth and used names, birthplace. */
import { insOid } from '../../domain/ins.ts'
import type { Patient } from '../../domain/patient.ts'
import { hl7Date } from '../hl7v2/french-fields.ts'
import { codeNamed, identifier, patientAddress, unknownTelecom } from './datatypes.ts'
import { localPatientRoot } from './document-id.ts'
import type { SystemCode } from './vocabulary.ts'
import { type XmlElement, xml } from './xml.ts'

/** One id, the INS or else ours: PID-3 of the message around this document must hold the same (guide v2.1). */
export function recordTarget(patient: Patient, screeningId: string, sex: SystemCode): XmlElement {
  const { ins } = patient
  const id = ins === null ? identifier(localPatientRoot, screeningId) : identifier(insOid(ins.authority), ins.matricule)
  return xml(
    'recordTarget',
    null,
    xml(
      'patientRole',
      null,
      id,
      patientAddress(patient.address),
      ...telecoms(patient),
      xml(
        'patient',
        { classCode: 'PSN' },
        names(patient),
        codeNamed('administrativeGenderCode', sex),
        xml('birthTime', { value: hl7Date(patient.birthDate) }),
        birthplace(patient),
      ),
    ),
  )
}

function telecoms({ phone, email }: Patient): XmlElement[] {
  const found: XmlElement[] = []
  if (phone !== null) found.push(xml('telecom', { value: `tel:${phone}`, use: /^\+33[67]/.test(phone) ? 'MC' : 'H' }))
  if (email !== null) found.push(xml('telecom', { value: `mailto:${email}` }))
  return found.length === 0 ? [unknownTelecom()] : found
}

/** Birth traits first (BR; all birth first names without a qualifier), then the names in use (CL) where there are any. */
function names({ birthName, birthFirstName, birthFirstNames, usedName, usedFirstName }: Patient): XmlElement {
  return xml(
    'name',
    null,
    xml('family', { qualifier: 'BR' }, birthName),
    xml('given', null, birthFirstNames),
    xml('given', { qualifier: 'BR' }, birthFirstName),
    usedName === null ? null : xml('family', { qualifier: 'CL' }, usedName),
    usedFirstName === null ? null : xml('given', { qualifier: 'CL' }, usedFirstName),
  )
}

function birthplace({ birthPlaceInsee }: Patient): XmlElement | null {
  if (birthPlaceInsee === null) return null
  return xml('birthplace', null, xml('place', null, xml('addr', null, xml('county', null, birthPlaceInsee))))
}
