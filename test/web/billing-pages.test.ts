/** Billing pages: files that are saved and never kept by a cache, credit notes that come after a preview, nothing said twice. */
import { describe, expect, test } from 'vitest'
import { get, post } from '../http/ask.ts'
import { openHouse } from './sample-house.ts'

const number = 'PAS-2026-000012'
const path = `/facturation/${number}/avoir`

describe('a file of a statement', () => {
  test('is sent to be saved under its number, and kept by no cache', async () => {
    const answer = await get(openHouse(), `/facturation/${number}/fichier/pdf`, 'titular')
    expect(answer.status).toBe(200)
    expect(
      Object.fromEntries(
        ['content-disposition', 'cache-control', 'x-content-type-options'].map((name) => [name, answer.headers.get(name)]),
      ),
    ).toEqual({
      'content-disposition': `attachment; filename="${number}.pdf"`,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
  })

  test('is not there for another number, another kind, or a number that is none', async () => {
    for (const wrong of ['PAS-2026-000099/fichier/pdf', `${number}/fichier/exe`, `${number}/fichier/manifest`, 'x/fichier/pdf'])
      expect([wrong, (await get(openHouse(), `/facturation/${wrong}`, 'titular')).status]).toEqual([wrong, 404])
  })
})

describe('a credit note', () => {
  const fields = { 'line-1': '12', reason: 'geste commercial' }

  test('is not written by its preview, which says the sum and asks again', async () => {
    const house = openHouse()
    const page = await (await post(house, path, 'group-admin', { ...fields, step: 'preview' })).text()
    expect(page).toContain('12,00\u00a0€ HT, soit 14,40\u00a0€ TTC')
    expect(house.statements.issued).toEqual([])
  })

  test('is written once confirmed, as it was previewed, and the list says so', async () => {
    const house = openHouse()
    const answer = await post(house, path, 'group-admin', { ...fields, step: 'confirm' })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/facturation?avoir=PAS-2026-000013'])
    expect(house.statements.issued).toEqual([{ number, items: [{ position: 1, count: 12 }], reason: 'geste commercial' }])
    expect(await (await get(house, '/facturation?avoir=PAS-2026-000013', 'group-admin')).text()).toContain(
      'L’avoir PAS-2026-000013 est établi.',
    )
    expect(await (await get(house, '/facturation?avoir=PAS-2026-000099', 'group-admin')).text()).not.toContain('est établi.')
  })

  test('keeps what was typed where it is refused: too many, half a test, no reason', async () => {
    for (const wrong of [{ 'line-1': '999999' }, { 'line-1': '1,5' }, { reason: ' ' }]) {
      const answer = await post(openHouse(), path, 'group-admin', { ...fields, ...wrong, step: 'preview' })
      const page = await answer.text()
      expect([wrong, answer.status]).toEqual([wrong, 422])
      for (const value of Object.values(wrong)) expect(page).toContain(`value="${value}"`)
    }
  })

  test('is no matter for a titular pharmacist, who reads and downloads', async () => {
    const house = openHouse()
    expect((await get(house, path, 'titular')).status).toBe(403)
    expect(await (await get(house, '/facturation', 'titular')).text()).not.toContain('/avoir"')
  })
})

test('the month’s chart says in words and in a table what it draws', async () => {
  const page = await (await get(openHouse(), '/facturation', 'titular')).text()
  expect(page).toMatch(/role="img" aria-label="Accusés facturés par jour, novembre 2026/)
  expect(page.match(/<rect /g)).toHaveLength(30)
  expect(page).toContain('<th scope="row">23/11/2026</th>')
  expect(page).not.toMatch(/<(script|style)[ >](?![^>]*src)/)
})

test('anybody gets the public keys that check signatures, and an empty set where nothing is signed', async () => {
  const answer = await get(openHouse(), '/.well-known/passerelle-signing-keys.json')
  expect([answer.status, answer.headers.get('content-type'), await answer.json()]).toEqual([
    200,
    'application/jwk-set+json; charset=utf-8',
    { keys: [] },
  ])
})
