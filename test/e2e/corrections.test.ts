/** A screening captured, corrected and cancelled through the pages: the nation takes each version once, and in the end holds none. */
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parisDateTimeLocal } from '../../src/domain/paris-time.ts'
import { capture, signIn } from '../demo/once.ts'
import { demoCaptures } from '../demo/patients.ts'
import type { Stack } from '../demo/stack.ts'
import { createHeadlessBrowser, type HeadlessBrowser } from '../simulators/pro-sante-connect/headless-browser.ts'
import { startTestStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

let stack: Stack
let sql: postgres.Sql
let browser: HeadlessBrowser

beforeAll(async () => {
  stack = await startTestStack()
  sql = postgres(stack.superUrl, { max: 2, onnotice: () => undefined })
  browser = createHeadlessBrowser({ redirectUris: [`${stack.url}/connexion/retour`] })
  await signIn(stack.url, browser, 'titulaire')
}, 120_000)

afterAll(async () => {
  await sql?.end()
  await stack?.close()
}, 60_000)

const hidden = (page: string) =>
  Object.fromEntries(
    [...page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)].map((found) => [found[1] ?? '', found[2] ?? '']),
  )

/** Opens the form as a person would and sends it with these fields; answers where it led. */
async function change(path: string, fields: Record<string, string>): Promise<{ page: string; location: string | null }> {
  const page = await (await browser.send(`${stack.url}${path}`)).text()
  const headers = { origin: stack.url, 'sec-fetch-site': 'same-origin' }
  const answer = await browser.send(`${stack.url}${path}`, { form: { ...hidden(page), ...fields }, headers })
  return { page, location: answer.headers.get('location') }
}

const stateOf = async (screeningId: string, version: number) =>
  (await sql`select state from declarations where screening_id = ${screeningId} and version = ${version}`)[0]?.state

const settled = (screeningId: string, version: number) =>
  until(`version ${version} is acknowledged`, async () => (await stateOf(screeningId, version)) === 'accepted', 60_000)

test('captured, corrected, cancelled: the nation follows, each version taken once, and knows in the end that it is cancelled', async () => {
  const [fields = {}] = demoCaptures(1, parisDateTimeLocal(new Date()))
  const id = await capture(stack.url, browser, fields)
  await settled(id, 1)
  expect(stack.sidep.screenings().get(id)).toMatchObject({ cancelled: false, current: { version: 1, kind: 'original' } })

  const typed = { ...fields, birthName: 'CORRIGÉE', 'result.sars-cov-2': 'positive', reason: 'résultat inversé' }
  const corrected = await change(`/depistages/${id}/corriger`, typed as Record<string, string>)
  expect(corrected.page).toContain('une correction sera transmise.')
  expect(corrected.location).toBe(`/depistages/${id}`)
  await settled(id, 2)
  const kept = stack.sidep.screenings().get(id)
  expect(kept).toMatchObject({ cancelled: false, taken: { 1: 1, 2: 1 } })
  expect(kept?.current).toMatchObject({ version: 2, kind: 'replacement', replacesVersion: 1, patient: { name: 'CORRIGÉE' } })
  expect(kept?.current.results).toEqual([{ analyte: 'SARS-CoV-2', result: 'positif' }])

  const cancelled = await change(`/depistages/${id}/annuler`, { reason: 'mauvais patient' })
  expect(cancelled.page).toContain('une annulation sera transmise.')
  expect(cancelled.location).toBe(`/depistages/${id}`)
  await settled(id, 3)
  expect(stack.sidep.screenings().get(id)).toMatchObject({ cancelled: true, taken: { 1: 1, 2: 1, 3: 1 } })

  const receipt = await (await browser.send(`${stack.url}/depistages/${id}`)).text()
  expect(receipt).toContain('Ce dépistage a été annulé.')
  expect(receipt).not.toContain('/corriger')
  const versions = await (await browser.send(`${stack.url}/depistages/${id}/versions`)).text()
  for (const words of ['résultat inversé', 'mauvais patient', 'Version 3']) expect(versions).toContain(words)
  expect((await browser.send(`${stack.url}/depistages/${id}/corriger`)).status).toBe(409)
}, 180_000)

test('corrected while the destination is away: only the corrected version ever reaches the nation; cancelled so, nothing does', async () => {
  const [, fields = {}, others = {}] = demoCaptures(3, parisDateTimeLocal(new Date()))
  stack.sidep.faults.add({ mode: 'busy', ms: 2_000, count: 1_000 })
  const id = await capture(stack.url, browser, fields)
  const dropped = await capture(stack.url, browser, others)
  const waits = async (screeningId: string) => (await stateOf(screeningId, 1)) === 'queued'
  await until('both wait', async () => (await waits(id)) && (await waits(dropped)))
  // A try may be under way at the moment of the change: then the plan is another, and equally right; ask until none is.
  const corrected = await change(`/depistages/${id}/corriger`, {
    ...(fields as Record<string, string>),
    birthName: 'DÈS-LE-DÉBUT',
    reason: 'nom mal lu',
  })
  expect(corrected.location).toBe(`/depistages/${id}`)
  const ended = await change(`/depistages/${dropped}/annuler`, { reason: 'saisie en double' })
  expect(ended.location).toBe(`/depistages/${dropped}`)
  const planned = await sql`select kind from declarations where screening_id = ${id} and version = 2`
  stack.sidep.faults.clear()
  await settled(id, 2)
  const taken = stack.sidep.screenings().get(id)
  expect(taken?.current).toMatchObject({ version: 2, kind: planned[0]?.kind, patient: { name: 'DÈS-LE-DÉBUT' } })
  if (planned[0]?.kind === 'original') expect(taken?.taken).toEqual({ 2: 1 })
  const open = () =>
    sql`select 1 from declarations where screening_id = ${dropped} and state not in ('cancelled', 'accepted', 'rejected')`
  await until('nothing of the cancelled one is open', async () => (await open()).length === 0, 60_000)
  const known = stack.sidep.screenings().get(dropped)
  expect(known === undefined || known.cancelled).toBe(true)
}, 180_000)
