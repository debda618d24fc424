/** The invented people whom the simulator can sign in: one for each rule that a gateway must get right. */
import { type ExerciseSeed, type ProfessionalDocument, professionalDocument } from './professional-document.ts'

export type SeedPharmacy = { readonly finess: string; readonly name: string; readonly postalCode: string; readonly city: string }

export type SeedPerson = {
  /** What the chooser's form posts as `person`. */
  readonly id: string
  readonly familyName: string
  readonly givenName: string
  /** French, for the chooser: what this person is, and where. */
  readonly role: string
  readonly place: string
  readonly rpps: string | null
  /** Every claim that Pro Santé Connect gives for `scope_all`. */
  readonly document: ProfessionalDocument
}

export const pontNeuf: SeedPharmacy = {
  finess: '750000010',
  name: 'Pharmacie du Pont-Neuf',
  postalCode: '75001',
  city: 'PARIS',
}
export const bellecour: SeedPharmacy = {
  finess: '690000021',
  name: 'Pharmacie Bellecour',
  postalCode: '69002',
  city: 'LYON',
}
export const seedPharmacies: readonly SeedPharmacy[] = [pontNeuf, bellecour]

const hospital: SeedPharmacy = { finess: '750000036', name: 'Hôpital des Essais', postalCode: '75013', city: 'PARIS' }
const surgery: SeedPharmacy = { finess: '', name: 'Cabinet médical des Essais', postalCode: '75011', city: 'PARIS' }

const pharmacist = { profession: '21', category: 'C' } as const

type PersonSeed = Omit<SeedPerson, 'document' | 'rpps'> & {
  readonly rpps?: string
  readonly nationalId?: string
  readonly otherIds?: ReadonlyArray<{ identifiant: string; origine: string; qualite: number }>
  /** Null: the document has no `SubjectRefPro` at all. */
  readonly exercises: readonly ExerciseSeed[] | null
}

const seeds: readonly PersonSeed[] = [
  {
    id: 'titulaire',
    familyName: 'DESROCHES',
    givenName: 'Camille',
    role: 'Pharmacienne titulaire',
    place: pontNeuf.name,
    rpps: '99900000011',
    exercises: [{ ...pharmacist, activities: [{ at: pontNeuf, sector: 'SA33', role: 'FON-03', section: 'A' }] }],
  },
  {
    id: 'titulaire-lyon',
    familyName: 'VALLORY',
    givenName: 'Étienne',
    role: 'Pharmacien titulaire',
    place: bellecour.name,
    rpps: '99900000102',
    exercises: [{ ...pharmacist, activities: [{ at: bellecour, sector: 'SA33', role: 'FON-03', section: 'A' }] }],
  },
  {
    id: 'adjointe',
    familyName: 'MARCHADIER',
    givenName: 'Inès',
    role: 'Pharmacienne adjointe',
    place: `${pontNeuf.name} et ${bellecour.name}`,
    rpps: '99900000029',
    exercises: [
      {
        ...pharmacist,
        activities: [
          { at: pontNeuf, sector: 'SA33', role: 'FON-05', section: 'D' },
          { at: bellecour, sector: 'SA33', role: 'FON-05', section: 'D' },
        ],
      },
    ],
  },
  {
    id: 'remplacante',
    familyName: 'OZERAY',
    givenName: 'Louise',
    role: 'Pharmacienne remplaçante',
    place: 'aucune officine ; administre le groupement de la démonstration',
    rpps: '99900000037',
    exercises: [{ ...pharmacist, activities: [{ at: hospital, sector: 'SA01', role: 'FON-04', section: 'D', kind: 'GENR02' }] }],
  },
  {
    id: 'preparateur',
    familyName: 'BRUNEAUX',
    givenName: 'Théo',
    role: 'Préparateur en pharmacie',
    place: pontNeuf.name,
    rpps: '99900000045',
    exercises: [{ profession: '39', category: 'C', activities: [{ at: pontNeuf, sector: 'SA33', role: '317' }] }],
  },
  {
    id: 'preparatrice-par-role',
    familyName: 'CAZENAVE',
    givenName: 'Maïwenn',
    role: 'Préparatrice (par son seul rôle)',
    place: bellecour.name,
    rpps: '99900000078',
    exercises: [{ profession: '', category: '', activities: [{ at: bellecour, sector: 'SA33', role: '317' }] }],
  },
  {
    id: 'etudiant',
    familyName: 'LORIEUX',
    givenName: 'Noé',
    role: 'Étudiant en pharmacie, remplaçant adjoint',
    place: bellecour.name,
    rpps: '99900000052',
    exercises: [
      { profession: '21', category: 'E', activities: [{ at: bellecour, sector: 'SA33', role: 'FON-47', section: 'D' }] },
    ],
  },
  {
    id: 'psi',
    familyName: 'FAUVELLE',
    givenName: 'Sarah',
    role: 'Pharmacienne adjointe (identifiant PSI)',
    place: pontNeuf.name,
    rpps: '99900000094',
    nationalId: '5f0b3c62-8f6e-4a3b-9c9d-2e6a4f7b1d08',
    otherIds: [
      { identifiant: '5f0b3c62-8f6e-4a3b-9c9d-2e6a4f7b1d08', origine: 'PSI', qualite: 1 },
      { identifiant: '899900000094', origine: 'RPPS', qualite: 1 },
    ],
    exercises: [{ ...pharmacist, activities: [{ at: pontNeuf, sector: 'SA33', role: 'FON-05', section: 'D' }] }],
  },
  {
    id: 'medecin',
    familyName: 'TISSERAND',
    givenName: 'Paul',
    role: 'Médecin',
    place: 'refusé : profession',
    rpps: '99900000060',
    exercises: [{ profession: '10', category: 'C', activities: [{ at: surgery, sector: 'SA07', role: '' }] }],
  },
  {
    id: 'sans-fiche',
    familyName: 'GARANCE',
    givenName: 'Alix',
    role: 'Personne sans fiche professionnelle',
    place: 'refusé : profession',
    rpps: '99900000086',
    exercises: null,
  },
  {
    id: 'edit',
    familyName: 'ESSAI',
    givenName: 'Dominique',
    role: 'Identité de test EDIT, sans RPPS',
    place: 'refusé : pas de RPPS',
    nationalId: 'ANS20230000001',
    otherIds: [{ identifiant: 'ANS20230000001', origine: 'EDIT', qualite: 1 }],
    exercises: [{ ...pharmacist, activities: [{ at: pontNeuf, sector: 'SA33', role: 'FON-05', section: 'D' }] }],
  },
]

export const seedPeople: readonly SeedPerson[] = seeds.map((seed) => ({
  id: seed.id,
  familyName: seed.familyName,
  givenName: seed.givenName,
  role: seed.role,
  place: seed.place,
  rpps: seed.rpps ?? null,
  document: professionalDocument({
    familyName: seed.familyName,
    givenName: seed.givenName,
    nationalId: seed.nationalId ?? `8${seed.rpps ?? ''}`,
    otherIds: seed.otherIds ?? [{ identifiant: `8${seed.rpps ?? ''}`, origine: 'RPPS', qualite: 1 }],
    exercises: seed.exercises,
  }),
}))

export function getSeedPerson(id: string): SeedPerson {
  const person = seedPeople.find((one) => one.id === id)
  if (!person) throw new Error(`no seed person called ${id}`)
  return person
}
