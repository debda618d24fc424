/** The pages of what has stopped: seen, previewed, decided and followed, in words that do not promise too much. */
import { expect, test } from 'vitest'
import type { FailureCode } from '../../src/domain/failure-codes.ts'
import { get, post } from '../http/ask.ts'
import { type House, idNumbered, openHouse, sampleDeclaration, sampleScreening } from './sample-house.ts'

const batchId = idNumbered(70)
const screeningId = idNumbered(1)

function houseWithStopped(count = 3, doubtful = 0): House {
  const house = openHouse()
  const at = new Date('2026-11-23T17:02:00Z')
  const named = { destination: 'sidep', destinationLabel: 'Fichier national', assumedFormat: true }
  const batch = {
    batchId,
    destinationLabel: 'Fichier national',
    stoppedState: 'parked',
    code: 'answer-lost',
    state: 'running',
    requestedAt: at,
    endedAt: null,
    mayApprove: false,
    byOperator: false,
    perSecond: 5,
    chosen: count,
    released: 1,
    skipped: 1,
  } as const
  house.stopped = {
    groups: [{ ...named, configured: true, state: 'parked', code: 'answer-lost', count, doubtful, oldest: at }],
    items: [],
    total: count,
    page: 1,
    pages: 1,
    batches: [batch],
  }
  return house
}
const textOf = async (house: House, path: string, who: 'pharmacist' | 'preparer' = 'pharmacist') =>
  (await (await get(house, path, who)).text()).replaceAll(/\s+/g, ' ')

test('the list says why, since when and what to do, and leads to a preview that sends nothing', async () => {
  const house = houseWithStopped()
  const page = await textOf(house, '/a-reprendre')
  expect(page).toContain('3 transmissions en attente de décision')
  expect(page).toContain('la plus ancienne depuis le 23/11/2026')
  expect(page).toContain('/a-reprendre/renvoyer?destination=sidep&amp;etat=parked&amp;motif=answer-lost')
  const preview = await textOf(house, '/a-reprendre/renvoyer?destination=sidep&etat=parked&motif=answer-lost')
  expect(preview).toContain('3 transmissions seront remises en file vers Fichier national')
  expect(preview).toContain('5 par seconde au plus')
  expect(house.retriedMany).toEqual([])
})

test('sending is a decision of its own; the doubtful go only where the person says that they looked', async () => {
  const house = houseWithStopped(3, 2)
  expect(await textOf(house, '/a-reprendre/renvoyer')).toContain('J’ai vérifié auprès de la destination')
  const form = { destination: 'sidep', etat: 'parked', motif: 'answer-lost' }
  const sent = await post(house, '/a-reprendre/renvoyer', 'pharmacist', form)
  expect([sent.status, sent.headers.get('location')]).toEqual([303, `/a-reprendre/lots/${batchId}`])
  await post(house, '/a-reprendre/renvoyer', 'pharmacist', { ...form, doute: 'verifie' })
  await post(house, '/a-reprendre/renvoyer', 'pharmacist', { ...form, doute: 'on' })
  expect(house.retriedMany.map((one) => one.includeDoubtful)).toEqual([false, true, false])
})

test('above the bound the page says that a second person decides, and asks instead of sending', async () => {
  const preview = await textOf(houseWithStopped(101), '/a-reprendre/renvoyer')
  expect(preview).toContain('Au-delà de 100 par personne en 24 heures, un second pharmacien')
  expect(preview).toContain('Demander le renvoi de 101 transmissions')
  expect(preview).not.toContain('Vous en avez déjà renvoyé')
  const after = houseWithStopped(3)
  after.aloneBefore = 98
  const page = await textOf(after, '/a-reprendre/renvoyer')
  expect(page).toContain('Vous en avez déjà renvoyé 98 sans second accord')
  expect(page).toContain('Demander le renvoi de 3 transmissions')
})

