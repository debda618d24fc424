/** What only a real browser shows: keys, cookies, redirects under the policy, double clicks, live refresh, no script. */
import { Hono } from 'hono'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ServedApp, serveApp } from '../../src/http/serve.ts'
import { watchComplaints } from '../e2e/axe-page.ts'
import { launchBrowser } from '../support/browser.ts'
import { freePort } from '../support/free-port.ts'
import { type House, idNumbered, openHouse, sampleScreening } from './sample-house.ts'

let browser: Browser
let house: House
let origin: string
const closers: ServedApp[] = []

beforeAll(async () => {
  const [port, walletPort] = [await freePort(), await freePort()]
  origin = `http://localhost:${port}`
  const wallet = new Hono()
    .get('/auth', (c) => c.redirect(`${origin}/connexion/retour?code=c&state=${c.req.query('state')}`))
    .get('/logout', (c) => c.redirect(`${origin}/`))
  closers.push(await serveApp(wallet, { host: '127.0.0.1', port: walletPort }))
  // 127.0.0.1 and localhost are two sites to a browser, as Pro Santé Connect and a pharmacy's gateway are.
  house = openHouse({ publicUrl: origin, walletUrl: `http://127.0.0.1:${walletPort}` })
  closers.push(await serveApp(house.app, { host: '127.0.0.1', port }))
  browser = await launchBrowser()
})

afterAll(async () => {
  await browser?.close()
  for (const served of closers) await served.close()
})

async function signedIn(
  options: { javaScriptEnabled?: boolean } = {},
): Promise<{ context: BrowserContext; page: Page; complaints: readonly string[] }> {
  const context = await browser.newContext({ locale: 'fr-FR', ...options })
  const page = await context.newPage()
  const complaints = options.javaScriptEnabled === false ? [] : await watchComplaints(page)
  await page.goto(origin)
  await page.getByRole('link', { name: 'Se connecter avec Pro Santé Connect' }).click()
  await page.waitForURL(`${origin}/depistages`)
  return { context, page, complaints }
}

async function typeCapture(page: Page): Promise<number> {
  let keys = 0
  const press = async (...names: string[]) => {
    for (const name of names) {
      await page.keyboard.press(name)
      keys += 1
    }
  }
  const type = async (words: string) => {
    await page.keyboard.type(words)
    keys += words.length
  }
  await type('Lefèvre-Ðurić')
  await press('Tab')
  await type('Zoé')
  await press('Tab')
  await type('05031984')
  await press('Tab', 'Space') // female
  await press('Tab', 'Tab') // past the matricule
  await press('Tab', 'Tab', 'Tab') // past the folded traits and details
  await type('Lab') // the first kit by its maker's name
  await press('Tab', 'ArrowDown', 'ArrowUp', 'ArrowDown') // negative
  for (let turn = 0; turn < 12 && !(await focusedName(page))?.includes('symptoms'); turn++) await press('Tab')
  await type('Aucun')
  await press('Tab', 'Space') // consent: yes
  return keys
}

const focusedName = (page: Page) => page.evaluate('document.activeElement?.getAttribute("name")') as Promise<string | null>

