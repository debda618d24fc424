/** The main job through containers: sign in, capture, wait for the nation's receipt; and the same under load, with retries. */
import { setTimeout as wait } from 'node:timers/promises'
import type { CaptureInput } from '../../src/domain/capture-fields.ts'
import { parisDateTimeLocal } from '../../src/domain/paris-time.ts'
import { signIn } from '../demo/once.ts'
import { demoCaptures } from '../demo/patients.ts'
import { createHeadlessBrowser, type HeadlessBrowser } from '../simulators/pro-sante-connect/headless-browser.ts'
import { type Appliance, until } from './appliance.ts'

const patienceMs = 30_000
const retryMs = 100

export async function signedIn(appliance: Appliance, personId = 'titulaire'): Promise<HeadlessBrowser> {
  const browser = createHeadlessBrowser({ redirectUris: [`${appliance.url}/connexion/retour`] })
  await signIn(appliance.url, browser, personId)
  return browser
}

export function fieldsFor(count: number): readonly CaptureInput[] {
  return demoCaptures(count, parisDateTimeLocal(new Date()))
}

export type RetriedCapture = { readonly id: string; readonly tries: number }

/** Captures as a person does who presses again: the same form, with its idempotency key, until it is answered. Throws after a bound. */
export async function captureWithRetry(url: string, browser: HeadlessBrowser, fields: CaptureInput): Promise<RetriedCapture> {
  const end = Date.now() + patienceMs
  const asked = async (ask: () => Promise<Response>): Promise<Response> => {
    for (;;) {
      tries += 1
      const answer = await ask().catch((cause: unknown) => String(cause))
      // What a proxy or a stopping gateway says; anything else is an answer.
      if (typeof answer !== 'string' && ![429, 502, 503, 504].includes(answer.status)) return answer
      if (Date.now() > end)
        throw new Error(`no answer in ${patienceMs / 1000} s: ${typeof answer === 'string' ? answer : answer.status}`)
      if (typeof answer !== 'string') await answer.body?.cancel()
      await wait(retryMs)
    }
  }
  let tries = 0
  const address = `${url}/depistages/nouveau`
  const page = await (await asked(() => browser.send(address))).text()
  const hidden = Object.fromEntries(
    [...page.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([tag]) => [
      /name="([^"]*)"/.exec(tag)?.[1] ?? '',
      /value="([^"]*)"/.exec(tag)?.[1] ?? '',
    ]),
  )
  const headers = { origin: url, 'sec-fetch-site': 'same-origin' }
  tries = 0
  const answer = await asked(() => browser.send(address, { form: { ...hidden, ...fields, seenDuplicates: 'all' }, headers }))
  const id = /^\/depistages\/([0-9a-f-]{36})/.exec(answer.headers.get('location') ?? '')?.[1]
  if (answer.status !== 303 || !id) throw new Error(`capture answered ${answer.status}: ${(await answer.text()).slice(0, 500)}`)
  return { id, tries }
}

export type Counts = { readonly accepted: number; readonly open: number; readonly declarations: number }

/** From the tables, not from what anybody said. */
export async function countDeclarations(appliance: Appliance, ids: readonly string[]): Promise<Counts> {
  const sql = appliance.openSql()
  try {
    const [row] = await sql<Counts[]>`
      select count(r.declaration_id)::int as accepted, count(*)::int as declarations,
             (count(*) filter (where d.state not in ('accepted', 'rejected', 'parked', 'cancelled')))::int as open
      from declarations d left join receipts r on r.declaration_id = d.id
      where d.screening_id = any(${ids as string[]}::uuid[])`
    return row ?? { accepted: 0, open: 0, declarations: 0 }
  } finally {
    await sql.end()
  }
}

/** Captures `count` and waits until the nation has acknowledged each. */
export async function mainJob(appliance: Appliance, count: number): Promise<readonly string[]> {
  const browser = await signedIn(appliance)
  const ids: string[] = []
  for (const fields of fieldsFor(count)) ids.push((await captureWithRetry(appliance.url, browser, fields)).id)
  await allAccepted(appliance, ids)
  return ids
}

export async function allAccepted(appliance: Appliance, ids: readonly string[]): Promise<void> {
  await until(`${ids.length} declarations are acknowledged`, async () => {
    const counts = await countDeclarations(appliance, ids).catch(() => null)
    return counts?.accepted === ids.length
  })
}

export type Load = {
  stop(): Promise<{ readonly ids: readonly string[]; readonly retried: number; readonly failed: readonly string[] }>
}

/** One after another for each person, until stopped. */
export async function startLoad(appliance: Appliance, people: readonly string[], thinkMs: number): Promise<Load> {
  const browsers = await Promise.all(people.map((person) => signedIn(appliance, person)))
  const ids: string[] = []
  const failed: string[] = []
  let retried = 0
  let running = true
  const loops = browsers.map(async (browser, index) => {
    const fields = fieldsFor(24)
    for (let turn = index; running; turn++) {
      const input = fields[turn % fields.length]
      if (!input) continue
      await captureWithRetry(appliance.url, browser, input).then(
        ({ id, tries }) => {
          ids.push(id)
          if (tries > 1) retried += 1
        },
        (cause: unknown) => failed.push(String(cause)),
      )
      await wait(thinkMs)
    }
  })
  return {
    stop: async () => {
      running = false
      await Promise.all(loops)
      return { ids, retried, failed }
    },
  }
}
