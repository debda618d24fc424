/** One screening, two destinations of different formats: each is told in its own way, and what one cannot say a person settles. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parisDateTimeLocal } from '../../src/domain/paris-time.ts'
import { capture, signIn } from '../demo/once.ts'
import { demoCaptures } from '../demo/patients.ts'
import type { Stack } from '../demo/stack.ts'
import { createHeadlessBrowser, type HeadlessBrowser } from '../simulators/pro-sante-connect/headless-browser.ts'
import { startTestStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const base = realpathSync(mkdtempSync(join(tmpdir(), 'passerelle-two-')))
const folders = { here: join(base, 'here'), elsewhere: join(base, 'elsewhere') }
const documents = new Map<string, string>()
let stack: Stack
let sql: postgres.Sql
let browser: HeadlessBrowser
let receiver: NodeJS.Timeout

const folderDestination = (id: keyof typeof folders, label: string, pharmacies: string) => `  - id: ${id}
    label: ${label}
    format: bio-trod
    transport:
      kind: folder
      outbox: ${folders[id]}/out
      answers: ${folders[id]}/in
      timeoutMs: 5000
      pollMs: 100
    deduplicates: control-id
    billed: false
    pharmacies: ${pharmacies}
`

/** Takes each document and acknowledges it, as a platform behind a shared folder would. */
function takeDocuments(): void {
  for (const name of readdirSync(join(folders.here, 'out')).filter((one) => one.endsWith('.xml'))) {
    const controlId = name.slice(0, -'.xml'.length)
    documents.set(controlId, readFileSync(join(folders.here, 'out', name), 'utf8'))
    rmSync(join(folders.here, 'out', name))
    const answer = join(folders.here, 'in', `${controlId}.ack`)
    writeFileSync(`${answer}.part`, `MSH|^~\\&|P|P|||20260115||ACK|R${documents.size}|T|2.5\rMSA|AA|${controlId}\r`)
    renameSync(`${answer}.part`, answer)
  }
}

beforeAll(async () => {
  for (const folder of Object.values(folders))
    for (const part of ['out', 'in']) mkdirSync(join(folder, part), { recursive: true })
  stack = await startTestStack({
    moreDestinations:
      folderDestination('here', 'Plateforme régionale', '["750000010"]') +
      folderDestination('elsewhere', 'Autre plateforme', '["690000021"]'),
  })
  receiver = setInterval(takeDocuments, 20)
  sql = postgres(stack.superUrl, { max: 2, onnotice: () => undefined })
  browser = createHeadlessBrowser({ redirectUris: [`${stack.url}/connexion/retour`] })
  await signIn(stack.url, browser, 'titulaire')
}, 120_000)

afterAll(async () => {
  clearInterval(receiver)
  await sql?.end()
  await stack?.close()
  rmSync(base, { recursive: true, force: true })
}, 60_000)

const textOf = async (path: string) => (await browser.send(`${stack.url}${path}`)).text()

/** Opens the form as a person would and sends it with this reason; answers the page that was shown before. */
async function decide(path: string, reason: string): Promise<string> {
  const page = await textOf(path)
  const hidden = [...page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)]
  const form = { ...Object.fromEntries(hidden.map((found) => [found[1] ?? '', found[2] ?? ''])), reason }
  const answer = await browser.send(`${stack.url}${path}`, {
    form,
    headers: { origin: stack.url, 'sec-fetch-site': 'same-origin' },
  })
  expect(answer.status).toBe(303)
  return page
}

type Told = { readonly destination: string; readonly kind: string; readonly state: string; readonly code: string | null }

const standingOf = async (id: string, version: number) => {
  const rows = await sql<
    Told[]
  >`select destination, kind, state, code from declarations where screening_id = ${id} and version = ${version}`
  return new Map(rows.map(({ destination, kind, state, code }) => [destination, [kind, state, code]] as const))
}

test('each destination of the pharmacy gets the result in its own format, another pharmacy’s gets nothing; a cancellation that one format cannot say ends in a person’s word', async () => {
  const [fields = {}] = demoCaptures(1, parisDateTimeLocal(new Date()))
  const id = await capture(stack.url, browser, fields)
  await until(
    'both have acknowledged',
    async () => [...(await standingOf(id, 1)).values()].filter(([, state]) => state === 'accepted').length === 2,
    60_000,
  )
  expect(Object.fromEntries(await standingOf(id, 1))).toEqual({
    sidep: ['original', 'accepted', null],
    here: ['original', 'accepted', null],
  })
  expect(stack.sidep.screenings().get(id)).toMatchObject({ current: { version: 1 } })
  expect([...documents.values()]).toEqual([expect.stringContaining('<ClinicalDocument')])
  expect(readdirSync(join(folders.elsewhere, 'out'))).toEqual([])

  const before = await decide(`/depistages/${id}/annuler`, 'mauvais patient')
  expect(before).toContain('SI-DEP (simulateur)\u00a0:</strong> une annulation sera transmise.')
  expect(before).toContain('Plateforme régionale\u00a0:</strong> son format ne sait pas dire une annulation')
  await until(
    'one is told, the other cannot be',
    async () => {
      const told = await standingOf(id, 2)
      return told.get('sidep')?.[1] === 'accepted' && told.get('here')?.[1] === 'rejected'
    },
    60_000,
  )
  expect((await standingOf(id, 2)).get('here')).toEqual(['cancellation', 'rejected', 'not-expressible'])
  expect(documents.size).toBe(1)
  expect(stack.sidep.screenings().get(id)).toMatchObject({ cancelled: true })

  expect(await textOf('/a-reprendre')).toContain('Plateforme régionale')
  const [, path = ''] = /href="(\/depistages\/[^"]*\/constater\/[^"]*)"/.exec(await textOf(`/depistages/${id}`)) ?? []
  expect(await decide(path, 'prévenue par téléphone ce jour')).toContain(
    'Vous déclarez que Plateforme régionale sait que ce dépistage est annulé.',
  )
  expect((await standingOf(id, 2)).get('here')?.[1]).toBe('received')
  expect(await textOf('/a-reprendre')).not.toContain('Plateforme régionale')
  expect(await textOf(`/depistages/${id}`)).not.toContain('/constater/')
}, 180_000)
