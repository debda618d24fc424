import { expect, test } from 'vitest'
import { roleMay, roles } from '../../src/domain/roles.ts'
import { changeText, consequenceText, reasonProblemText } from '../../src/web/text-fr-corrections.ts'
import { get, post } from '../http/ask.ts'
import { hostileTexts } from './hostile-text.ts'
import { type House, idNumbered, openHouse, sampleDeclaration, sampleScreening } from './sample-house.ts'

const id = idNumbered(1)
const key = 'form-key-0123456789'
const pages = { correct: `/depistages/${id}/corriger`, cancel: `/depistages/${id}/annuler` }
const right = {
  birthName: 'Lenôtre',
  birthFirstName: 'Maëlle',
  birthDate: '05/03/1984',
  sex: 'female',
  testKitId: '1331',
  'result.sars-cov-2': 'positive',
  sampledAt: '2026-11-23T18:20',
  symptoms: 'none',
  consent: 'yes',
}
const sent = { idempotencyKey: key, version: '1', reason: 'nom mal lu' }

function houseWith(screening = sampleScreening(id, 'accepted')): House {
  const house = openHouse()
  house.screenings.set(id, screening)
  return house
}
const ask = async (house: House, path: string, who: Parameters<typeof get>[2] = 'pharmacist') =>
  (await get(house, path, who)).text()

