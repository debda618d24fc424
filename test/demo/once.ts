/** The whole job without a window, over real HTTP: sign in, capture, and wait until the nation has acknowledged each. */
import { setTimeout as wait } from 'node:timers/promises'
import { sql as sqlText } from 'drizzle-orm'
import postgres from 'postgres'
import type { CaptureInput } from '../../src/domain/capture-fields.ts'
import { parisDateTimeLocal } from '../../src/domain/paris-time.ts'
import { checkLedger, listLedgerPharmacies } from '../../src/storage/check-ledger.ts'
import { openDatabase } from '../../src/storage/database.ts'
import { createHeadlessBrowser, type HeadlessBrowser } from '../simulators/pro-sante-connect/headless-browser.ts'
import { demoCaptures } from './patients.ts'
import type { Stack } from './stack.ts'

export type OnceReport = {
  readonly captured: number
  readonly accepted: number
  readonly pending: number
  readonly charges: number
  readonly ledger: 'balanced' | 'out-of-balance'
  readonly ms: number
}

const settleTimeoutMs = 120_000

export async function runOnce(stack: Stack, count: number): Promise<OnceReport> {
  const startedAt = Date.now()
  const browser = createHeadlessBrowser({ redirectUris: [`${stack.url}/connexion/retour`] })
  await signIn(stack.url, browser, 'titulaire')
  const captured: string[] = []
  for (const fields of demoCaptures(count, parisDateTimeLocal(new Date())))
    captured.push(await capture(stack.url, browser, fields))
  const counts = await untilSettled(stack.superUrl, captured)
  const money = await readMoney(stack.superUrl, captured)
  return { captured: captured.length, ...counts, ...money, ms: Date.now() - startedAt }
}

/** Signs a seed person in, through the simulator, as a browser would. */
export async function signIn(url: string, browser: HeadlessBrowser, personId: string): Promise<void> {
  const begun = await browser.send(`${url}/connexion`)
  const address = begun.headers.get('location')
  if (!address) throw new Error(`sign-in answered ${begun.status}`)
  const callback = await browser.signInAs(address, personId)
  const ended = await browser.send(callback.href)
  if (ended.status !== 303 && ended.status !== 302)
    throw new Error(`the callback answered ${ended.status}: ${await ended.text()}`)
}

/** Fills and sends the capture form; answers the id of the screening that the gateway stored. */
export async function capture(url: string, browser: HeadlessBrowser, fields: CaptureInput): Promise<string> {
  const page = await (await browser.send(`${url}/depistages/nouveau`)).text()
  const hidden = Object.fromEntries(
    [...page.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([tag]) => [
      /name="([^"]*)"/.exec(tag)?.[1] ?? '',
      /value="([^"]*)"/.exec(tag)?.[1] ?? '',
    ]),
  )
  const headers = { origin: url, 'sec-fetch-site': 'same-origin' }
  const answer = await browser.send(`${url}/depistages/nouveau`, {
    form: { ...hidden, ...fields, seenDuplicates: 'all' },
    headers,
  })
  const id = /^\/depistages\/([0-9a-f-]{36})/.exec(answer.headers.get('location') ?? '')?.[1]
  if (answer.status !== 303 || !id) throw new Error(`capture answered ${answer.status}: ${(await answer.text()).slice(0, 2000)}`)
  return id
}

/** Charges of these screenings, and whether the whole ledger adds up, closed days counted anew. */
async function readMoney(superUrl: string, screeningIds: readonly string[]): Promise<Pick<OnceReport, 'charges' | 'ledger'>> {
  const database = openDatabase(superUrl)
  try {
    const [row] = await database.forWorker((tx) =>
      tx.execute<{ charges: number }>(
        sqlText`select count(*)::int as charges from charges where kind = 'charge' and screening_id = any(${sqlText.param([...screeningIds])}::uuid[])`,
      ),
    )
    const pharmacies = await database.forWorker((tx) => listLedgerPharmacies(tx))
    const { lines, differences } = await checkLedger(database, {
      pharmacyIds: pharmacies.map((pharmacy) => pharmacy.id),
      from: '2020-01-01',
      to: '2099-12-31',
      recount: true,
    })
    return { charges: row?.charges ?? 0, ledger: lines > 0 && differences.length === 0 ? 'balanced' : 'out-of-balance' }
  } finally {
    await database.close()
  }
}

/** Counts from the tables, not from what anybody said: a receipt for each declaration of these screenings, or not yet. */
async function untilSettled(superUrl: string, screeningIds: readonly string[]): Promise<{ accepted: number; pending: number }> {
  const sql = postgres(superUrl, { max: 1, onnotice: () => undefined })
  try {
    const until = Date.now() + settleTimeoutMs
    for (;;) {
      const [row] = await sql<{ accepted: number; open: number }[]>`
        select count(r.declaration_id)::int as accepted,
               (count(*) filter (where d.state not in ('accepted', 'rejected', 'parked', 'cancelled')))::int as open
        from declarations d left join receipts r on r.declaration_id = d.id
        where d.screening_id = any(${screeningIds as string[]}::uuid[])`
      const accepted = row?.accepted ?? 0
      if (row?.open === 0 || Date.now() > until) return { accepted, pending: screeningIds.length - accepted }
      await wait(100)
    }
  } finally {
    await sql.end()
  }
}
