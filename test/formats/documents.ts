/** Declarations of invented people, for tests of what is written and sent. */
import type { DeclarationDocument } from '../../src/domain/declaration-document.ts'
import { type Finess, parseFiness } from '../../src/domain/finess.ts'
import { keyOf, type Nir, parseNir } from '../../src/domain/nir.ts'
import type { Patient } from '../../src/domain/patient.ts'
import { parseRpps, type Rpps } from '../../src/domain/rpps.ts'
import type { Act } from '../../src/domain/screening.ts'

/** The NIR of thirteen given characters, with its key. */
export function nirOf(number: string): Nir {
  const parsed = parseNir(number + keyOf(number))
  if (!parsed.ok) throw new Error(parsed.problem)
  return parsed.value
}

function finessOf(text: string): Finess {
  const parsed = parseFiness(text)
  if (!parsed.ok) throw new Error(parsed.problem)
  return parsed.value
}

function rppsOf(text: string): Rpps {
  const parsed = parseRpps(text)
  if (!parsed.ok) throw new Error(parsed.problem)
  return parsed.value
}

export const somePatient: Patient = {
  birthName: "D'ARTAGNAN-LEFÈVRE",
  birthFirstName: 'MARIE',
  birthFirstNames: 'MARIE ZOÉ',
  usedName: 'NOËL',
  usedFirstName: 'Zoé',
  sex: 'female',
  birthDate: '1984-02-29',
  birthPlaceInsee: '2A004',
  ins: { matricule: nirOf('2840299999042'), authority: 'nir-test' },
  identityStatus: 'VALI',
  address: { line: '3 rue de l’Église', postalCode: '20000', city: 'AJACCIO', country: 'FRA' },
  phone: '+33612345678',
  email: 'zoe.noel@exemple.test',
}

export const someAct: Act = {
  sampledAt: '2026-01-15T09:42:00.000Z',
  testKit: {
    id: '1268',
    maker: 'Fabricant d’essai',
    name: 'Test Ag',
    udi: { issuer: 'gs1', deviceIdentifier: '03700000000017' },
    lot: 'L42',
    expiry: '2027-06-30',
  },
  results: [{ analyte: 'sars-cov-2', result: 'positive' }],
  consent: 'yes',
  symptoms: 'onset-2-4',
  comment: null,
}

export const someDocument: DeclarationDocument = {
  declarationId: '7b0c3f6e-2f1e-4f53-9d0d-6f7f3a1c0001',
  controlId: 'K7PZ3M0Q9X1A',
  kind: 'original',
  screeningId: '0f8fad5b-d9cb-469f-a165-70867728950e',
  version: 1,
  replacesVersion: null,
  signedAt: '2026-01-15T09:58:30.000Z',
  patient: somePatient,
  act: someAct,
  author: { rpps: rppsOf('10003456789'), familyName: 'FABRE', givenName: 'Éloi', role: 'pharmacist' },
  pharmacy: {
    finess: finessOf('750000010'),
    name: 'Pharmacie des Deux Ponts',
    addressLine: '5 rue des Deux Ponts',
    postalCode: '75004',
    city: 'PARIS',
    phone: '+33155550101',
  },
  profile: 'test',
}
