/** The running product while the key store is away: captures go on from the reserve, then are refused whole; openings go on. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parisDateTimeLocal } from '../../src/domain/paris-time.ts'
import { signIn } from '../demo/once.ts'
import { demoCaptures } from '../demo/patients.ts'
import type { Stack } from '../demo/stack.ts'
import { createHeadlessBrowser, type HeadlessBrowser } from '../simulators/pro-sante-connect/headless-browser.ts'
import { connect } from '../support/database.ts'
import { startTestStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

let stack: Stack
let browser: HeadlessBrowser
let sql: ReturnType<typeof connect>
beforeAll(async () => {
  stack = await startTestStack()
  sql = connect(stack.superUrl)
  browser = createHeadlessBrowser({ redirectUris: [`${stack.url}/connexion/retour`] })
}, 120_000)
afterAll(async () => {
  await sql?.end()
  await stack?.close()
}, 60_000)

const keystore = 'passerelle_keys'
const [fields = {}] = demoCaptures(1, parisDateTimeLocal(new Date()))

async function send(idempotencyKey: string): Promise<{ status: number; id: string | null; page: string }> {
  const headers = { origin: stack.url, 'sec-fetch-site': 'same-origin' }
  const form = { ...fields, idempotencyKey, seenDuplicates: 'all' }
  const answer = await browser.send(`${stack.url}/depistages/nouveau`, { form, headers })
  const id = /^\/depistages\/([0-9a-f-]{36})/.exec(answer.headers.get('location') ?? '')?.[1] ?? null
  return { status: answer.status, id, page: await answer.text() }
}
const show = async (id: string) => (await browser.send(`${stack.url}/depistages/${id}`)).status
const countRows = async () => {
  const [row] = await sql<{ rows: number }[]>`select (select count(*) from screenings) + (select count(*) from declarations)
    + (select count(*) from idempotency_keys) as rows`
  return Number(row?.rows)
}
const countReserved = async () => {
  const keys = connect(Object.assign(new URL(stack.superUrl), { pathname: `/${keystore}` }).href)
  const [row] = await keys<{ rows: number }[]>`select count(*)::int as rows from record_keys`
  await keys.end()
  return row?.rows ?? 0
}
async function cutKeyStore(): Promise<void> {
  await sql.unsafe(`alter database ${keystore} allow_connections false`)
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${keystore}`
}

test('keys are ready after sign-in; without the key store captures go on from them, then nothing is stored, and all of it recovers', {
  timeout: 180_000,
}, async () => {
  expect(await countReserved()).toBe(0)
  await signIn(stack.url, browser, 'titulaire')
  const reserved = await until('the reserve has been filled by the sign-in alone', countReserved)

  const before = await send(crypto.randomUUID())
  expect(before.status).toBe(303)
  await until('the next block is stored', async () => (await countReserved()) > reserved)
  await cutKeyStore()
  let stored = 0
  let refused: Awaited<ReturnType<typeof send>> | null = null
  let rows = 0
  const lastKey = () => `cle-de-la-derniere-${stored}`
  for (; stored < 200 && !refused; ) {
    rows = await countRows()
    const answer = await send(lastKey())
    if (answer.status === 303) stored++
    else refused = answer
  }
  expect(stored).toBeGreaterThanOrEqual(reserved)
  expect(refused).toMatchObject({ status: 503, id: null, page: expect.stringContaining('Rien n’a été enregistré') })
  expect(await countRows()).toBe(rows)
  // What was opened or made lately goes on opening.
  expect(await show(before.id ?? '')).toBe(200)

  await sql.unsafe(`alter database ${keystore} allow_connections true`)
  const again = await until('the same request goes through', async () => {
    const answer = await send(lastKey())
    return answer.status === 303 ? answer : null
  })
  expect(await show(again.id ?? '')).toBe(200)
  expect(await countRows()).toBeGreaterThan(rows)
})
