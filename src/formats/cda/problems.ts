/** What keeps a declaration from becoming a document: texts, traits and identities, checked before anything is built. */
import type { DeclarationDocument } from '../../domain/declaration-document.ts'
import { insAuthorities } from '../../domain/ins.ts'
import type { EncodeProblem } from '../format.ts'
import { findUnreadableText } from './unreadable-text.ts'

const patientName = 'recordTarget/patientRole/patient/name'
const patientId = 'recordTarget/patientRole/id'

/** The first problem, or null. Locations are steps of the document, or field names; never values. */
export function findDocumentProblem(document: DeclarationDocument): EncodeProblem | null {
  const unreadable = findUnreadableText(document)
  if (unreadable !== null) return { code: 'unreadable-content', location: unreadable }
  return findMissingTrait(document) ?? findInsProblem(document)
}

/** Required by the model; an empty element would be valid for the schema and useless to whoever reads it. */
function findMissingTrait({ patient, author, pharmacy }: DeclarationDocument): EncodeProblem | null {
  const required: readonly (readonly [string, string])[] = [
    [patient.birthName, `${patientName}/family`],
    [patient.birthFirstName, `${patientName}/given`],
    [patient.birthFirstNames, `${patientName}/given`],
    [author.familyName, 'author/assignedAuthor/assignedPerson/name/family'],
    [author.givenName, 'author/assignedAuthor/assignedPerson/name/given'],
    [pharmacy.name, 'author/assignedAuthor/representedOrganization/name'],
  ]
  for (const [text, location] of required) if (text.trim() === '') return { code: 'missing-trait', location }
  const born = /^\d{4}-\d{2}-\d{2}$/.test(patient.birthDate)
  return born ? null : { code: 'missing-trait', location: 'recordTarget/patientRole/patient/birthTime' }
}

/** A test matricule in a national file, or a real one in a demonstration, would each be somebody else's record. */
function findInsProblem({ patient: { ins }, profile }: DeclarationDocument): EncodeProblem | null {
  if (ins === null) return null
  if (!insAuthorities.includes(ins.authority)) return { code: 'unmapped-code', location: patientId }
  const real = ins.authority === 'nir' || ins.authority === 'nia'
  const misplaced = profile === 'production' ? !real : profile === 'demo' && real
  return misplaced ? { code: 'unmapped-code', location: patientId } : null
}
