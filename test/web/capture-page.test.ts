import { expect, test } from 'vitest'
import { captureFields } from '../../src/domain/capture-fields.ts'
import { pageFields } from '../../src/web/fields.ts'
import { get, post } from '../http/ask.ts'
import { hostileTexts } from './hostile-text.ts'
import { idNumbered, openHouse, sampleScreening, testKits } from './sample-house.ts'

const key = 'form-key-0123456789'
const right = {
  birthName: 'D’Angelo-Ðurić',
  birthFirstName: 'Maëlle',
  birthDate: '05/03/1984',
  sex: 'female',
  testKitId: '1331',
  'result.sars-cov-2': 'negative',
  sampledAt: '2026-11-23T18:30',
  symptoms: 'none',
  consent: 'yes',
}

/** The button that was pressed. */
const onward = (where: string) => Object.fromEntries([['then', where]])

/** What a browser would show in a control: its value as an HTML parser reads it. */
function shownValue(page: string, field: string): string | null {
  const area = new RegExp(`<textarea id="[^"]*" name="${field}"[^>]*>\\n([^<]*)</textarea>`).exec(page)
  const input = new RegExp(`<input id="[^"]*" name="${field.replaceAll('.', '\\.')}" type="[a-z-]+" value="([^"]*)"`).exec(page)
  const found = area?.[1] ?? input?.[1]
  return found === undefined ? null : unescapeHtml(found)
}

function unescapeHtml(text: string): string {
  const names: Record<string, string> = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' }
  return text.replaceAll(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => names[name] ?? '')
}

test('whatever is typed comes back beside its error, whole and as text', async () => {
  for (const hostile of hostileTexts) {
    const house = openHouse()
    const typed = { birthName: hostile, city: hostile, comment: hostile, sampledAt: hostile, insMatricule: hostile }
    const answer = await post(house, '/depistages/nouveau', 'pharmacist', { idempotencyKey: key, ...typed })
    const page = await answer.text()
    expect(answer.status).toBe(422)
    // Form encoding sends each line break as CR LF, or as it was given; nothing else is changed on the way.
    for (const [field, value] of Object.entries(typed))
      expect([field, shownValue(page, field)]).toEqual([field, value.toWellFormed()])
    expect(page.match(/<(script|img|h1)\b/g)).toEqual(['<script', '<h1'])
    // Values and texts hold it escaped; no tag has an attribute of it.
    const tags = page.replaceAll(/"[^"]*"/g, '""').match(/<[^>]*>/g) ?? []
    expect(tags.filter((tag) => /\son[a-z]+=/.test(tag))).toEqual([])
    expect(house.screenings.size).toBe(0)
    expect(house.failures).toEqual([])
  }
})

test('a choice that is not offered stays in sight, and is not taken for another', async () => {
  const page = await (
    await post(openHouse(), '/depistages/nouveau', 'pharmacist', {
      ...right,
      idempotencyKey: key,
      testKitId: '<b>999',
      symptoms: 'x"y',
    })
  ).text()
  expect(page).toContain('<option value="&lt;b&gt;999" selected>&lt;b&gt;999</option>')
  expect(page).toContain('<option value="x&quot;y" selected>')
})

test('every field can show an error that is tied to it, and the summary leads to each', async () => {
  const house = openHouse()
  const wrong = Object.fromEntries(captureFields.map((field) => [field, '<']))
  const page = await (await post(house, '/depistages/nouveau', 'pharmacist', { ...wrong, idempotencyKey: key })).text()
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1] ?? '')
  expect(new Set(ids).size).toBe(ids.length)
  const summary = [...page.matchAll(/<li><a href="#([^"]+)">/g)].map((match) => match[1] ?? '')
  expect(summary.length).toBeGreaterThan(20)
  // From top to bottom, as the fields stand.
  expect(summary).toEqual(ids.filter((id) => summary.includes(id)))
  expect([...pageFields].sort()).toEqual([...captureFields].sort())
  for (const id of summary) {
    expect(ids).toContain(id)
    expect(ids).toContain(`${id}-erreur`)
    expect(page).toMatch(new RegExp(`aria-describedby="[^"]*${id}-erreur"`))
  }
  for (const described of page.matchAll(/aria-describedby="([^"]+)"/g))
    for (const id of (described[1] ?? '').split(' ')) expect(ids).toContain(id)
  expect(page).toContain('<title>Erreur\u00a0: Nouveau dépistage – Passerelle</title>')
  // What is folded away is open where something in it is wrong.
  expect(page.match(/<details/g)?.length).toBe(page.match(/<details open/g)?.length)
})

test('a missing result of a combined test unfolds the part that asks for it', async () => {
  const combined = { ...right, testKitId: '2228', idempotencyKey: key }
  const page = await (await post(openHouse(), '/depistages/nouveau', 'pharmacist', combined)).text()
  expect(page).toContain('<details open data-other-analytes>')
  expect(page).toContain('id="champ-result-influenza-a-erreur"')
  expect(await (await get(openHouse(), '/depistages/nouveau', 'pharmacist')).text()).toContain('<details data-other-analytes>')
})