test('a person signs in over another site, captures with the keyboard alone, follows the receipt and leaves', async () => {
  const { context, page, complaints } = await signedIn()
  const cookies = await context.cookies(origin)
  expect(cookies).toMatchObject([{ name: '__Host-passerelle', secure: true, httpOnly: true, sameSite: 'Lax', path: '/' }])
  await page.goto(`${origin}/depistages/nouveau`)
  const keys = await typeCapture(page)
  expect(keys).toBeLessThan(90)
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/depistages\/[0-9a-f-]{36}$/)
  const id = new URL(page.url()).pathname.split('/').at(-1) ?? ''
  expect(house.screenings.get(id)?.patient).toMatchObject({
    birthName: 'Lefèvre-Ðurić',
    birthFirstName: 'Zoé',
    birthDate: '1984-03-05',
    sex: 'female',
  })
  expect(house.screenings.get(id)?.act).toMatchObject({
    results: [{ analyte: 'sars-cov-2', result: 'negative' }],
    consent: 'yes',
    symptoms: 'none',
  })

  // The page follows by itself: no reload, and it is said aloud.
  await page.getByRole('heading', { name: 'En file' }).waitFor()
  await page.evaluate('window.neverReloaded = true')
  const queued = house.screenings.get(id)
  if (queued) house.screenings.set(id, { ...sampleScreening(id, 'accepted'), patient: queued.patient, act: queued.act })
  await page.getByRole('heading', { name: 'Acquittée' }).waitFor()
  expect(await page.evaluate('window.neverReloaded')).toBe(true)
  expect(await page.locator('#annonce').textContent()).toBe('État mis à jour\u00a0: Acquittée')

  await page.getByRole('button', { name: 'Se déconnecter' }).click()
  await page.getByRole('link', { name: 'Se connecter avec Pro Santé Connect' }).waitFor()
  expect(page.url()).toBe(`${origin}/`)
  expect(await context.cookies(origin)).toEqual([])
  expect(complaints).toEqual([])
  await context.close()
})

test('a second click while the form is on its way sends nothing more, and the button says that it is busy', async () => {
  const { context, page, complaints } = await signedIn()
  await page.goto(`${origin}/depistages/nouveau`)
  let sent = 0
  // An answer without content leaves the page where it is, as one that is still to come does.
  await page.route('**/depistages/nouveau', (route) => {
    sent += 1
    return route.fulfill({ status: 204 })
  })
  await page.getByRole('button', { name: 'Signer et transmettre' }).click()
  await expect.poll(() => sent).toBe(1)
  const busy = page.getByRole('button', { name: 'Enregistrement…' })
  expect(await busy.getAttribute('aria-busy')).toBe('true')
  await busy.click()
  await page.getByRole('button', { name: 'Signer et saisir le suivant' }).click()
  expect(await page.evaluate('document.forms.length')).toBe(2)
  expect(sent).toBe(1)
  expect(complaints).toEqual([])
  await context.close()
})

test('the form asks for the results that the chosen test gives', async () => {
  const { context, page } = await signedIn()
  await page.goto(`${origin}/depistages/nouveau`)
  const flu = page.getByRole('group', { name: /Résultat grippe A/ })
  const rsv = page.getByRole('group', { name: /Résultat VRS/ })
  await page.getByLabel('Test utilisé').selectOption('2228')
  expect([await flu.isVisible(), await rsv.isVisible()]).toEqual([true, false])
  await page.getByLabel('Test utilisé').selectOption('1331')
  expect([await flu.isVisible(), await rsv.isVisible()]).toEqual([false, false])
  await context.close()
})

test('without JavaScript the whole job works the same', async () => {
  const { context, page } = await signedIn({ javaScriptEnabled: false })
  await page.goto(`${origin}/depistages/nouveau`)
  await page.getByLabel('Nom de naissance', { exact: true }).fill('Tête-d’Or')
  await page.getByLabel('Premier prénom de naissance').fill('Noël')
  await page.getByLabel('Date de naissance').fill('29/02/1980')
  await page.getByRole('radio', { name: 'Masculin' }).check()
  await page.getByLabel('Test utilisé').selectOption('2228')
  await page.getByRole('radio', { name: 'Négatif' }).first().check()
  await page.getByLabel('Symptômes').selectOption('onset-2-4')
  await page.getByRole('radio', { name: 'Oui' }).check()
  await page.getByRole('button', { name: 'Signer et transmettre' }).click()
  // The combined test gives two more results: the folded part is open now, with everything typed still there.
  await page.getByRole('alert').waitFor()
  expect(await page.getByLabel('Nom de naissance', { exact: true }).inputValue()).toBe('Tête-d’Or')
  for (const name of [/grippe A/, /grippe B/])
    await page.getByRole('group', { name }).getByRole('radio', { name: 'Négatif' }).check()
  await page.getByRole('button', { name: 'Signer et transmettre' }).click()
  await page.waitForURL(/\/depistages\/[0-9a-f-]{36}$/)
  const id = new URL(page.url()).pathname.split('/').at(-1) ?? ''
  await page.getByRole('heading', { name: 'En file' }).waitFor()
  house.screenings.set(id, sampleScreening(id, 'accepted'))
  await page.getByRole('link', { name: 'Actualiser' }).click()
  await page.getByRole('heading', { name: 'Acquittée' }).waitFor()
  await page.getByRole('button', { name: 'Se déconnecter' }).click()
  await page.waitForURL(`${origin}/`)
  await context.close()
})

