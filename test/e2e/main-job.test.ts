/** The main job in a real browser, against the whole product: processes, databases, simulators, as a hoster runs them. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stack } from '../demo/stack.ts'
import { launchBrowser } from '../support/browser.ts'
import { startTestStack } from '../support/stack.ts'
import { until } from '../support/until.ts'
import { listBarriers, overflowsSideways, saveScreen, watchComplaints } from './axe-page.ts'

let stack: Stack
let browser: Browser

beforeAll(async () => {
  ;[stack, browser] = await Promise.all([startTestStack(), launchBrowser()])
}, 120_000)

afterAll(async () => {
  await browser?.close()
  await stack?.close()
}, 60_000)

async function withPage(
  options: Parameters<Browser['newContext']>[0],
  run: (page: Page, context: BrowserContext) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({ locale: 'fr-FR', timezoneId: 'Europe/Paris', ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  try {
    await run(page, context)
  } finally {
    await context.close()
  }
}

async function signIn(page: Page, person: string): Promise<void> {
  await page.goto(stack.url)
  await page
    .getByRole('link', { name: /Pro Santé Connect/ })
    .or(page.getByRole('button', { name: /Pro Santé Connect/ }))
    .first()
    .click()
  await page.locator(`button[name=person][value=${person}]`).click()
  await page.waitForURL((url) => url.origin === stack.url && !url.pathname.startsWith('/connexion'))
}

/** What stands now: the steps below it name « Acquittée » from the start. */
const banner = '#suivi .banner h2'

function acknowledged(page: Page): Promise<void> {
  return page.locator(banner, { hasText: 'Acquittée' }).waitFor()
}

/** Presses Tab until the field with this name has the focus: what a hand that never leaves the keyboard does. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    const focused = await page.evaluate('document.activeElement?.name ?? ""')
    if (focused === name) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab never reached ${name}`)
}

/** Fills the mandatory fields with the keyboard alone and sends the form with Enter. */
async function captureByKeyboard(page: Page, birthName: string, birthFirstName = 'Élodie'): Promise<void> {
  await page.goto(`${stack.url}/depistages/nouveau`)
  const type = async (name: string, text: string) => {
    await tabTo(page, name)
    await page.keyboard.type(text)
  }
  await type('birthName', birthName)
  await type('birthFirstName', birthFirstName)
  await type('birthDate', '14/07/1988')
  await tabTo(page, 'sex')
  await page.keyboard.press('Space')
  await tabTo(page, 'testKitId')
  await page.keyboard.press('ArrowDown')
  await tabTo(page, 'result.sars-cov-2')
  await page.keyboard.press('Space')
  await tabTo(page, 'symptoms')
  await page.keyboard.press('ArrowDown')
  await tabTo(page, 'consent')
  await page.keyboard.press('Space')
  await tabTo(page, 'birthName').catch(() => tabTo(page, 'then'))
  await page.keyboard.press('Enter')
}

type Typed = Readonly<Record<'birthName' | 'birthFirstName' | 'birthDate' | 'sex' | 'result' | 'consent', string>>

/** Fills the mandatory fields as a hand on the mouse does, script or none, and sends the form. */
async function captureByHand(page: Page, { birthName, birthFirstName, birthDate, sex, result, consent }: Typed): Promise<void> {
  await page.goto(`${stack.url}/depistages/nouveau`)
  await page.fill('[name=birthName]', birthName)
  await page.fill('[name=birthFirstName]', birthFirstName)
  await page.fill('[name=birthDate]', birthDate)
  await page.check(`[name=sex][value=${sex}]`)
  await page.selectOption('[name=testKitId]', '1833')
  await page.check(`[name="result.sars-cov-2"][value=${result}]`)
  await page.selectOption('[name=symptoms]', 'none')
  await page.check(`[name=consent][value=${consent}]`)
  await page.click('button[name=then] >> nth=0')
}

