import { expect, test } from 'vitest'
import { get } from '../http/ask.ts'
import { idNumbered, openHouse } from './sample-house.ts'

const textOf = async (answer: Response) => (await answer.text()).replaceAll(/<[^>]+>/g, ' ').replaceAll(/[\s\u00a0\u202f]+/g, ' ')

test('the ledger says that something differs, what the month has cost, and leads to each day', async () => {
  const house = openHouse()
  const answer = await get(house, '/grand-livre', 'titular')
  const page = await answer.clone().text()
  const text = await textOf(answer)
  expect(answer.status).toBe(200)
  expect(text).toContain('Un écart a été trouvé.')
  expect(text).toContain('4 809,00 € hors taxes : 4 811 accusés facturés, dont 2 annulations remboursées')
  expect(page).toContain('href="/grand-livre/2026-11-20"')
  expect(text).toMatch(/23\/11\/2026[^✓]*435 428 0 3 2 1 1 214 ✓ Équilibré/)
})

test('a day names the equality that is broken and the very transmission that breaks it', async () => {
  const house = openHouse()
  const answer = await get(house, '/grand-livre/2026-11-20', 'titular')
  const page = await answer.clone().text()
  const text = await textOf(answer)
  expect(text).toContain('Le nombre d’accusés à facturer n’est pas celui des montants facturés.')
  expect(text).toContain('Accusé à facturer, sans montant')
  expect(page).toContain(`href="/depistages/${idNumbered(1)}"`)
})

test('a balanced day says so, and lists what has not come to its end', async () => {
  const text = await textOf(await get(openHouse(), '/grand-livre/2026-11-23', 'pharmacist'))
  expect(text).toContain('Tout est équilibré')
  expect(text).toContain('Pas encore arrivées à leur fin 2')
})

test('who may not read screenings sees counts and no way to a patient', async () => {
  const page = await (await get(openHouse(), '/grand-livre/2026-11-20', 'dpo')).text()
  expect(page).toContain('Accusé à facturer, sans montant')
  expect(page).not.toContain('href="/depistages')
})

test('a month is named in French, with the months beside it and the way back to the last days', async () => {
  const answer = await get(openHouse(), '/grand-livre?mois=2026-10', 'titular')
  const page = await answer.clone().text()
  const text = await textOf(answer)
  expect(answer.status).toBe(200)
  expect(page).toContain('<title>Grand livre, octobre 2026 – ')
  expect(text).toContain('En octobre 2026 6 634,00 € hors taxes')
  expect(page).toContain('href="/grand-livre?mois=2026-11">Mois suivant\u00a0: novembre 2026</a>')
  expect(page).not.toContain('mois=2026-09')
  expect(page).toContain('href="/grand-livre">Les 32 derniers jours</a>')
  expect(page.match(/href="\/grand-livre\/2026-10-/g)).toHaveLength(31)
  // Thirty-one days of 221 declared and 214 charged.
  expect(text).toMatch(/Total 6 851 6 634 0 93 62 31 31 6 634/)
})

test('the last days lead to the month under way and the one before, and never to one to come', async () => {
  for (const path of ['/grand-livre', '/grand-livre?mois=2026-11']) {
    const page = await (await get(openHouse(), path, 'titular')).text()
    expect([path, page.includes('mois=2026-10">Mois précédent\u00a0: octobre 2026<')]).toEqual([path, true])
    expect([path, page.includes('mois=2026-12')]).toEqual([path, false])
  }
  expect(await (await get(openHouse(), '/grand-livre', 'titular')).text()).toContain('mois=2026-11">Mois en cours')
})

test('a month without a transmission says so, and leads on', async () => {
  const text = await textOf(await get(openHouse(), '/grand-livre?mois=2026-09', 'titular'))
  expect(text).toContain('Aucune transmission en septembre 2026.')
  expect(text).toContain('Mois suivant : octobre 2026')
})

test('what is no month, or one to come, is a bad request', async () => {
  for (const wrong of ['', '2026-13', '2026-1', '2026-12', 'octobre', '2026-10-01', '%00', '2026-10%20'])
    expect([wrong, (await get(openHouse(), `/grand-livre?mois=${wrong}`, 'titular')).status]).toEqual([wrong, 400])
})

test('a day leads back to its month', async () => {
  const page = await (await get(openHouse(), '/grand-livre/2026-11-20', 'titular')).text()
  expect(page).toContain('href="/grand-livre?mois=2026-11">Voir le mois\u00a0: novembre 2026</a>')
})
