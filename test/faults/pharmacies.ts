/** Invented pharmacies with a titular each: who captures, and as whom they sign in. */
import { luhnValid } from '../../src/domain/luhn.ts'
import type { SeedPerson } from '../simulators/pro-sante-connect/people.ts'
import { professionalDocument } from '../simulators/pro-sante-connect/professional-document.ts'

export type FaultPharmacy = { readonly finess: string; readonly name: string; readonly person: SeedPerson }

export function inventPharmacies(count: number): readonly FaultPharmacy[] {
  return Array.from({ length: count }, (_, index) => {
    const finess = withKey(`7500009${index}`)
    const rpps = withKey(`999000${String(index).padStart(4, '0')}`)
    const place = { finess, name: `Pharmacie des Pannes ${index + 1}`, postalCode: '75001', city: 'PARIS' }
    const nationalId = `8${rpps}`
    const activities = [{ at: place, sector: 'SA33', role: 'FON-03', section: 'A' }]
    const names = { familyName: 'PANNE', givenName: `Numéro ${index + 1}` }
    return {
      finess,
      name: place.name,
      person: {
        ...names,
        id: `panne-${index}`,
        role: 'Pharmacienne titulaire',
        place: place.name,
        rpps,
        document: professionalDocument({
          ...names,
          nationalId,
          otherIds: [{ identifiant: nationalId, origine: 'RPPS', qualite: 1 }],
          exercises: [{ profession: '21', category: 'C', activities }],
        }),
      },
    }
  })
}

function withKey(digits: string): string {
  for (let key = 0; key < 10; key++) if (luhnValid(`${digits}${key}`)) return `${digits}${key}`
  throw new Error('some key holds for any digits')
}
