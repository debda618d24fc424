/** Pharmacists who capture, correct and cancel, and send each thing again under the same key until they are told that it is stored. */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { CaptureInput } from '../../src/domain/capture-fields.ts'
import { parisDateTimeLocal } from '../../src/domain/paris-time.ts'
import { signIn } from '../demo/once.ts'
import { demoCaptures } from '../demo/patients.ts'
import { createHeadlessBrowser, type HeadlessBrowser } from '../simulators/pro-sante-connect/headless-browser.ts'

/** What a client was told is stored: the promise that the checker holds the house to. */
export type Told = {
  readonly kind: 'capture' | 'correct' | 'cancel'
  readonly screeningId: string
  readonly version: number
  /** Birth name under which this version went. */
  readonly mark: string
}

export type ClientsReport = {
  readonly told: readonly Told[]
  /** What no answer of the house should have been; each fails the run. */
  readonly odd: readonly string[]
  readonly requests: number
  /** How often each status came; 0 for no answer. */
  readonly statuses: ReadonlyMap<number, number>
}

export type Clients = {
  /** Lets each end what it was about, until it is told; rejects where that takes too long. */
  stop(timeoutMs: number): Promise<ClientsReport>
}

export type ClientsOptions = {
  readonly url: string
  /** One client for each. */
  readonly personIds: readonly string[]
  readonly random: () => number
  readonly thinkMs: { readonly min: number; readonly max: number }
}

const patience = { answerMs: 30_000, pauseMs: 150 } as const
/** How often an impatient one sends the same thing twice at once. */
const twiceShare = 0.05
const fieldsOfAll = demoCaptures(24, '')

type Mine = { screeningId: string; version: number; fields: CaptureInput }
type Request = { readonly path: string; readonly form: Record<string, string> }
type Ledger = {
  readonly told: Told[]
  readonly odd: string[]
  readonly statuses: Map<number, number>
  requests: number
  serial: number
}

export async function startClients(options: ClientsOptions): Promise<Clients> {
  const ledger: Ledger = { told: [], odd: [], statuses: new Map(), requests: 0, serial: 0 }
  const stopping = new AbortController()
  const browsers = await Promise.all(
    options.personIds.map(async (personId) => {
      const browser = createHeadlessBrowser({ redirectUris: [`${options.url}/connexion/retour`] })
      await signIn(options.url, browser, personId)
      return { browser, personId }
    }),
  )
  const loops = browsers.map((one) => work({ ...options, ...one }, ledger, stopping.signal))
  return {
    stop: async (timeoutMs) => {
      stopping.abort()
      const late = wait(timeoutMs, 'late', { ref: false })
      if ((await Promise.race([Promise.all(loops), late])) === 'late')
        throw new Error(`a client was not told in ${timeoutMs / 1000} s that its request is stored`)
      return ledger
    },
  }
}

type Client = ClientsOptions & { readonly browser: HeadlessBrowser; readonly personId: string }

async function work(client: Client, ledger: Ledger, stopping: AbortSignal): Promise<void> {
  const { random, thinkMs } = client
  const mine: Mine[] = []
  while (!stopping.aborted) {
    const drawn = random()
    const chosen = mine[Math.floor(random() * mine.length)]
    if (drawn < 0.65 || !chosen) await capture(client, ledger, mine)
    else await change(client, ledger, { mine, chosen, kind: drawn < 0.88 ? 'correct' : 'cancel' })
    await wait(thinkMs.min + random() * (thinkMs.max - thinkMs.min), undefined, { signal: stopping }).catch(() => undefined)
  }
}

async function capture(client: Client, ledger: Ledger, mine: Mine[]): Promise<void> {
  const mark = nextMark(ledger)
  const base = fieldsOfAll[Math.floor(client.random() * fieldsOfAll.length)] ?? {}
  const fields = { ...base, birthName: mark, sampledAt: parisDateTimeLocal(new Date()) }
  const screeningId = await sendUntilTold(client, ledger, {
    path: '/depistages/nouveau',
    form: { ...fields, seenDuplicates: 'all' },
  })
  if (screeningId === null) return
  mine.push({ screeningId, version: 1, fields })
  ledger.told.push({ kind: 'capture', screeningId, version: 1, mark })
}

