/** Invented patients with valid keys, for the demo and the tests: every kind of name that French pharmacies meet. */
import type { CaptureInput } from '../../src/domain/capture-fields.ts'
import { keyOf } from '../../src/domain/nir.ts'

type Traits = readonly [birthName: string, birthFirstName: string, sex: 'female' | 'male', birthDate: string, department: string]

/** The patient of the agency's own sample document; the others are made up. */
const sample: CaptureInput = {
  birthName: 'PAT-TROIS',
  birthFirstName: 'DOMINIQUE',
  birthFirstNames: 'DOMINIQUE MARIE-LOUISE',
  sex: 'female',
  birthDate: '1979-03-28',
  birthPlaceInsee: '51215',
  insMatricule: '279035121518989',
  identityStatus: 'VALI',
  addressLine: '28 Avenue de Breteuil, Escalier A',
  postalCode: '75007',
  city: 'PARIS',
  phone: '0144534551',
}

const invented: readonly Traits[] = [
  ["D'ANGELO", 'ÉLODIE', 'female', '1988-07-14', '13'],
  ['LE GOFF-KERMARREC', 'JEAN-NOËL', 'male', '1951-12-02', '29'],
  ['ÐURIĆ', 'ZOÉ', 'female', '2001-02-28', '67'],
  ['NGUYỄN', 'THỊ MAI', 'female', '1994-09-30', '94'],
  ['MÜLLER', 'FRANÇOIS', 'male', '1969-05-08', '68'],
  ['O’NEILL', 'SIOBHÁN', 'female', '1977-11-19', '35'],
  ['PAOLI', 'ANGE', 'male', '1948-03-17', '2A'],
  ['SANTUCCI', 'LÆTITIA', 'female', '1983-08-23', '2B'],
  ['DE LA TOUR DU PIN', 'MARIE-AMÉLIE', 'female', '1935-01-05', '38'],
  ['ŁUKASZEWICZ', 'WŁADYSŁAW', 'male', '1929-10-10', '62'],
  ['BEN YOUSSEF', 'NAÏM', 'male', '2012-06-21', '93'],
  ['Œ', 'CÔME', 'male', '2019-04-01', '75'],
  ['ÅSTRÖM', 'LINNÉA', 'female', '1990-12-31', '06'],
  ['MARTIN', 'CAMILLE', 'female', '1972-02-29', '69'],
  ['MARTIN', 'CAMILLE', 'male', '1972-02-28', '69'],
  ['SAINT-ÉTIENNE', 'ANNE', 'female', '1960-06-06', '42'],
  ['GARCÍA-LÓPEZ', 'IÑAKI', 'male', '1985-03-03', '64'],
  ['ŞAHİN', 'ÇAĞLA', 'female', '1998-08-08', '67'],
  ['HOÀNG', 'VĂN ĐỨC', 'male', '1966-01-26', '31'],
  ["L'HÉRITIER", 'MAËLYS', 'female', '2007-05-15', '44'],
  ['VAN DER MEER', 'JOOST', 'male', '1979-09-09', '59'],
  ['QUÉMÉNEUR', 'SOIZIG', 'female', '1955-11-11', '22'],
  ['ROUX', 'ADÈLE', 'female', '2023-01-02', '84'],
]

const results = ['negative', 'positive', 'negative', 'indeterminate', 'negative', 'unsatisfactory-sample'] as const
const symptoms = ['none', 'onset-0-1', 'onset-2-4', 'unknown', 'none', 'onset-5-7'] as const

/** Complete capture inputs for `count` patients, repeating with other orders of birth once all have come. */
export function demoCaptures(count: number, sampledAt: string): readonly CaptureInput[] {
  const people = [sample, ...invented.map(traitsOf)]
  return Array.from({ length: count }, (_, index) => ({
    ...people[index % people.length],
    sampledAt,
    testKitId: '1833',
    kitLot: `LOT-${String(1000 + index)}`,
    kitUdiIssuer: 'gs1',
    kitUdi: '03760000000017',
    'result.sars-cov-2': results[index % results.length] ?? 'negative',
    symptoms: symptoms[index % symptoms.length] ?? 'none',
    consent: index % 5 === 4 ? 'no' : 'yes',
    ...(index % 4 === 1 ? { comment: 'Prélèvement difficile | rappel R&D ^ 2~3 \\ <vu>' } : {}),
  }))
}

function traitsOf([birthName, birthFirstName, sex, birthDate, department]: Traits, index: number): CaptureInput {
  const commune = department.length === 2 ? '123' : '12'
  const order = String(100 + index)
  const number = `${sex === 'female' ? 2 : 1}${birthDate.slice(2, 4)}${birthDate.slice(5, 7)}${department}${commune}${order}`
  return {
    birthName,
    birthFirstName,
    sex,
    birthDate,
    birthPlaceInsee: `${department}${commune}`,
    // Every third patient has no INS: a tourist, a newborn, a forgotten card.
    ...(index % 3 === 2 ? {} : { insMatricule: number + keyOf(number), identityStatus: 'VALI' }),
    addressLine: `${index + 1} rue de l’Église`,
    postalCode: `${department.replace(/[AB]/, '0')}000`,
    city: 'SAINT-INVENTÉ',
    phone: `06 00 00 ${String(index).padStart(2, '0')} 00`,
    email: `patient${index}@exemple.test`,
  }
}
