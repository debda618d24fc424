import { expect, test } from 'vitest'
import { signInProblems } from '../../src/auth/sign-in-problem.ts'
import { failureCodes } from '../../src/domain/failure-codes.ts'
import { failureText, signInProblemText } from '../../src/web/text-fr-failures.ts'
import { get, post } from '../http/ask.ts'
import { idNumbered, now, openHouse, sampleDeclaration, sampleScreening } from './sample-house.ts'

const id = idNumbered(1)

async function receiptOf(screening: ReturnType<typeof sampleScreening>): Promise<string> {
  const house = openHouse()
  house.screenings.set(id, screening)
  return (await get(house, `/depistages/${id}`, 'pharmacist')).text()
}

test('a refusal shows its sentence, what to do and the field that was named, for every failure code', async () => {
  for (const code of failureCodes) {
    const page = await receiptOf(sampleScreening(id, 'rejected', { code, location: 'PID-3' }))
    expect(page).toContain(failureText[code].what)
    expect(page).toContain(failureText[code].mend)
    expect(page).toContain('PID-3')
    expect(page).toContain('Refusée')
  }
})

test('an acknowledged transmission shows the reference and the time of its receipt', async () => {
  const page = await receiptOf(sampleScreening(id, 'accepted'))
  expect(page).toContain('SIM-2026-000123')
  expect(page).toContain('23/11/2026 à 18:35:00')
  expect(page).not.toContain('data-live')
})

test('a transmission that waits after a failure shows the tries, the reason and the next try', async () => {
  const waiting = sampleDeclaration('queued', { attemptCount: 3, code: 'unreachable', dueAt: new Date(now.getTime() + 90_000) })
  const page = await receiptOf({ ...sampleScreening(id, 'queued'), declarations: [waiting] })
  expect(page).toContain('<dt>Tentatives</dt><dd>3</dd>')
  expect(page).toContain('<dt>Prochain essai</dt><dd>23/11/2026 à 18:36:30</dd>')
  expect(page).toContain(failureText.unreachable.what)
})

test('a page follows its transmissions as long as one is under way, and no longer', async () => {
  for (const [state, live] of [
    ['queued', true],
    ['claimed', true],
    ['sent', true],
    ['accepted', false],
    ['rejected', false],
    ['parked', false],
    ['cancelled', false],
    ['draft', false],
  ] as const) {
    const page = await receiptOf(sampleScreening(id, state))
    expect([state, page.includes('data-live')]).toEqual([state, live])
  }
  const mixed = { ...sampleScreening(id, 'accepted'), declarations: [sampleDeclaration('accepted'), sampleDeclaration('sent')] }
  expect(await receiptOf(mixed)).toContain('data-live')
})

test('a supposed profile is called so on its transmission, and a published one is not', async () => {
  expect(await receiptOf(sampleScreening(id, 'accepted'))).toContain('profil supposé')
  const published = {
    ...sampleScreening(id, 'accepted'),
    declarations: [sampleDeclaration('accepted', { assumedFormat: false })],
  }
  expect(await receiptOf(published)).not.toContain('profil supposé')
})

test('only a pharmacist is offered to sign a draft', async () => {
  const house = openHouse()
  house.screenings.set(id, sampleScreening(id, 'draft'))
  for (const [role, offered] of [
    ['pharmacist', true],
    ['student', true],
    ['preparer', false],
  ] as const) {
    const page = await (await get(house, `/depistages/${id}`, role)).text()
    const list = await (await get(house, '/depistages', role)).text()
    expect([role, page.includes('/signer'), list.includes('/signer')]).toEqual([role, offered, offered])
  }
})

test('no title and no address of a page holds anything of a patient', async () => {
  const house = openHouse()
  house.screenings.set(id, sampleScreening(id, 'accepted', { name: 'CANARI-TEMOIN' }))
  for (const path of ['/depistages', `/depistages/${id}`]) {
    const page = await (await get(house, path, 'pharmacist')).text()
    expect(page).toContain('CANARI-TEMOIN')
    expect(/<title>(.*)<\/title>/.exec(page)?.[1]).not.toMatch(/CANARI|Maëlle|1984/)
    for (const [, address = ''] of page.matchAll(/(?:href|action|src)="([^"]*)"/g))
      expect(address).not.toMatch(/CANARI|Maëlle|1984|75116/i)
  }
})

test('names are shown as text, whatever they hold', async () => {
  const page = await receiptOf(sampleScreening(id, 'accepted', { name: '<b>X</b>" onload="' }))
  expect(page).toContain('&lt;B&gt;X&lt;/B&gt;&quot; ONLOAD=&quot;')
  expect(page).not.toMatch(/<b>X|<B>X/)
})