async function change(
  client: Client,
  ledger: Ledger,
  { mine, chosen, kind }: { mine: Mine[]; chosen: Mine; kind: 'correct' | 'cancel' },
): Promise<void> {
  const { screeningId, version } = chosen
  const mark = kind === 'correct' ? nextMark(ledger) : (chosen.fields.birthName ?? '')
  const fields = { ...chosen.fields, birthName: mark }
  const form = { version: String(version), reason: 'panne simulée', ...(kind === 'correct' && fields) }
  const verb = kind === 'correct' ? 'corriger' : 'annuler'
  const answered = await sendUntilTold(client, ledger, { path: `/depistages/${screeningId}/${verb}`, form })
  if (answered === null) return
  if (answered !== screeningId) ledger.odd.push(`a change of ${screeningId} was answered with ${answered}`)
  ledger.told.push({ kind, screeningId, version: version + 1, mark })
  if (kind === 'cancel') mine.splice(mine.indexOf(chosen), 1)
  else Object.assign(chosen, { version: version + 1, fields })
}

/** The id that was answered; null where the house answered something that no retry can help. */
async function sendUntilTold(client: Client, ledger: Ledger, asked: Request): Promise<string | null> {
  const request = { ...asked, form: { ...asked.form, idempotencyKey: randomUUID() } }
  for (;;) {
    const again = client.random() < twiceShare ? [sendOnce(client, ledger, request)] : []
    const answers = await Promise.all([sendOnce(client, ledger, request), ...again])
    const ids = new Set(answers.flatMap((answer) => (answer.kind === 'told' ? [answer.screeningId] : [])))
    if (ids.size > 1) ledger.odd.push(`one key was answered with two screenings: ${[...ids].join(', ')}`)
    const [id] = ids
    if (id !== undefined) return id
    const odd = answers.find((answer) => answer.kind === 'odd')
    if (odd) {
      ledger.odd.push(`${request.path}: ${odd.says}`)
      return null
    }
    if (answers.some((answer) => answer.kind === 'signed-out'))
      await signIn(client.url, client.browser, client.personId).catch(() => undefined)
    await wait(patience.pauseMs * (0.5 + client.random()))
  }
}

type Answer = { kind: 'told'; screeningId: string } | { kind: 'again' } | { kind: 'signed-out' } | { kind: 'odd'; says: string }

async function sendOnce(client: Client, ledger: Ledger, { path, form }: Request): Promise<Answer> {
  ledger.requests += 1
  const headers = { origin: client.url, 'sec-fetch-site': 'same-origin' }
  const answer = await Promise.race([
    client.browser.send(`${client.url}${path}`, { form, headers }).catch(() => null),
    wait(patience.answerMs, null, { ref: false }),
  ])
  const status = answer?.status ?? 0
  ledger.statuses.set(status, (ledger.statuses.get(status) ?? 0) + 1)
  if (answer === null || answer.status >= 500) return drop(answer, { kind: 'again' })
  const location = answer.headers.get('location') ?? ''
  const screeningId = /^\/depistages\/([0-9a-f-]{36})/.exec(location)?.[1]
  if (answer.status === 303 && screeningId) return drop(answer, { kind: 'told', screeningId })
  if (answer.status === 429) return drop(answer, { kind: 'again' })
  if (answer.status === 401 || location.startsWith('/connexion') || location === '/') return drop(answer, { kind: 'signed-out' })
  return { kind: 'odd', says: `${answer.status} ${location} ${errorsIn(await answer.text().catch(() => ''))}` }
}

async function drop(answer: Response | null, meaning: Answer): Promise<Answer> {
  await answer?.body?.cancel().catch(() => undefined)
  return meaning
}

function errorsIn(page: string): string {
  return [...page.matchAll(/class="(?:error|problem|notice bad)[^"]*"[^>]*>([^<]{1,200})/g)].map(([, says]) => says).join(' · ')
}

/** Letters only, as a name: `MARQUE-AAAB`. */
function nextMark(ledger: Ledger): string {
  ledger.serial += 1
  let left = ledger.serial
  let letters = ''
  for (let place = 0; place < 5; place++) {
    letters = String.fromCharCode(65 + (left % 26)) + letters
    left = Math.floor(left / 26)
  }
  return `MARQUE-${letters}`
}