test('typing begins in the first field, or in the first that is wrong', async () => {
  const house = openHouse()
  const focused = (page: string) =>
    [...page.matchAll(/<(?:input|select|textarea) (?=[^>]*autofocus)[^>]*name="([^"]+)"/g)].map((m) => m[1])
  expect(focused(await (await get(house, '/depistages/nouveau', 'pharmacist')).text())).toEqual(['birthName'])
  const { sex: _, ...withoutSex } = right
  const page = await (await post(house, '/depistages/nouveau', 'pharmacist', { ...withoutSex, idempotencyKey: key })).text()
  expect(focused(page)).toEqual(['sex'])
})

test('a capture leads to its receipt; the next form keeps the box and nothing of the person', async () => {
  const house = openHouse()
  const done = await post(house, '/depistages/nouveau', 'pharmacist', { ...right, idempotencyKey: key, ...onward('show') })
  expect([done.status, done.headers.get('location')]).toEqual([303, `/depistages/${[...house.screenings.keys()][0]}`])
  const box = { kitLot: 'L2026-07', kitExpiry: '30062027' }
  const next = await post(house, '/depistages/nouveau', 'pharmacist', {
    ...right,
    ...box,
    idempotencyKey: key,
    ...onward('next'),
  })
  const location = next.headers.get('location') ?? ''
  expect(location).toMatch(/^\/depistages\/nouveau\?apres=[0-9a-f-]{36}&testKitId=1331&kitLot=L2026-07&kitExpiry=30062027$/)
  const page = await (await get(house, location, 'pharmacist')).text()
  expect(page).not.toMatch(/Angelo|Maëlle|1984/)
  expect([shownValue(page, 'kitLot'), shownValue(page, 'kitExpiry')]).toEqual(['L2026-07', '30062027'])
  expect(page).toContain('<option value="1331" selected')
  expect(page).toContain(`href="/depistages/${[...house.screenings.keys()].at(-1)}"`)
})

test('the address of the next form cannot smuggle in anything but the box', async () => {
  const query = new URLSearchParams({
    apres: '"><script>',
    birthName: 'X',
    kitLot: `"><script>${'y'.repeat(500)}`,
    consent: 'yes',
  })
  const page = await (await get(openHouse(), `/depistages/nouveau?${query}`, 'pharmacist')).text()
  expect(page.match(/<script/g)).toHaveLength(1)
  expect(page).not.toContain('Dépistage enregistré')
  expect(shownValue(page, 'birthName')).toBe('')
  expect(shownValue(page, 'kitLot')).toHaveLength(120)
  expect(page).not.toContain('checked')
})

test('dates are understood as the counter types them', async () => {
  for (const birthDate of ['05/03/1984', '05031984', '5/3/1984', '5.3.1984', '05-03-1984', '1984-03-05', ' 05 03 1984 ']) {
    const house = openHouse()
    await post(house, '/depistages/nouveau', 'pharmacist', { ...right, birthDate, idempotencyKey: key })
    expect([birthDate, [...house.screenings.values()][0]?.patient.birthDate]).toEqual([birthDate, '1984-03-05'])
  }
})

test('where nothing could be stored the same key comes back with everything typed, so that sending again makes no double', async () => {
  const house = openHouse()
  house.captureFault = 'unavailable'
  const answer = await post(house, '/depistages/nouveau', 'pharmacist', { ...right, idempotencyKey: key })
  const page = await answer.text()
  expect(answer.status).toBe(503)
  expect(page).toContain(`name="idempotencyKey" value="${key}"`)
  expect(shownValue(page, 'birthName')).toBe(right.birthName)
})

test('where the key is spent on another capture a fresh one comes, and the person decides', async () => {
  const house = openHouse()
  house.captureFault = 'conflict'
  const answer = await post(house, '/depistages/nouveau', 'pharmacist', { ...right, idempotencyKey: key })
  const page = await answer.text()
  expect(answer.status).toBe(409)
  expect(page).not.toContain(key)
  expect(page).toMatch(/name="idempotencyKey" value="[0-9a-f-]{36}"/)
  expect(shownValue(page, 'birthName')).toBe(right.birthName)
})

test('a form without a usable key is refused and never stored', async () => {
  const house = openHouse()
  for (const idempotencyKey of ['', 'short', 'x'.repeat(65), 'sixteen characters <'])
    expect((await post(house, '/depistages/nouveau', 'pharmacist', { ...right, idempotencyKey })).status).toBe(400)
  expect((await post(house, '/depistages/nouveau', 'pharmacist', right)).status).toBe(400)
  expect(house.captures).toEqual([])
})

