import { expect, test } from 'vitest'
import { get, post } from '../http/ask.ts'
import { idNumbered, openHouse } from './sample-house.ts'

const textOf = async (answer: Response) => (await answer.text()).replaceAll(/<[^>]+>/g, ' ').replaceAll(/[\s\u00a0\u202f]+/g, ' ')
const differs = `/rapprochement/${idNumbered(81)}`

test('every difference is named both ways with what a person may do, and settled ones say so', async () => {
  const answer = await get(openHouse(), differs, 'pharmacist')
  const page = await answer.clone().text()
  const text = await textOf(answer)
  expect(text).toContain('211 transmissions concordent, 7 écarts.')
  for (const heading of [
    'Accusées ici, absentes chez elle 2',
    'Arrêtées ici, présentes chez elle 1',
    'Arrêtées ici, absentes chez elle 1',
    'Annulées ici avant l’envoi, présentes chez elle 1',
    'En cours ici, déjà présentes chez elle 1',
    'Présentes chez elle, inconnues ici 1',
  ])
    expect(text).toContain(heading)
  expect(text).toContain('✓ Traité par écrit')
  expect(page).toContain(`href="/depistages/${idNumbered(1)}/constater/${idNumbered(603)}"`)
  expect(page).toContain('href="/a-reprendre"')
})

test('who may not read screenings sees control ids alone, and takes in hand what is settled in writing', async () => {
  const page = await (await get(openHouse(), differs, 'group-admin')).text()
  expect(page).not.toContain('href="/depistages')
  expect(page).not.toContain('href="/a-reprendre')
  expect(page).toContain(`action="/rapprochement/${idNumbered(81)}/traiter"`)
  expect(await (await get(openHouse(), differs, 'dpo')).text()).not.toContain('/traiter')
})

test('what somebody has written about is marked once; a colleague who comes second is told', async () => {
  const house = openHouse()
  const handled = await post(house, `${differs}/traiter`, 'titular', { differenceId: idNumbered(700) })
  expect([handled.status, handled.headers.get('location')]).toEqual([303, differs])
  expect((await textOf(await get(house, differs, 'titular'))).match(/✓ Traité par écrit/g)).toHaveLength(2)
  expect((await post(house, `${differs}/traiter`, 'titular', { differenceId: idNumbered(700) })).status).toBe(409)
})

test('a comparison is asked for and followed; one that cannot be keeps what was typed and says why', async () => {
  const house = openHouse()
  const asked = await post(house, '/rapprochement', 'pharmacist', { destination: 'sidep', day: '2026-11-22', list: '' })
  expect(asked.headers.get('location')).toBe(`/rapprochement/${idNumbered(82)}`)
  const refused = await post(house, '/rapprochement', 'pharmacist', { destination: 'dmp', day: '2026-11-19', list: 'AB' })
  expect(refused.status).toBe(422)
  const page = await refused.text()
  expect(page).toContain('collez la liste qu’elle vous a remise')
  expect(page).toMatch(/value="2026-11-19"[\s\S]*>\s*AB<\/textarea>/)
  expect(await (await get(house, '/rapprochement', 'dpo')).text()).not.toContain('<textarea')
})
