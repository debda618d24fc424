/** The pharmacist and the pharmacy, in every part that the header gives them: author, custodian, signer, performer. */
import type { Author } from '../../domain/declaration-document.ts'
import { nationalStructureIdOf } from '../../domain/finess.ts'
import type { PharmacySettings } from '../../domain/pharmacy.ts'
import { nationalIdOf } from '../../domain/rpps.ts'
import { code, codeNamed, identifier, pharmacyAddress, pharmacyPhone, point } from './datatypes.ts'
import { practiceSetting, type SystemCode } from './vocabulary.ts'
import { type XmlElement, xml } from './xml.ts'

const professionalRoot = '1.2.250.1.71.4.2.1'
const structureRoot = '1.2.250.1.71.4.2.2'

export type Signer = { readonly author: Author; readonly pharmacy: PharmacySettings; readonly profession: SystemCode }

export function authorOf(signer: Signer, signedAt: string): XmlElement {
  return xml(
    'author',
    null,
    point('time', signedAt),
    xml('assignedAuthor', null, ...identity(signer), organisation('representedOrganization', signer.pharmacy)),
  )
}

export function custodianOf({ pharmacy }: Signer): XmlElement {
  return xml('custodian', null, xml('assignedCustodian', null, organisation('representedCustodianOrganization', pharmacy)))
}

export function legalAuthenticatorOf(entity: XmlElement, signedAt: string): XmlElement {
  return xml('legalAuthenticator', null, point('time', signedAt), xml('signatureCode', { code: 'S' }), entity)
}

/** The pharmacist as signer, performer and responsible party: one element, which the document writes in every place. */
export function assignedEntityOf(signer: Signer): XmlElement {
  const setting = codeNamed('standardIndustryClassCode', practiceSetting)
  return xml('assignedEntity', null, ...identity(signer), organisation('representedOrganization', signer.pharmacy, setting))
}

function identity({ author, pharmacy, profession }: Signer): XmlElement[] {
  const name = xml('name', null, xml('given', null, author.givenName), xml('family', null, author.familyName))
  return [
    identifier(professionalRoot, nationalIdOf(author.rpps)),
    code(profession),
    pharmacyAddress(pharmacy),
    pharmacyPhone(pharmacy, 'WP'),
    xml('assignedPerson', null, name),
  ]
}

function organisation(element: string, pharmacy: PharmacySettings, setting: XmlElement | null = null): XmlElement {
  return xml(
    element,
    null,
    identifier(structureRoot, nationalStructureIdOf(pharmacy.finess)),
    xml('name', null, pharmacy.name),
    pharmacyPhone(pharmacy),
    pharmacyAddress(pharmacy),
    setting,
  )
}
