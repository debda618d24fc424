/** Reads a Pro Santé Connect UserInfo document: who the person is, and in which role they exercise where. */
import { fail, ok, type Result } from '../base/result.ts'
import { type Finess, parseFiness } from '../domain/finess.ts'
import type { Role } from '../domain/roles.ts'
import { parseRpps, type Rpps } from '../domain/rpps.ts'
import { findLineProblem, tidyText } from '../domain/text-rules.ts'
import { asList, asRecord, asText, codeOf, type Fields } from './user-info-fields.ts'

export type ProfessionalRole = Extract<Role, 'titular' | 'pharmacist' | 'student' | 'preparer'>

export type ExercisedActivity = {
  readonly finess: Finess
  readonly role: ProfessionalRole
  /** TRE_R02. */
  readonly sector: string
}

export type ProfessionalIdentity = {
  readonly rpps: Rpps
  /** Names of exercise where there are any, else civil names; empty where Pro Santé Connect gives none. */
  readonly familyName: string
  readonly givenName: string
  /** One a pharmacy, with the widest of the person's roles there; empty for a professional without an officine. */
  readonly activities: readonly ExercisedActivity[]
}

export type UserInfoProblem = 'no-rpps' | 'profession-not-admitted'

const exercisesMax = 50
const activitiesMax = 200
const otherIdsMax = 50
const nameLengthMax = 100

/** TRE_G15, and the roles of JDV_J108 that decide. */
const pharmacistProfession = '21'
const preparerProfession = '39'
const titularRole = 'FON-03'
const studentReplacingRole = 'FON-47'
const internRole = 'FON-48'
const preparerRole = '317'
/** TRE_R09: civil and military exercise on their own; a student (E) shares profession 21. */
const fullCategories = ['C', 'M']
const studentCategory = 'E'

/** Widest first. */
const byWidth: readonly ProfessionalRole[] = ['titular', 'pharmacist', 'student', 'preparer']

/**
 * Everybody but pharmacists, students of pharmacy and preparers is refused. `sectors` are those of officines (TRE_R02): an
 * activity elsewhere gives no role here. Never throws, whatever the document holds.
 */
export function parseUserInfo(
  userInfo: Readonly<Record<string, unknown>>,
  sectors: readonly string[],
): Result<ProfessionalIdentity, UserInfoProblem> {
  const rpps = findRpps(userInfo)
  if (rpps === null) return fail('no-rpps')
  // Absent altogether for people whom no register of professionals holds.
  const exercises = asList(asRecord(userInfo.SubjectRefPro)?.exercices, exercisesMax)
  const admitted = exercises.filter(isAdmitted)
  if (admitted.length === 0) return fail('profession-not-admitted')
  const activities = admitted.flatMap((exercise) => activitiesOf(exercise, sectors)).slice(0, activitiesMax)
  return ok({ rpps, ...namesOf(admitted, userInfo), activities: widestByPharmacy(activities) })
}

/**
 * From `otherIds` with the origin RPPS, and from a national id of type 8: the person's main id may have become another one.
 * Two that differ name two people, and then nobody.
 */
function findRpps(userInfo: Fields): Rpps | null {
  const listed = asList(userInfo.otherIds, otherIdsMax)
    .filter((id) => codeOf(id.origine) === 'RPPS')
    .map((id) => asText(id.identifiant))
  const found = new Set<Rpps>()
  for (const text of [...listed, asText(userInfo.SubjectNameID)]) {
    const digits = /^8(\d{11})$/.exec(text)?.[1] ?? (listed.includes(text) ? text : '')
    const rpps = parseRpps(digits)
    if (rpps.ok) found.add(rpps.value)
  }
  const [rpps] = found
  return found.size === 1 && rpps ? rpps : null
}

/** Some preparers and students are known by their role alone. */
const rolesWithoutProfession: readonly string[] = [preparerRole, studentReplacingRole]

function isAdmitted(exercise: Fields): boolean {
  const profession = codeOf(exercise.codeProfession)
  if (profession !== '') return profession === pharmacistProfession || profession === preparerProfession
  return asList(exercise.activities, activitiesMax).some((one) => rolesWithoutProfession.includes(codeOf(one.codeRole)))
}

function activitiesOf(exercise: Fields, sectors: readonly string[]): readonly ExercisedActivity[] {
  return asList(exercise.activities, activitiesMax).flatMap((activity) => {
    const sector = codeOf(activity.codeSecteurDactivite)
    const finess = parseFiness(asText(activity.numeroFinessSite))
    const role = roleOf(exercise, codeOf(activity.codeRole))
    if (!finess.ok || role === null || !sectors.includes(sector)) return []
    return [{ finess: finess.value, role, sector }]
  })
}

/** A profession that is named is not overruled by a role: a hospital's preparer (38) with role 317 is not an officine's. */
function roleOf(exercise: Fields, role: string): ProfessionalRole | null {
  const category = codeOf(exercise.codeCategorieProfessionnelle)
  switch (codeOf(exercise.codeProfession)) {
    case preparerProfession:
      return 'preparer'
    case pharmacistProfession:
      if (category === studentCategory || role === studentReplacingRole) return 'student'
      if (!fullCategories.includes(category) || role === internRole) return null
      return role === titularRole ? 'titular' : 'pharmacist'
    case '':
      if (role === preparerRole) return 'preparer'
      return role === studentReplacingRole ? 'student' : null
    default:
      return null
  }
}

function widestByPharmacy(activities: readonly ExercisedActivity[]): readonly ExercisedActivity[] {
  const widest = new Map<Finess, ExercisedActivity>()
  for (const activity of activities) {
    const known = widest.get(activity.finess)
    if (!known || byWidth.indexOf(activity.role) < byWidth.indexOf(known.role)) widest.set(activity.finess, activity)
  }
  return [...widest.values()]
}

function namesOf(exercises: readonly Fields[], userInfo: Fields): { familyName: string; givenName: string } {
  const firstName = (texts: readonly string[]): string => texts.map(tidyText).find(isShowable) ?? ''
  return {
    familyName: firstName([...exercises.map((one) => asText(one.nomDexercice)), asText(userInfo.family_name)]),
    givenName: firstName([...exercises.map((one) => asText(one.prenomDexercice)), asText(userInfo.given_name)]),
  }
}

function isShowable(name: string): boolean {
  return name !== '' && findLineProblem(name, nameLengthMax) === null
}