test('a preparer saves a draft and is told that a pharmacist signs; nothing on the page says "send"', async () => {
  const house = openHouse()
  const page = await (await get(house, '/depistages/nouveau', 'preparer')).text()
  expect(page).toContain('Enregistrer le brouillon')
  expect(page).not.toMatch(/Signer et|transmettre<\/button>/)
  await post(house, '/depistages/nouveau', 'preparer', { ...right, idempotencyKey: key })
  expect([...house.screenings.values()][0]?.status).toBe('draft')
})

test('a draft comes back to the pharmacist as it was typed, and leads on once it is signed', async () => {
  const house = openHouse()
  const id = idNumbered(1)
  house.screenings.set(id, sampleScreening(id, 'draft'))
  const page = await (await get(house, `/depistages/${id}/signer`, 'pharmacist')).text()
  const draft = sampleScreening(id, 'draft')
  expect(shownValue(page, 'birthName')).toBe(draft.patient.birthName)
  expect(shownValue(page, 'birthDate')).toBe('05/03/1984')
  expect(shownValue(page, 'sampledAt')).toBe('2026-11-23T18:20')
  expect(shownValue(page, 'insMatricule')).toBe(draft.patient.ins?.matricule)
  expect(page).toMatch(/name="result\.sars-cov-2" value="negative"[^>]* checked/)
  const signed = await post(house, `/depistages/${id}/signer`, 'pharmacist', { ...right, idempotencyKey: key })
  expect([signed.status, signed.headers.get('location')]).toEqual([303, `/depistages/${id}`])
  const again = await get(house, `/depistages/${id}/signer`, 'pharmacist')
  expect([again.status, again.headers.get('location')]).toEqual([303, `/depistages/${id}`])
})

test('the only test kit of a catalogue is chosen already; among several a person chooses; without any the page says so', async () => {
  const pageWith = async (kits: typeof testKits) =>
    (await get(openHouse({ testKits: kits }), '/depistages/nouveau', 'pharmacist')).text()
  expect(await pageWith(testKits.slice(0, 1))).toContain('<option value="1331" selected')
  expect(await pageWith(testKits)).not.toMatch(/<option value="\d+" selected/)
  expect(await pageWith([])).toContain('Le catalogue ne contient aucun test.')
})

test('a form of 10 000 characters in two fields, in any script, is answered by the fields and not by the size', async () => {
  const long = '🧪'.repeat(10_000)
  const answer = await post(openHouse(), '/depistages/nouveau', 'pharmacist', {
    ...right,
    idempotencyKey: key,
    comment: long,
    city: long,
  })
  expect(answer.status).toBe(422)
})

test('a person who was screened here today is warned of, with everything typed kept; sent again with the warning seen, it is stored', async () => {
  const house = openHouse()
  house.duplicatesOf[right.birthName] = [{ screeningId: idNumbered(77), capturedAt: new Date('2026-11-23T13:02:00Z') }]
  const first = await post(house, '/depistages/nouveau', 'pharmacist', { ...right, idempotencyKey: key, ...onward('next') })
  const page = await first.text()
  expect(first.status).toBe(409)
  expect(house.screenings.size).toBe(0)
  expect(page).toContain('Un dépistage de cette personne a déjà été saisi aujourd’hui, à 14:02.')
  expect(page).toMatch(new RegExp(`<a href="/depistages/${idNumbered(77)}" target="_blank" rel="noopener">`))
  expect(page).toMatch(/<button[^>]* form="saisie"[^>]*>Enregistrer ce nouveau dépistage<\/button>/)
  expect(shownValue(page, 'birthName')).toBe(right.birthName)
  expect(page).toContain(`value="${key}"`)
  const [, seenDuplicates = ''] = /name="seenDuplicates" value="([^"]*)"/.exec(page) ?? []
  const again = await post(house, '/depistages/nouveau', 'pharmacist', {
    ...right,
    idempotencyKey: key,
    seenDuplicates,
    ...onward('show'),
  })
  expect(again.status).toBe(303)
  expect(house.screenings.size).toBe(1)
})

test('a warning that was seen for one person is given anew for another', async () => {
  const house = openHouse()
  house.duplicatesOf.AUTRE = [
    { screeningId: idNumbered(78), capturedAt: new Date('2026-11-23T13:02:00Z') },
    { screeningId: idNumbered(79), capturedAt: new Date('2026-11-23T14:02:00Z') },
  ]
  const typed = {
    ...right,
    birthName: 'AUTRE',
    idempotencyKey: key,
    seenDuplicates: `${idNumbered(77)} <script>`,
    ...onward('show'),
  }
  const answer = await post(house, '/depistages/nouveau', 'pharmacist', typed)
  const page = await answer.text()
  expect(answer.status).toBe(409)
  expect(page).toContain('2 dépistages de cette personne ont déjà été saisis aujourd’hui.')
  expect(page).toContain(`name="seenDuplicates" value="${idNumbered(78)} ${idNumbered(79)}"`)
  expect(house.screenings.size).toBe(0)
})
