/** People whom the configuration names as administrators of a group: what they are offered, and what they never are. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Finess } from '../../src/domain/finess.ts'
import type { PharmacyGroup } from '../../src/domain/pharmacy-group.ts'
import type { Rpps } from '../../src/domain/rpps.ts'
import { bellecour, getSeedPerson, pontNeuf } from '../simulators/pro-sante-connect/people.ts'
import { type AuthWorld, openAuthWorld, pharmacyIds } from './auth-world.ts'

let world: AuthWorld
beforeAll(async () => {
  world = await openAuthWorld()
})
afterAll(() => world.close())

const rppsOf = (personId: string) => getSeedPerson(personId)?.rpps as Rpps
const groupOf = (admins: readonly string[], pharmacies = [pontNeuf.finess, bellecour.finess]): PharmacyGroup => ({
  name: 'Groupement Inventé',
  pharmacies: pharmacies as Finess[],
  admins: admins.map(rppsOf),
})
const offersOf = async (auth: AuthWorld['auth'], personId: string) => {
  const token = await world.sessionOf(personId, { auth })
  const session = await auth.findSession(token, world.request())
  return { token, session, offers: new Map(session?.activities.map(({ pharmacyId, role }) => [pharmacyId, role])) }
}

test('one who exercises nowhere here administers every pharmacy of the group, one at a time', async () => {
  const auth = world.openAnother({ groups: [groupOf(['remplacante'])] })
  expect(await world.signIn('remplacante')).toEqual({ ok: false, problem: 'no-pharmacy-here' })
  const { token, session, offers } = await offersOf(auth, 'remplacante')
  expect(offers).toEqual(
    new Map([
      [pharmacyIds.pontNeuf, 'group-admin'],
      [pharmacyIds.bellecour, 'group-admin'],
    ]),
  )
  expect(session?.actor).toBeNull()
  const chosen = await auth.chooseActivity(token, pharmacyIds.bellecour, world.request())
  expect(chosen).toMatchObject({ ok: true, value: { actor: { role: 'group-admin', pharmacyId: pharmacyIds.bellecour } } })
})

test('where a person exercises, their own role stands: nobody writes credit notes for themselves', async () => {
  const { offers } = await offersOf(world.openAnother({ groups: [groupOf(['titulaire'])] }), 'titulaire')
  expect(offers.get(pharmacyIds.pontNeuf)).toBe('titular')
  expect(offers.get(pharmacyIds.bellecour)).toBe('group-admin')
})

test('nobody else is offered anything more, and a pharmacy outside the group is nobody’s', async () => {
  const auth = world.openAnother({ groups: [groupOf(['remplacante'], [bellecour.finess])] })
  expect((await offersOf(auth, 'titulaire')).offers).toEqual(new Map([[pharmacyIds.pontNeuf, 'titular']]))
  const { token, offers, session } = await offersOf(auth, 'remplacante')
  expect(offers).toEqual(new Map([[pharmacyIds.bellecour, 'group-admin']]))
  expect(session?.actor?.pharmacyId).toBe(pharmacyIds.bellecour)
  expect(await auth.chooseActivity(token, pharmacyIds.pontNeuf, world.request())).toEqual({ ok: false, problem: 'not-found' })
})

test('who is taken off the list acts for no pharmacy from their next request on, and chooses none', async () => {
  const { token } = await offersOf(world.openAnother({ groups: [groupOf(['remplacante'])] }), 'remplacante')
  const after = world.openAnother({ groups: [groupOf(['titulaire'])] })
  expect(await after.findSession(token, world.request())).toMatchObject({ actor: null, activities: [] })
  const chosen = await after.chooseActivity(token, pharmacyIds.bellecour, world.request())
  expect(chosen.ok && chosen.value.actor).toBeFalsy()
})

test('somebody whom Pro Santé Connect does not know as a pharmacist or preparer is no administrator either', async () => {
  const auth = world.openAnother({ groups: [groupOf(['medecin'])] })
  expect(await world.signIn('medecin', { auth })).toMatchObject({ ok: false, problem: 'profession-not-admitted' })
})
