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