describe.each([
  { name: 'bureau', viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
  { name: 'telephone', viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
] as const)('on a $name ($viewport.width px, $colorScheme)', ({ name, viewport, colorScheme }) => {
  test('a pharmacist signs in, captures with the keyboard alone and sees « Acquittée »', () =>
    withPage({ viewport, colorScheme }, async (page) => {
      const complaints = await watchComplaints(page)
      await signIn(page, 'titulaire')
      await saveScreen(page, `e2e-${name}-1-depistages`)
      // Another person on each screen: the same one twice a day would be warned of.
      await captureByKeyboard(page, "D'Angelo-Ðurić", name === 'bureau' ? 'Élodie' : 'Maëlle')
      await page.waitForURL(/\/depistages\/[0-9a-f-]{36}$/)
      await acknowledged(page)
      expect(await page.locator('h1').innerText()).toMatch(/D'Angelo-Ðurić/i)
      await page.locator('#suivi:not([data-live])').waitFor()
      expect(await listBarriers(page)).toEqual([])
      expect(await overflowsSideways(page)).toBe(false)
      await saveScreen(page, `e2e-${name}-2-recu`)
      expect(await page.title()).not.toMatch(/angelo/i)
      expect(page.url()).not.toMatch(/angelo/i)
      expect(complaints).toEqual([])
      const taken = stack.sidep.received().filter((one) => one.report?.patient.name === "D'Angelo-Ðurić")
      expect(taken.every((one) => one.taken === 1)).toBe(true)
      expect(taken.length).toBeGreaterThan(0)
    }))

  test('a mistake loses nothing of what was typed and says beside the field what is wrong', () =>
    withPage({ viewport, colorScheme }, async (page) => {
      const complaints = await watchComplaints(page)
      await signIn(page, 'titulaire')
      await page.goto(`${stack.url}/depistages/nouveau`)
      await page.fill('[name=birthName]', "O'Neill <script>alert(1)</script>")
      await page.fill('[name=birthDate]', '31/02/1990')
      await page.fill('[name=insMatricule]', '2 76 03 75 106 693 80')
      await page.click('button[name=then] >> nth=0')
      await page.locator('[aria-invalid=true]').first().waitFor()
      expect(await page.inputValue('[name=birthName]')).toBe("O'Neill <script>alert(1)</script>")
      expect(await page.inputValue('[name=insMatricule]')).toBe('2 76 03 75 106 693 80')
      for (const field of ['birthName', 'birthFirstName', 'birthDate', 'insMatricule']) {
        const input = page.locator(`[name=${field}]`)
        const described = await input.getAttribute('aria-describedby')
        expect(
          await page.locator(`#${described?.split(' ').find((id) => /erreur|probleme|error/.test(id)) ?? 'none'}`).innerText(),
          field,
        ).toMatch(/\S/)
      }
      expect(await listBarriers(page)).toEqual([])
      expect(complaints).toEqual([])
      await saveScreen(page, `e2e-${name}-3-erreurs`)
    }))
})

test('the same capture works with JavaScript off', () =>
  withPage({ javaScriptEnabled: false }, async (page) => {
    await signIn(page, 'titulaire')
    await captureByHand(page, {
      birthName: 'SANS-SCRIPT',
      birthFirstName: 'Anne',
      birthDate: '06/06/1960',
      sex: 'female',
      result: 'positive',
      consent: 'yes',
    })
    await page.waitForURL(/\/depistages\/[0-9a-f-]{36}$/)
    await until('« Acquittée » without a script', async () => {
      await page.reload()
      return (await page.locator(banner).innerText()).includes('Acquittée')
    })
  }))

test('a preparer drafts and cannot sign; the pharmacist signs, and only then does it leave', () =>
  withPage({}, async (page) => {
    await signIn(page, 'preparateur')
    await captureByHand(page, {
      birthName: 'BROUILLON',
      birthFirstName: 'Luc',
      birthDate: '02/02/1992',
      sex: 'male',
      result: 'negative',
      consent: 'no',
    })
    await page.waitForURL(/\/depistages\/[0-9a-f-]{36}/)
    const { pathname } = new URL(page.url())
    expect((await page.goto(`${stack.url}${pathname}/signer`))?.status()).toBe(403)
    expect(stack.sidep.received().filter((one) => one.report?.patient.name === 'BROUILLON')).toEqual([])

    await withPage({}, async (pharmacist) => {
      await signIn(pharmacist, 'titulaire')
      await pharmacist.goto(`${stack.url}${pathname}/signer`)
      expect(await pharmacist.inputValue('[name=birthName]')).toBe('BROUILLON')
      await pharmacist.click('button[name=then] >> nth=0')
      await acknowledged(pharmacist)
    })
    expect(
      stack.sidep
        .received()
        .filter((one) => one.report?.patient.name === 'BROUILLON')
        .map((one) => one.taken),
    ).toEqual([1])
  }))

test("a doctor cannot enter, and another pharmacy's screening is not found", () =>
  withPage({}, async (page) => {
    await signIn(page, 'titulaire')
    await captureByKeyboard(page, 'ISOLEMENT')
    await page.waitForURL(/\/depistages\/[0-9a-f-]{36}$/)
    const { pathname } = new URL(page.url())
    await withPage({}, async (other) => {
      await signIn(other, 'titulaire-lyon')
      const foreign = await other.goto(`${stack.url}${pathname}`)
      const missing = await other.goto(`${stack.url}/depistages/00000000-0000-4000-8000-000000000000`)
      expect([foreign?.status(), missing?.status()]).toEqual([404, 404])
      expect(await other.locator('body').innerText()).not.toContain('ISOLEMENT')
    })
    await withPage({}, async (doctor) => {
      await doctor.goto(`${stack.url}/connexion`)
      await doctor.locator('button[name=person][value=medecin]').click()
      await doctor.waitForURL((url) => url.pathname === '/connexion/retour')
      expect(await doctor.locator('main').innerText()).toMatch(/profession/i)
      expect((await doctor.goto(`${stack.url}/depistages`))?.url()).not.toMatch(/depistages$/)
    })
  }))
