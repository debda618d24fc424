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

describe('the group', () => {
  const root = '/facturation/groupe'
  const ours = '750000018'

  test('shows all sums, how many pharmacies are shown of how many, and the way to the others', async () => {
    const page = await (await get(openHouse(), root, 'group-admin')).text()
    const text = page.replaceAll(/<[^>]+>/g, ' ').replaceAll(/[\s\u00a0]+/g, ' ')
    expect(text).toContain('Officines 1 à 2 sur 22, par ordre alphabétique.')
    expect(text).toContain('Page 1 sur 2')
    expect(page).toContain(`href="${root}?page=2"`)
    // The sum is the group's, and not that of the two rows above it.
    expect(text).toMatch(/Total des 22 officines 894 894,00 €/)
    expect(page).toMatch(/role="img" aria-label="Accusés facturés par jour, novembre 2026/)
    const second = await (await get(openHouse(), `${root}?page=2`, 'group-admin')).text()
    expect(second).toContain('Officines 21 à 22 sur 22')
    expect(second).toContain(`href="${root}?page=1"`)
    expect(second).not.toContain(`href="${root}?page=3"`)
  })

  test('takes a page that is none for the first or the last', async () => {
    for (const [asked, shown] of [
      ['x', 1],
      ['-1', 1],
      ['0', 1],
      ['99', 2],
      ['1e9', 1],
    ] as const) {
      const answer = await get(openHouse(), `${root}?page=${asked}`, 'group-admin')
      expect([asked, answer.status]).toEqual([asked, 200])
      expect(await answer.text()).toContain(`Page ${shown} sur 2`)
    }
  })

  test('offers every file of a statement under its pharmacy, and none where the files are not there yet', async () => {
    const house = openHouse()
    const page = await (await get(house, root, 'group-admin')).text()
    for (const kind of ['pdf', 'csv', 'xml', 'json', 'empreintes', 'signature'])
      expect(page).toContain(`href="${root}/${ours}/${number}/fichier/${kind}"`)
    expect(page).toContain('Fichiers en préparation')
    expect(page).not.toContain('PAS-2026-000011/fichier')
    expect(page).toContain('3 documents plus anciens')
  })

  test('sends a file to be saved under its number, kept by no cache', async () => {
    const answer = await get(openHouse(), `${root}/${ours}/${number}/fichier/pdf`, 'group-admin')
    expect([answer.status, answer.headers.get('content-disposition'), answer.headers.get('cache-control')]).toEqual([
      200,
      `attachment; filename="${number}.pdf"`,
      'no-store',
    ])
  })

  test('answers alike for a pharmacy that is not theirs, a number that is not there and a kind that is none', async () => {
    const bodies = await Promise.all(
      [`999999999/${number}/fichier/pdf`, `${ours}/PAS-2026-000099/fichier/pdf`, `${ours}/${number}/fichier/exe`].map(
        async (wrong) => {
          const answer = await get(openHouse(), `${root}/${wrong}`, 'group-admin')
          expect([wrong, answer.status]).toEqual([wrong, 404])
          return (await answer.text()).replaceAll(/[0-9a-f-]{36}/g, 'REQUEST')
        },
      ),
    )
    expect(new Set(bodies).size).toBe(1)
  })

  test('is shut for who may not read statements', async () => {
    for (const path of [root, `${root}/${ours}/${number}/fichier/pdf`])
      expect([path, (await get(openHouse(), path, 'pharmacist')).status]).toEqual([path, 403])
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
