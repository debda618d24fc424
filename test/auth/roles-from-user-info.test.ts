import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseUserInfo } from '../../src/auth/roles-from-user-info.ts'
import { getSeedPerson, pontNeuf, seedPeople } from '../simulators/pro-sante-connect/people.ts'
import { type ExerciseSeed, professionalDocument } from '../simulators/pro-sante-connect/professional-document.ts'

const sectors = ['SA33', 'SA38', 'SA39']
const rpps = '99900000110'

function documentOf(change: {
  exercises?: readonly ExerciseSeed[] | null
  nationalId?: string
  otherIds?: ReadonlyArray<{ identifiant: string; origine: string; qualite: number }>
}): Record<string, unknown> {
  return {
    ...professionalDocument({
      familyName: 'ESSAI',
      givenName: 'Claude',
      nationalId: change.nationalId ?? `8${rpps}`,
      otherIds: change.otherIds ?? [],
      exercises: change.exercises === undefined ? [exercise('21', 'C', 'FON-05')] : change.exercises,
    }),
  }
}

function exercise(profession: string, category: string, role: string, sector = 'SA33'): ExerciseSeed {
  return { profession, category, activities: [{ at: pontNeuf, sector, role }] }
}

describe('roles', () => {
  test.each([
    ['21', 'C', 'FON-03', 'SA33', 'titular'],
    ['21', 'M', 'FON-03', 'SA33', 'titular'],
    ['21', 'C', 'FON-04', 'SA33', 'pharmacist'],
    ['21', 'C', 'FON-05', 'SA33', 'pharmacist'],
    ['21', 'C', 'FON-07', 'SA33', 'pharmacist'],
    ['21', 'C', '', 'SA38', 'pharmacist'],
    ['21', 'C', 'FON-05', 'SA39', 'pharmacist'],
    ['21', 'E', 'FON-47', 'SA33', 'student'],
    ['21', 'E', 'FON-03', 'SA33', 'student'],
    ['21', 'C', 'FON-47', 'SA33', 'student'],
    ['', '', 'FON-47', 'SA33', 'student'],
    ['39', 'C', '317', 'SA33', 'preparer'],
    ['39', 'C', 'FON-03', 'SA33', 'preparer'],
    ['', '', '317', 'SA33', 'preparer'],
    // Codes with their OID, odd casing and spaces around.
    ['21^1.2.250.1.71.1.2.7', 'c', ' fon-03 ', 'SA33^1.2.250.1.71.4.2.4', 'titular'],
  ])('profession %s, category %s, role %s, sector %s: %s', (profession, category, role, sector, expected) => {
    const parsed = parseUserInfo(documentOf({ exercises: [exercise(profession, category, role, sector)] }), sectors)
    expect(parsed).toMatchObject({ ok: true, value: { activities: [{ finess: pontNeuf.finess, role: expected }] } })
  })

  test.each([
    ['21', 'C', 'FON-48', 'SA33'],
    ['21', 'F', 'FON-05', 'SA33'],
    ['21', '', 'FON-05', 'SA33'],
    ['21', 'C', 'FON-05', 'SA01'],
    ['21', 'C', 'FON-05', 'SA25'],
    ['21', 'C', 'FON-05', ''],
    ['39', 'C', '317', 'SA01'],
    ['21', 'E', 'FON-47', 'SA01'],
  ])('profession %s, category %s, role %s, sector %s: admitted, with no officine', (profession, category, role, sector) => {
    const parsed = parseUserInfo(documentOf({ exercises: [exercise(profession, category, role, sector)] }), sectors)
    expect(parsed).toMatchObject({ ok: true, value: { activities: [] } })
  })

  test.each([
    ['10', 'C', ''],
    ['38', 'C', '317'],
    ['10', 'C', 'FON-03'],
    ['60', 'C', 'FON-47'],
    ['', '', 'FON-03'],
    ['', '', ''],
    ['210', 'C', 'FON-03'],
  ])('profession %s, category %s, role %s is refused', (profession, category, role) => {
    const parsed = parseUserInfo(documentOf({ exercises: [exercise(profession, category, role)] }), sectors)
    expect(parsed).toEqual({ ok: false, problem: 'profession-not-admitted' })
  })

  test('of two roles at one pharmacy the wider one counts', () => {
    const exercises = [exercise('39', 'C', '317'), exercise('21', 'C', 'FON-03'), exercise('21', 'C', 'FON-05')]
    const parsed = parseUserInfo(documentOf({ exercises }), sectors)
    expect(parsed.ok && parsed.value.activities).toEqual([{ finess: pontNeuf.finess, role: 'titular', sector: 'SA33' }])
  })

  test('another profession of the same person takes nothing away, and gives nothing', () => {
    const exercises = [exercise('10', 'C', 'FON-03'), exercise('39', 'C', '317')]
    const parsed = parseUserInfo(documentOf({ exercises }), sectors)
    expect(parsed.ok && parsed.value.activities.map((one) => one.role)).toEqual(['preparer'])
  })

  test('the FINESS of the legal entity is no place of exercise, and one that fails its key is none either', () => {
    for (const finess of ['', '750000018', '75000001', pontNeuf.finess.slice(1)]) {
      const document = documentOf({})
      const { exercices } = document.SubjectRefPro as { exercices: Array<{ activities: Array<Record<string, string>> }> }
      for (const activity of exercices[0]?.activities ?? [])
        Object.assign(activity, { numeroFinessSite: finess, numeroFinessetablissementJuridique: pontNeuf.finess })
      expect(parseUserInfo(document, sectors)).toMatchObject({ ok: true, value: { activities: [] } })
    }
  })
})

