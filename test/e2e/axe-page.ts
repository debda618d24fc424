/** What a page must show none of, in a real browser: barriers that axe finds, refusals of the content policy, script errors. */
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import type { Page } from 'playwright-core'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const screensFolder = resolve(import.meta.dirname, '../../.test-output/screens')

/** WCAG 2.2 A and AA, and axe's own best practices. */
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

type AxeFinding = {
  readonly id: string
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary?: string }[]
}

/** What depends on colours and width alone. */
const looks = ['color-contrast', 'link-in-text-block', 'target-size', 'scrollable-region-focusable', 'meta-viewport']

/** One line a finding: rule, element, reason. */
export async function listBarriers(page: Page, rules: 'all' | 'looks' = 'all'): Promise<readonly string[]> {
  // In a world of its own: the page's policy lets no foreign script in, and the page's script is left alone.
  await page.evaluate(axeSource)
  const found = (await page.evaluate(
    `axe.run(document, { runOnly: ${JSON.stringify(rules === 'all' ? tags : looks)} }).then((run) => run.violations)`,
  )) as AxeFinding[]
  return found.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.failureSummary ?? ''}`))
}

/** Gathers what the browser complains of from now on. */
export async function watchComplaints(page: Page): Promise<readonly string[]> {
  const complaints: string[] = []
  await page.exposeFunction('policyRefused', (what: string) => complaints.push(`policy: ${what}`))
  await page.addInitScript(`document.addEventListener('securitypolicyviolation', (event) =>
    window.policyRefused(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sourceFile + ':' + event.lineNumber))`)
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
  page.on('console', (message) => {
    // A 4xx or 5xx page is a console error of the browser's own; those pages are looked at on purpose.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(`console: ${message.text()}`)
  })
  return complaints
}

export async function saveScreen(page: Page, name: string): Promise<void> {
  mkdirSync(screensFolder, { recursive: true })
  await page.screenshot({ path: join(screensFolder, `${name}.png`), fullPage: true })
}

/** True where the page is wider than the window: somebody would have to scroll sideways. */
export async function overflowsSideways(page: Page): Promise<boolean> {
  return (await page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth')) as boolean
}