test('a batch shows how far it is, and can be stopped', async () => {
  const house = houseWithStopped()
  const page = await textOf(house, `/a-reprendre/lots/${batchId}`)
  expect(page).toContain('1 sur 3 remises en file')
  expect(page).toContain('1 a été laissée de côté')
  expect(page).not.toContain('Donner mon accord')
  expect((await post(house, `/a-reprendre/lots/${batchId}/arret`, 'pharmacist', {})).status).toBe(303)
  expect(house.decided).toEqual([`stop ${batchId}`])
})

test('a group that was never offered is refused, and a batch that is not there is not found', async () => {
  const house = houseWithStopped()
  for (const query of ['etat=queued', 'motif=nothing', 'destination=..%2Fx', `destination='`])
    expect((await get(house, `/a-reprendre/renvoyer?${query}`, 'pharmacist')).status).toBe(400)
  expect((await get(house, `/a-reprendre/lots/${idNumbered(404)}`, 'pharmacist')).status).toBe(404)
})

test('receiving by hand asks for a reason, keeps what was typed, and says that it is no receipt', async () => {
  const house = openHouse()
  house.screenings.set(screeningId, sampleScreening(screeningId, 'parked', { code: 'answer-lost' }))
  const [declaration] = house.screenings.get(screeningId)?.declarations ?? []
  const path = `/depistages/${screeningId}/constater/${declaration?.declarationId}`
  expect(await textOf(house, path)).toContain('Ce n’est pas un accusé de réception')
  const short = await post(house, path, 'pharmacist', { reason: 'ok' })
  expect(short.status).toBe(422)
  expect(await short.text()).toContain('>\nok</textarea>')
  expect((await post(house, path, 'pharmacist', { reason: 'vue au portail' })).headers.get('location')).toBe(
    `/depistages/${screeningId}`,
  )
  const receipt = await textOf(house, `/depistages/${screeningId}`)
  expect(receipt).toContain('Réception constatée')
  expect(receipt).not.toContain('Acquittée')
  expect(await textOf(house, path)).toContain('Quelqu’un a décidé entre-temps')
})

test('what was refused because the destination holds it is not offered as something to mend: it is to be looked up there', async () => {
  const house = openHouse()
  house.screenings.set(screeningId, sampleScreening(screeningId, 'rejected', { code: 'duplicate-key' }))
  const page = await textOf(house, `/depistages/${screeningId}`)
  expect(page).toContain('La destination l’a peut-être déjà reçue')
  expect(page).not.toContain('Seulement si ce qui était en cause a été réparé')
})

test.each(['queued', 'parked', 'rejected'] as const)(
  'what is %s at a destination that was dropped is not offered to be sent again, but can be received by hand',
  async (state) => {
    const house = openHouse()
    const screening = sampleScreening(screeningId, state, { code: 'answer-lost' })
    const declarations = screening.declarations.map((one) => ({ ...one, configured: false }))
    house.screenings.set(screeningId, { ...screening, declarations })
    const page = await textOf(house, `/depistages/${screeningId}`)
    expect(page).toContain('Cette destination n’est plus déclarée dans la passerelle')
    expect(page).not.toContain(`action="/depistages/${screeningId}/renvoyer"`)
    const path = `/depistages/${screeningId}/constater/${declarations[0]?.declarationId}`
    expect(page).toContain(path)
    expect(await textOf(house, path)).toContain('<textarea')
    house.screenings.set(screeningId, screening)
    if (state === 'queued') expect(await textOf(house, path)).toContain('Quelqu’un a décidé entre-temps')
  },
)

test('the list says of what stopped at a destination that was dropped what to do, instead of sending it again', async () => {
  const house = houseWithStopped()
  const { stopped } = house
  if (!stopped) throw new Error('something stopped')
  house.stopped = { ...stopped, groups: stopped.groups.map((group) => ({ ...group, configured: false })) }
  const page = await textOf(house, '/a-reprendre')
  expect(page).toContain('Demandez à l’administrateur de votre groupement de la déclarer de nouveau')
  expect(page).not.toContain('/a-reprendre/renvoyer')
})

