import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from '../../support/browser.ts'
import { freePort } from '../../support/free-port.ts'
import { type PscSimulator, startPscSimulator } from './simulator.ts'

let browser: Browser
let psc: PscSimulator
let redirectUri: string

beforeAll(async () => {
  const port = await freePort()
  // Nobody listens there: arriving is all that is asked.
  redirectUri = `http://localhost:${await freePort()}/back`
  psc = await startPscSimulator({
    port,
    clientId: 'client',
    clientSecret: 'a-secret-of-the-chooser-test-0123456789',
    redirectUris: [redirectUri],
    postLogoutRedirectUris: [],
  })
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await psc?.close()
})

const address = () => {
  const query = { client_id: 'client', response_type: 'code', scope: 'openid scope_all', acr_values: 'eidas1', state: 's' }
  return `http://${psc.walletHost}/auth?${new URLSearchParams({ ...query, redirect_uri: redirectUri })}`
}

test('somebody is chosen with the keyboard alone and without scripts', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false })
  const page = await context.newPage()
  await page.goto(address())
  await page.keyboard.press('Tab')
  const arrived = page.waitForRequest((request) => request.url().startsWith(redirectUri))
  await page.keyboard.press('Enter')
  expect(new URL((await arrived).url()).searchParams.get('code')).toBeTruthy()
  await context.close()
})

test.each(['light', 'dark'] as const)(
  'the page has no fault that axe finds, in %s colours and on a telephone',
  async (colorScheme) => {
    const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
    const context = await browser.newContext({ colorScheme, viewport: { width: 360, height: 800 } })
    const page = await context.newPage()
    await page.goto(address())
    await page.addScriptTag({ content: axe })
    const violations = await page.evaluate('axe.run().then((result) => result.violations.map((one) => one.id))')
    expect(violations).toEqual([])
    const wide = await page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth')
    expect(wide).toBe(false)
    await context.close()
  },
)
