/** Fields as French HL7 v2.5 writes them (IHE PAM France, national-formats §6): times, people, structures, the PID segment. */
import { nationalStructureIdOf } from '../../domain/finess.ts'
import { type InsAuthority, insOid } from '../../domain/ins.ts'
import { parisWallTime } from '../../domain/paris-time.ts'
import type { Patient, Sex } from '../../domain/patient.ts'
import type { PharmacySettings } from '../../domain/pharmacy.ts'
import { nationalIdOf, type Rpps } from '../../domain/rpps.ts'
import { components, composite, type Field, type Repetition, repeated, type Segment, segment } from './message.ts'

const hourMs = 3_600_000
const hoursKeptMax = 64
/** The hours asked about of late, as they are written: Paris changes on a whole hour, and asking the platform takes 6 µs a time. */
const hours = new Map<number, WrittenHour>()
type WrittenHour = { readonly dayAndHour: string; readonly offset: string }

/** `YYYYMMDDHHMMSS+ZZZZ`, the wall clock of Paris with its offset: whole hours from UTC since 1911, so that minutes are those of UTC. */
export function hl7Time(instant: Date): string {
  const ms = instant.getTime()
  const hour = Math.floor(ms / hourMs)
  const { dayAndHour, offset } = hours.get(hour) ?? writeHour(instant, hour)
  const seconds = Math.floor((ms - hour * hourMs) / 1_000)
  return dayAndHour + twoDigits(Math.floor(seconds / 60)) + twoDigits(seconds % 60) + offset
}

function writeHour(instant: Date, number: number): WrittenHour {
  const { year, month, day, hour, offset } = parisWallTime(instant)
  const written = { dayAndHour: year + month + day + hour, offset }
  if (hours.size >= hoursKeptMax) hours.clear()
  hours.set(number, written)
  return written
}

function twoDigits(number: number): string {
  return number < 10 ? `0${number}` : String(number)
}

/** `YYYY-MM-DD` as `YYYYMMDD`. */
export function hl7Date(date: string): string {
  return date.replaceAll('-', '')
}

const insAuthorityNames: Record<InsAuthority, string> = {
  nir: 'ASIP-SANTE-INS-NIR',
  nia: 'ASIP-SANTE-INS-NIA',
  'nir-test': 'ASIP-SANTE-INS-NIR',
  'nir-demo': 'ASIP-SANTE-INS-NIR',
}
const sexCodes: Record<Sex, string> = { female: 'F', male: 'M', unknown: 'U' }

/** The patient: `localId` stands in PID-3 with type PI, the INS beside it where there is one. */
export function patientSegment(patient: Patient, localId: { readonly id: string; readonly authority: string }): Segment {
  return segment('PID', {
    3: repeated(insIdentifier(patient), components(localId.id, '', '', localId.authority, 'PI')),
    5: repeated(birthName(patient), usedName(patient)),
    7: hl7Date(patient.birthDate),
    8: sexCodes[patient.sex],
    11: repeated(homeAddress(patient), birthPlace(patient)),
    13: repeated(phone(patient.phone), email(patient.email)),
    // PID-31: the person is known to us; PID-32: how far the identity was checked.
    31: 'N',
    32: patient.identityStatus,
  })
}

/** XCN: a professional under the national id, `8` then the RPPS. */
export function professionalField(person: {
  readonly rpps: Rpps
  readonly familyName: string
  readonly givenName: string
}): Field {
  const authority = ['ASIP-SANTE-PS', '1.2.250.1.71.4.2.1', 'ISO']
  return composite(
    nationalIdOf(person.rpps),
    person.familyName,
    person.givenName,
    '',
    '',
    '',
    '',
    '',
    authority,
    'D',
    '',
    '',
    'IDNPS', // biome-ignore format: one line, as in the guide
  )
}

/** XON: a pharmacy under the national id, `1` then the FINESS. */
export function structureField(pharmacy: PharmacySettings): Field {
  const authority = ['ASIP-SANTE-ST', '1.2.250.1.71.4.2.2', 'ISO']
  return composite(pharmacy.name, '', '', '', '', authority, 'FINEG', '', '', nationalStructureIdOf(pharmacy.finess))
}

function insIdentifier({ ins }: Patient): Repetition | null {
  if (ins === null) return null
  return components(ins.matricule, '', '', [insAuthorityNames[ins.authority], insOid(ins.authority), 'ISO'], 'INS')
}

function birthName(patient: Patient): Repetition {
  return components(patient.birthName, patient.birthFirstName, patient.birthFirstNames, '', '', '', 'L')
}

function usedName({ usedName: name, usedFirstName, birthName: born }: Patient): Repetition | null {
  return name === null && usedFirstName === null ? null : components(name ?? born, usedFirstName ?? '', '', '', '', '', 'D')
}

function homeAddress({ address }: Patient): Repetition | null {
  if (address === null) return null
  return components(address.line ?? '', '', address.city ?? '', '', address.postalCode ?? '', address.country, 'H')
}

/** The birthplace rides as an address of type BDL with its INSEE code. */
function birthPlace({ birthPlaceInsee }: Patient): Repetition | null {
  return birthPlaceInsee === null ? null : components('', '', '', '', '', '', 'BDL', '', birthPlaceInsee)
}

/** XTN-12 holds the number as it is dialled; XTN-1 is withdrawn in v2.5. */
function phone(number: string | null): Repetition | null {
  if (number === null) return null
  const mobile = /^\+33[67]/.test(number)
  return components('', 'PRN', mobile ? 'CP' : 'PH', '', '', '', '', '', '', '', '', number)
}

function email(address: string | null): Repetition | null {
  return address === null ? null : components('', 'NET', 'Internet', address)
}