test('a form sent after the session ended is kept by its tab, and stored once after a new sign-in', async () => {
  const { context, page } = await signedIn()
  await page.goto(`${origin}/depistages/nouveau`)
  await typeCapture(page)
  await context.clearCookies()
  const before = house.captures.length
  await page.keyboard.press('Enter')
  const again = page.getByRole('link', { name: 'Se connecter dans un nouvel onglet' })
  await again.waitFor()
  expect(house.captures.length).toBe(before)
  const [tab] = await Promise.all([context.waitForEvent('page'), again.click()])
  await tab.waitForURL(`${origin}/depistages`)
  await page.reload()
  await page.waitForURL(/\/depistages\/[0-9a-f-]{36}$/)
  expect(house.captures.length).toBe(before + 1)
  await context.close()
})

test('hostile text that was typed is shown again as it was typed, and runs nowhere', async () => {
  const { context, page, complaints } = await signedIn()
  await page.goto(`${origin}/depistages/nouveau`)
  const hostile = '"><script>window.ran=1</script><img src=x onerror=window.ran=1>|^~\\&\u202E🧪'
  await page.getByLabel('Nom de naissance', { exact: true }).fill(hostile)
  await page.getByText('Ajouter un commentaire').click()
  await page.getByLabel('Commentaire').fill(`\n${hostile}\n\n`)
  await page.getByRole('button', { name: 'Signer et transmettre' }).click()
  await page.getByRole('alert').waitFor()
  expect(await page.getByLabel('Nom de naissance', { exact: true }).inputValue()).toBe(hostile)
  expect(await page.getByLabel('Commentaire').inputValue()).toBe(`\n${hostile}\n\n`)
  expect(await page.evaluate('window.ran')).toBeUndefined()
  expect(complaints).toEqual([])
  await context.close()
})

test('another site can neither frame a page nor post a form with the session, and going back shows nothing after leaving', async () => {
  const { context, page } = await signedIn()
  house.screenings.set(idNumbered(70), sampleScreening(idNumbered(70), 'accepted', { name: 'CANARI' }))
  const denials = house.denials.length
  const evil = await context.newPage()
  const evilOrigin = origin.replace('localhost', '127.0.0.1')
  await evil.route(`${evilOrigin}/evil`, (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<form method="post" action="${origin}/officine"><input name="pharmacyId" value="x"><button>win</button></form><iframe src="${origin}/depistages"></iframe>`,
    }),
  )
  await evil.goto(`${evilOrigin}/evil`)
  expect(await evil.frameLocator('iframe').locator('body').textContent()).not.toContain('Dépistages')
  await evil.getByRole('button', { name: 'win' }).click()
  await evil.getByRole('heading', { name: 'Accès refusé' }).waitFor()
  expect(house.denials.slice(denials)).toContainEqual({ role: null, route: 'POST /officine', code: 'fetch-site-differs' })

  await page.goto(`${origin}/depistages/${idNumbered(70)}`)
  await page.getByRole('heading', { name: 'CANARI' }).waitFor()
  await page.getByRole('button', { name: 'Se déconnecter' }).click()
  await page.waitForURL(`${origin}/`)
  await page.goBack().catch(() => null)
  await page.waitForLoadState()
  expect(await page.content()).not.toContain('CANARI')
  const kept = await page.evaluate(
    'JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie])',
  )
  expect(kept).toBe('[[],[],""]')
  await context.close()
})