test('the day list counts every state, puts what waits for a person first, and shows a chosen day', async () => {
  const house = openHouse()
  for (const [index, state] of (['accepted', 'accepted', 'draft', 'rejected', 'parked'] as const).entries())
    house.screenings.set(idNumbered(index + 1), sampleScreening(idNumbered(index + 1), state))
  const page = await (await get(house, '/depistages', 'pharmacist')).text()
  expect(page).toContain('<strong>2</strong> acquittées')
  expect(page).toContain('<strong>1</strong> brouillon')
  const order = ['À signer', 'À traiter', 'Transmissions'].map((heading) => page.indexOf(`<h2>${heading}`))
  expect(order).toEqual([...order].sort((a, b) => a - b))
  expect(order).not.toContain(-1)
  const other = await (await get(house, '/depistages?jour=2026-11-22', 'pharmacist')).text()
  expect(other).toContain('dimanche 22 novembre 2026')
  expect(other).toContain('Aucun dépistage ce jour.')
  for (const day of ['2026-02-30', '22/11/2026', "' or 1=1", '1999-01-01', ''])
    expect((await get(house, `/depistages?jour=${encodeURIComponent(day)}`, 'pharmacist')).status).toBe(400)
})

test('every refused sign-in says why and what to do, gives no session and drops the sign-in cookie', async () => {
  for (const problem of signInProblems) {
    const house = openHouse()
    house.signInProblem = problem
    const answer = await get(house, '/connexion/retour?error=x', null, {
      Cookie: '__Host-passerelle-signin=sign-in-token-of-this-browser',
    })
    const page = await answer.text()
    expect([problem, answer.status >= 400]).toEqual([problem, true])
    expect(page).toContain(signInProblemText[problem].what)
    expect(page).toContain(signInProblemText[problem].todo)
    expect(answer.headers.getSetCookie()).toEqual([
      '__Host-passerelle-signin=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax',
    ])
  }
})

test('a pharmacy that was not offered is not entered', async () => {
  const house = openHouse()
  const answer = await post(house, '/officine', 'unchosen', { pharmacyId: idNumbered(9) })
  expect([answer.status, (await answer.text()).includes('ne vous est pas proposée')]).toEqual([404, true])
  expect((await post(house, '/officine', 'unchosen', {})).status).toBe(400)
})

test('leaving twice, or after the session ended, ends at the entrance', async () => {
  const answer = await post(openHouse(), '/deconnexion', null, {})
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/'])
})

test('the demonstration and the test profile are marked on every page; production is not', async () => {
  for (const [profile, mark] of [
    ['demo', 'DÉMONSTRATION'],
    ['test', 'ESSAI'],
    ['production', null],
  ] as const) {
    const house = openHouse({ profile })
    for (const path of ['/', '/depistages', '/depistages/nouveau', '/nowhere']) {
      const page = await (await get(house, path, path === '/' ? null : 'pharmacist')).text()
      expect([profile, path, page.includes('class="band"')]).toEqual([profile, path, mark !== null])
      if (mark) expect(page).toContain(mark)
    }
  }
})

test('a parked transmission is sent again by a pharmacist, with the warning that its reason calls for; a preparer is offered nothing', async () => {
  const house = openHouse()
  for (const [code, warning] of [
    ['retry-budget-spent', 'ne crée pas de doublon'],
    ['answer-lost', 'peut-être déjà reçue'],
  ] as const) {
    const screening = sampleScreening(id, 'parked', { code })
    house.screenings.set(id, screening)
    const page = await (await get(house, `/depistages/${id}`, 'pharmacist')).text()
    expect(page).toContain(warning)
    expect(await (await get(house, `/depistages/${id}`, 'preparer')).text()).not.toContain('/renvoyer')
    const declarationId = screening.declarations[0]?.declarationId ?? ''
    const sent = await post(house, `/depistages/${id}/renvoyer`, 'pharmacist', { declarationId })
    expect([sent.status, sent.headers.get('location')]).toEqual([303, `/depistages/${id}`])
    expect(house.retried.at(-1)).toEqual({ screeningId: id, declarationId })
    expect((await post(house, `/depistages/${id}/renvoyer`, 'preparer', { declarationId })).status).toBe(403)
  }
  expect(house.retried).toHaveLength(2)
  for (const state of ['queued', 'accepted', 'cancelled'] as const) {
    house.screenings.set(id, sampleScreening(id, state))
    expect(await (await get(house, `/depistages/${id}`, 'pharmacist')).text()).not.toContain('/renvoyer')
  }
})