/** As an HTML parser reads it. */
function shown(page: string, name: string): string | null {
  const area = new RegExp(`<textarea [^>]*name="${name}"[^>]*>\\n([^<]*)</textarea>`).exec(page)
  const input = new RegExp(`<input [^>]*name="${name}"[^>]* value="([^"]*)"`).exec(page)
  const names: Record<string, string> = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' }
  return (area?.[1] ?? input?.[1] ?? null)?.replaceAll(/&(lt|gt|quot|#39|amp);/g, (_, one: string) => names[one] ?? '') ?? null
}

test('a correction begins with the version in force, and says for each destination what it will hear before the button', async () => {
  const screening = sampleScreening(id, 'accepted')
  const other = sampleDeclaration('queued', { destinationLabel: 'Plateforme régionale', assumedFormat: false })
  const page = await ask(houseWith({ ...screening, declarations: [...screening.declarations, other] }), pages.correct)
  expect([shown(page, 'birthName'), shown(page, 'birthDate'), shown(page, 'version')]).toEqual([
    screening.patient.birthName,
    '05/03/1984',
    '1',
  ])
  expect(page).toMatch(/name="result\.sars-cov-2" value="negative"[^>]* checked/)
  const [before = '', after] = page.split(changeText.correctButton)
  expect(after).toBeDefined()
  expect(before).toContain(`Fichier national de dépistage (simulateur)\u00a0:</strong> ${consequenceText['correction-sent']}`)
  expect(before).toContain(`Plateforme régionale\u00a0:</strong> ${consequenceText['sent-in-place-of-waiting']}`)
})

test('a cancellation shows what will be cancelled and what follows, and its button says that it is for good', async () => {
  const page = await ask(houseWith(), pages.cancel)
  for (const words of ['Maëlle', '05/03/1984', 'Négatif', consequenceText['cancellation-sent'], changeText.cancelFinal])
    expect(page.indexOf(words)).toBeGreaterThan(-1)
  expect(page).toMatch(/<button [^>]*type="submit"[^>]*>Annuler définitivement ce dépistage<\/button>/)
  expect(await ask(houseWith(sampleScreening(id, 'queued')), pages.cancel)).toContain(consequenceText['never-left'])
})

test('what is stored leads to the receipt, which tells of it', async () => {
  const house = houseWith()
  const done = await post(house, pages.correct, 'pharmacist', { ...right, ...sent })
  expect([done.status, done.headers.get('location')]).toEqual([303, `/depistages/${id}`])
  const receipt = await ask(house, `/depistages/${id}`)
  expect(receipt).toContain('Lenôtre')
  expect(receipt).toContain(changeText.corrected(2))
  expect(receipt).toContain(`href="/depistages/${id}/versions"`)
  const ended = await post(house, pages.cancel, 'titular', { ...sent, version: '2', reason: 'mauvais patient' })
  expect([ended.status, ended.headers.get('location')]).toEqual([303, `/depistages/${id}`])
  expect(house.screenings.get(id)?.status).toBe('cancelled')
})

test('whatever is typed comes back beside its error, the reason too, whole and as text', async () => {
  for (const hostile of hostileTexts) {
    const house = houseWith()
    const typed = { ...right, ...sent, birthName: hostile, reason: `${hostile}${'x'.repeat(301)}` }
    const answer = await post(house, pages.correct, 'pharmacist', { ...typed, sex: '' })
    const page = await answer.text()
    expect(answer.status).toBe(422)
    expect(shown(page, 'birthName')).toBe(hostile.toWellFormed())
    expect(shown(page, 'reason')).toBe(typed.reason.toWellFormed())
    expect(shown(page, 'idempotencyKey')).toBe(key)
    expect(page.match(/<(script|img|h1)\b/g)).toEqual(['<script', '<h1'])
    const cancelled = await post(house, pages.cancel, 'pharmacist', { ...sent, reason: typed.reason })
    expect([cancelled.status, shown(await cancelled.text(), 'reason')]).toEqual([422, typed.reason.toWellFormed()])
    expect(house.screenings.get(id)?.version).toBe(1)
    expect(house.failures).toEqual([])
  }
})

test('a missing reason is said beside its field and in the summary, and has the focus where it is all that is wrong', async () => {
  for (const [path, fields] of [
    [pages.correct, right],
    [pages.cancel, {}],
  ] as const) {
    const answer = await post(houseWith(), path, 'pharmacist', { ...fields, ...sent, reason: ' ' })
    const page = await answer.text()
    expect([answer.status, page.includes('<title>Erreur')]).toEqual([422, true])
    expect(page).toMatch(/<textarea id="champ-reason"[^>]*aria-describedby="[^"]*champ-reason-erreur"[^>]*autofocus/)
    expect(page).toMatch(/id="champ-reason-erreur">À renseigner\./)
    expect(page).toContain(`<a href="#champ-reason">Motif\u00a0: ${reasonProblemText.required}`)
  }
})

test('a consent that was not given cannot be given by a correction, and the field says why', async () => {
  for (const consent of ['no', 'unanswered'] as const) {
    const before = sampleScreening(id, 'accepted')
    const house = houseWith({ ...before, act: { ...before.act, consent } })
    const answer = await post(house, pages.correct, 'pharmacist', { ...right, ...sent })
    expect(answer.status).toBe(422)
    expect(await answer.text()).toMatch(/id="champ-consent-erreur">Un accord refusé ou non donné ne peut plus être accordé/)
  }
})

test('where a colleague was faster nothing is stored: everything typed stays, beside the way to what changed', async () => {
  const house = houseWith()
  await post(house, pages.correct, 'titular', { ...right, ...sent, birthName: 'AUTRE' })
  const answer = await post(house, pages.correct, 'pharmacist', { ...right, ...sent, idempotencyKey: 'another-key-0123456789' })
  const page = await answer.text()
  expect(answer.status).toBe(409)
  expect(page).toContain(changeText.correctConflict)
  expect(page).toContain(`href="/depistages/${id}/versions"`)
  expect([shown(page, 'birthName'), shown(page, 'reason'), shown(page, 'version')]).toEqual(['Lenôtre', 'nom mal lu', '2'])
  expect(shown(page, 'idempotencyKey')).not.toBe('another-key-0123456789')
  const late = await post(house, pages.cancel, 'pharmacist', { ...sent, idempotencyKey: 'third-key-0123456789' })
  const again = await late.text()
  expect([late.status, again.includes(changeText.cancelConflict), again.includes('AUTRE')]).toEqual([409, true, true])
  expect(house.screenings.get(id)?.version).toBe(2)
})

test('what has been cancelled, and a draft, cannot be changed: the page says what happened and what to do', async () => {
  for (const [status, what, todo] of [
    ['cancelled', changeText.conflictCancelled, changeText.conflictCancelledTodo],
    ['draft', changeText.conflictDraft, changeText.conflictDraftTodo],
  ] as const) {
    const house = houseWith({ ...sampleScreening(id, 'accepted'), status })
    const answers = [
      await get(house, pages.correct, 'pharmacist'),
      await get(house, pages.cancel, 'pharmacist'),
      await post(house, pages.correct, 'pharmacist', { ...right, ...sent }),
      await post(house, pages.cancel, 'pharmacist', sent),
    ]
    for (const answer of answers) {
      const page = await answer.text()
      expect([answer.status, page.includes(what), page.includes(todo)]).toEqual([409, true, true])
      expect(page).toContain(`href="/depistages/${id}"`)
    }
  }
})

test('where nothing could be stored the same key and all that was typed come back', async () => {
  const house = houseWith()
  house.captureFault = 'unavailable'
  for (const [path, form] of [
    [pages.correct, { ...right, ...sent }],
    [pages.cancel, sent],
  ] as const) {
    const answer = await post(house, path, 'pharmacist', form)
    const page = await answer.text()
    expect([answer.status, page.includes(changeText.unavailable)]).toEqual([503, true])
    expect([shown(page, 'idempotencyKey'), shown(page, 'reason'), shown(page, 'version')]).toEqual([key, sent.reason, '1'])
  }
})

test('a form without a usable key or version is refused and never stored', async () => {
  const house = houseWith()
  for (const wrong of [
    { idempotencyKey: '' },
    { idempotencyKey: 'short' },
    { version: '' },
    { version: '0' },
    { version: '1e3' },
    { version: '-1' },
  ])
    for (const path of [pages.correct, pages.cancel]) {
      const fields = path === pages.correct ? right : {}
      expect((await post(house, path, 'pharmacist', { ...fields, ...sent, ...wrong })).status).toBe(400)
    }
  expect(house.captures).toEqual([])
})

test('only those who may are offered to correct or cancel, and only what is in force', async () => {
  for (const role of roles.filter((one) => roleMay(one, 'screening.read')))
    for (const [status, inForce] of [
      ['signed', true],
      ['draft', false],
      ['cancelled', false],
    ] as const) {
      const page = await ask(houseWith({ ...sampleScreening(id, 'rejected'), status }), `/depistages/${id}`, role)
      const offered = inForce && roleMay(role, 'screening.correct')
      expect([role, status, page.includes('/corriger'), page.includes('/annuler')]).toEqual([role, status, offered, offered])
      expect(page.includes(changeText.correctAndResend)).toBe(offered)
    }
  expect(await ask(houseWith(), `/depistages/${id}`)).not.toContain(changeText.correctAndResend)
})

test('a receipt shows where the newest version stands, and folds away what earlier ones came to', async () => {
  const before = sampleScreening(id, 'rejected', { code: 'ins-mismatch' })
  const newest = sampleDeclaration('accepted', { version: 2, controlId: 'V2V2V2V2V2' })
  const page = await ask(
    houseWith({ ...before, version: 2, declarations: [...before.declarations, newest] }),
    `/depistages/${id}`,
  )
  const section = page.slice(page.indexOf('<section id="suivi"'), page.indexOf('<details'))
  expect(section).toContain('banner-accepted')
  expect(section).not.toContain('Refusée')
  expect(page.slice(page.indexOf('<details'))).toContain('Refusée')
  expect(page).not.toContain(changeText.correctAndResend)
  const held = { ...before, version: 2, declarations: [sampleDeclaration('parked'), { ...newest, state: 'queued' as const }] }
  expect(await ask(houseWith(held), `/depistages/${id}`)).toContain('banner-parked')
})

test('what has been cancelled stays in the list of its day and says so, also while the destination is being told', async () => {
  const house = houseWith({ ...sampleScreening(id, 'queued'), status: 'cancelled' })
  const page = await ask(house, '/depistages')
  expect(page).toContain('Maëlle')
  expect(page).toContain(changeText.listNote)
  house.screenings.set(id, { ...sampleScreening(id, 'accepted'), status: 'cancelled' })
  const told = await ask(house, '/depistages')
  expect(told).toContain('<strong>1</strong> annulée')
  expect(told).toContain('Maëlle')
})

test('versions stand side by side with who, when and why; what changed is marked in words and with a shape', async () => {
  const house = houseWith()
  await post(house, pages.correct, 'pharmacist', { ...right, ...sent, reason: 'résultat <b>inversé</b>' })
  const page = await ask(house, `/depistages/${id}/versions`, 'preparer')
  expect(page).toContain('Version 2')
  expect(page).toContain('résultat &lt;b&gt;inversé&lt;/b&gt;')
  expect(page).toContain('VAUTRIN-LEMOËL Solène')
  expect(page).toContain('En vigueur')
  expect(page).toContain('Remplacée')
  const cellOf = (label: string) => page.slice(page.indexOf(`scope="row">${label}<`)).split('</tr>', 1)[0] ?? ''
  const result = cellOf('SARS-CoV-2 (Covid-19)')
  expect(result).toMatch(/Négatif[\s\S]*<strong>Positif<\/strong> <span class="change"><svg[\s\S]*<\/svg>modifié<\/span>/)
  expect(cellOf('Adresse')).toMatch(/<strong>non renseigné<\/strong>[\s\S]*retiré/)
  expect(cellOf('Sexe')).not.toContain('class="change"')
  expect(page.indexOf('Ce qui a changé')).toBeLessThan(page.indexOf('Ce qui est resté identique'))
  expect(page.indexOf('scope="row">Sexe')).toBeGreaterThan(page.indexOf('Ce qui est resté identique'))
})

test('no title and no address of these pages holds anything of a patient', async () => {
  const house = houseWith(sampleScreening(id, 'accepted', { name: 'CANARI-TEMOIN' }))
  await post(house, pages.correct, 'pharmacist', { ...right, ...sent, birthName: 'CANARI-DEUX' })
  for (const path of [pages.correct, pages.cancel, `/depistages/${id}/versions`]) {
    const page = await ask(house, path)
    expect(page).toContain('CANARI')
    expect(/<title>(.*)<\/title>/.exec(page)?.[1]).not.toMatch(/CANARI|Maëlle|1984/)
    for (const [, address = ''] of page.matchAll(/(?:href|action|src)="([^"]*)"/g))
      expect(address).not.toMatch(/CANARI|Maëlle|1984/i)
  }
})