describe('RPPS', () => {
  const fromOther = (identifiant: string, origine = 'RPPS') => ({ otherIds: [{ identifiant, origine, qualite: 1 }] })
  test.each([
    ['a national id of type 8', {}],
    [
      'otherIds, with the type digit, under a PSI id',
      { nationalId: '5f0b3c62-8f6e-4a3b-9c9d-2e6a4f7b1d08', ...fromOther(`8${rpps}`) },
    ],
    ['otherIds, without the type digit', { nationalId: 'PSI-1', ...fromOther(rpps) }],
    ['both, alike', fromOther(`8${rpps}`)],
    ['both, beside an ADELI number', { otherIds: [{ identifiant: '0759312345', origine: 'ADELI', qualite: 1 }] }],
  ])('is read from %s', (_, change) => {
    expect(parseUserInfo(documentOf(change), sectors)).toMatchObject({ ok: true, value: { rpps } })
  })

  test.each([
    ['an ADELI number', { nationalId: '0759312345', ...fromOther('0759312345', 'ADELI') }],
    ['an id of a structure', { nationalId: '500000001815646/CPAT00045' }],
    ['an EDIT id', { nationalId: 'ANS20230000001', ...fromOther(`8${rpps}`, 'EDIT') }],
    ['twelve digits of another type', { nationalId: `3${rpps}` }],
    ['eleven bare digits that are no RPPS by origin', { nationalId: rpps }],
    ['two that differ', fromOther('899900000128')],
    ['nothing', { nationalId: '' }],
  ])('is not made up from %s', (_, change) => {
    expect(parseUserInfo(documentOf(change), sectors)).toEqual({ ok: false, problem: 'no-rpps' })
  })

  test('one whose key does not hold is taken: the agency’s own samples fail it', () => {
    expect(parseUserInfo(documentOf({ nationalId: '899900000111' }), sectors)).toMatchObject({
      ok: true,
      value: { rpps: '99900000111' },
    })
  })
})

describe('documents as they come', () => {
  test('names of exercise come before civil names, and empty or hidden ones are passed over', () => {
    const document = documentOf({})
    const { exercices } = document.SubjectRefPro as { exercices: Array<Record<string, unknown>> }
    Object.assign(exercices[0] ?? {}, { nomDexercice: '  DE   L’ESSAI ', prenomDexercice: '' })
    document.given_name = 'Cla\u202Eude'
    expect(parseUserInfo(document, sectors)).toMatchObject({ ok: true, value: { familyName: 'DE L’ESSAI', givenName: '' } })
  })

  test('nobody without professional data is admitted', () => {
    expect(parseUserInfo(documentOf({ exercises: null }), sectors)).toEqual({ ok: false, problem: 'profession-not-admitted' })
    expect(parseUserInfo({}, sectors)).toEqual({ ok: false, problem: 'no-rpps' })
  })

  test('the seed people are read as the chooser says', () => {
    const roles = seedPeople.map(({ id, document }) => {
      const parsed = parseUserInfo(document, sectors)
      return [id, parsed.ok ? parsed.value.activities.map((one) => one.role).join('+') : parsed.problem]
    })
    expect(Object.fromEntries(roles)).toEqual({
      titulaire: 'titular',
      'titulaire-lyon': 'titular',
      adjointe: 'pharmacist+pharmacist',
      remplacante: '',
      preparateur: 'preparer',
      'preparatrice-par-role': 'preparer',
      etudiant: 'student',
      psi: 'pharmacist',
      medecin: 'profession-not-admitted',
      'sans-fiche': 'profession-not-admitted',
      edit: 'no-rpps',
    })
  })

  test('no document makes it throw, or gives a role that its shape does not', () => {
    const odd = fc.jsonValue({ maxDepth: 4 })
    fc.assert(
      fc.property(odd, odd, odd, odd, (ids, refPro, exercices, activities) => {
        for (const document of [
          { SubjectNameID: ids, otherIds: ids, SubjectRefPro: refPro },
          { ...getSeedPerson('titulaire').document, SubjectRefPro: { exercices } },
          { ...getSeedPerson('titulaire').document, SubjectRefPro: { exercices: [{ codeProfession: '21', activities }] } },
        ]) {
          const parsed = parseUserInfo(document as Record<string, unknown>, sectors)
          expect(parsed.ok ? parsed.value.activities : []).toEqual([])
        }
      }),
      { numRuns: 300 },
    )
  })

  test('lists beyond any real length are cut, not walked', () => {
    const many = Array.from({ length: 10_000 }, () => exercise('21', 'C', 'FON-05'))
    const parsed = parseUserInfo(documentOf({ exercises: many }), sectors)
    expect(parsed).toMatchObject({ ok: true, value: { activities: [{ role: 'pharmacist' }] } })
    const late = [...many.map(() => exercise('10', 'C', '')), exercise('21', 'C', 'FON-05')]
    expect(parseUserInfo(documentOf({ exercises: late }), sectors)).toEqual({ ok: false, problem: 'profession-not-admitted' })
  })
})