test('a refused cancellation can be sent again by those who may, and a preparer is offered nothing', async () => {
  const house = openHouse()
  const screening = sampleScreening(screeningId, 'rejected', { code: 'application-error' })
  house.screenings.set(screeningId, { ...screening, status: 'cancelled' })
  expect(await textOf(house, `/depistages/${screeningId}`)).toContain('Renvoyer telle quelle')
  expect(await textOf(house, `/depistages/${screeningId}`, 'preparer')).not.toContain('Renvoyer telle quelle')
})

test('a refused cancellation asks whether the destination knows; one that its format cannot say is not offered to be sent again', async () => {
  const house = openHouse()
  const cancelledFor = (code: FailureCode) => {
    const declaration = sampleDeclaration('rejected', { code, kind: 'cancellation' })
    house.screenings.set(screeningId, {
      ...sampleScreening(screeningId, 'rejected'),
      status: 'cancelled',
      declarations: [declaration],
    })
    return declaration
  }
  const { declarationId } = cancelledFor('application-error')
  const path = `/depistages/${screeningId}`
  const page = await textOf(house, path)
  for (const words of ['Renvoyer telle quelle', 'La destination sait qu’il est annulé…']) expect(page).toContain(words)
  expect(page).not.toContain('corrigez la saisie')
  const mark = await textOf(house, `${path}/constater/${declarationId}`)
  expect(mark).toContain('sait que ce dépistage est annulé.')
  expect(mark).toContain('qui vous avez prévenu, quand et comment')
  cancelledFor('not-expressible')
  const other = await textOf(house, path)
  expect(other).toContain('La destination sait qu’il est annulé…')
  expect(other).not.toContain('Renvoyer telle quelle')
})

test('the banner tells the honest state on every page, with the count of what has stopped, and promises no delay that nobody knows', async () => {
  const house = houseWithStopped()
  expect(await textOf(house, '/depistages')).not.toContain('class="standing')
  house.standing = {
    stopped: 12480,
    held: 0,
    quietSince: null,
    destinations: [
      { label: 'Fichier national', state: 'paused', waiting: 7, pausedForMs: 720_000, expectedDelayMs: null },
      { label: 'Plateforme', state: 'recovering', waiting: 1, pausedForMs: null, expectedDelayMs: 1_400_000 },
    ],
  }
  for (const path of ['/depistages', '/depistages/nouveau', '/a-reprendre']) {
    const page = await textOf(house, path)
    expect(page).toContain('Fichier national ne répond pas depuis environ 12 min. 7 transmissions de votre officine attendent.')
    expect(page).toContain('personne ne peut dire quand elle reviendra')
    expect(page).toContain('Plateforme est revenue')
    expect(page).toContain('Délai prévu : environ 24 min.')
    expect(page).toContain('Continuez à saisir')
    expect(page).toContain('<span class="count">12 480</span>')
  }
  expect(await textOf(house, '/depistages', 'preparer')).not.toContain('/a-reprendre')
})

test('a delay that is not known is said to be unknown, and corrections behind what has stopped are counted where it is decided', async () => {
  const house = houseWithStopped()
  expect(await textOf(house, '/a-reprendre')).not.toContain('derrière l’une d’elles')
  const named = { label: 'Fichier national', waiting: 300, pausedForMs: null, expectedDelayMs: null }
  house.standing = { stopped: 3, held: 2, quietSince: null, destinations: [{ ...named, state: 'recovering' }] }
  const page = await textOf(house, '/a-reprendre')
  expect(page).toContain('300 transmissions de votre officine attendent. Délai inconnu : trop peu d’envois')
  expect(page).not.toContain('Délai prévu')
  expect(page).toContain('2 corrections ou annulations attendent derrière l’une d’elles, et partiront après la décision.')
  house.standing = { stopped: 3, held: 1, quietSince: null, destinations: [{ ...named, state: 'delayed' }] }
  const late = await textOf(house, '/a-reprendre')
  expect(late).toContain('prennent du retard. 300 transmissions de votre officine attendent. Délai inconnu')
  expect(late).toContain('1 correction ou annulation attend derrière l’une d’elles, et partira après la décision.')
})
