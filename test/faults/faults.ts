/** `npm run faults`: kills and faults by a seeded plan against the whole product, then the account of what came of every promise. */
import { createHash } from 'node:crypto'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { countUnsettled, judge, readFacts, type Verdict } from './checker.ts'
import { type ClientsReport, startClients } from './clients.ts'
import { destinationOf } from './config.ts'
import { type House, openHouse } from './house.ts'
import { checkMoney, describeMoney, emptyLedgerFindings, type LedgerFindings, startLedgerSampler } from './ledger-checker.ts'
import { createRandom, planSteps, type Side } from './plan.ts'
import { type Budget, strike } from './strike.ts'

const usage = `npm run faults -- [options]

  --kills N        processes to kill with SIGKILL: workers, gateways, PostgreSQL (default 200)
  --seed S         whole number that decides the plan of faults (default 1); the same seed, the same plan
  --seconds-max T  give up, as a failure, when the killing takes longer (default 120 + 4 a kill)
  --gap MS         mean pause between two steps of the plan (default 300)
  --workers N      workers (default 5); --gateways N gateways (default 3)
  --round N        kills after which all is healed, drained and checked (default 1000); bounds memory
  --source         run the TypeScript as it is, instead of one file made of it
  --product DIR    the tree whose src and migrations run (default: this one)
  --patience F     multiplies how long peace, answers and starts are waited for (default 1; more on a busy machine)
  --keep           keep the folder also when all is well
  --help           this text

Last line: kills N, captured X, receipts X, lost 0, doubled 0, misordered 0. Exit code 0 only where the last three are 0.
`

const drainTimeoutMs = 150_000
const toldTimeoutMs = 120_000
const upTimeoutMs = 60_000
const pharmacyCount = 6
/** Twelve clients at about two requests a second each stay below what one session and one address may ask. */
const clientsPerPharmacy = 2
const thinkMs = { min: 250, max: 750 } as const
const openStepsMax = 10
const worthWithinMs = 10_000
const evidenceMax = 50

type Options = {
  readonly kills: number
  readonly seed: number
  readonly secondsMax: number
  readonly gapMs: number
  readonly workers: number
  readonly gateways: number
  readonly roundKills: number
  readonly bundle: boolean
  readonly tree: string
  readonly keep: boolean
  readonly patience: number
}

type Total = {
  kills: number
  /** Set where the time was over before the kills were done: what was captured is accounted for all the same. */
  late: string | null
  captures: number
  requests: number
  readonly byKind: Map<string, number>
  readonly statuses: Map<number, number>
  readonly counts: Record<keyof Verdict['counts'], number>
  readonly lost: string[]
  readonly doubled: string[]
  readonly misordered: string[]
  readonly odd: string[]
  readonly money: LedgerFindings
}

async function main(): Promise<number> {
  const options = readOptions()
  if (options === null) return 0
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-faults-'))
  const steps = planSteps(options.seed, { workers: options.workers, gateways: options.gateways, meanGapMs: options.gapMs })
  console.log(`seed ${options.seed}, ${options.kills} kills, plan ${planDigest(options)}, folder ${folder}`)
  const startedAt = performance.now()
  const total = emptyTotal()
  let house: House | null = null
  let failed: unknown = null
  try {
    house = await openHouse({ folder, ...options, pharmacies: pharmacyCount })
    console.log(`product ${house.product.how}; disk full: ${house.database.fillDisk ? 'played' : 'skipped (needs root)'}`)
    while (total.kills < options.kills && total.late === null) await runRound(house, { options, steps, total, folder, startedAt })
  } catch (cause) {
    failed = cause
  }
  failed ??= total.late
  const clean =
    failed === null &&
    [total.lost, total.doubled, total.misordered, total.odd, total.money.wrong].every((list) => list.length === 0)
  if (!clean)
    writeFileSync(
      join(folder, 'evidence.json'),
      JSON.stringify({ ...total, byKind: [...total.byKind], statuses: [...total.statuses] }, null, 2),
    )
  await house?.close({ keep: !clean || options.keep }).catch((cause: unknown) => console.error('while closing:', cause))
  report(total, { failed, seconds: (performance.now() - startedAt) / 1000 })
  if (clean && !options.keep) rmSync(folder, { recursive: true, force: true })
  else console.log(`kept ${folder}; again with: npm run faults -- --kills ${options.kills} --seed ${options.seed}`)
  console.log(lastLine(total))
  return clean ? 0 : 1
}

type Run = {
  readonly options: Options
  readonly steps: ReturnType<typeof planSteps>
  readonly total: Total
  readonly folder: string
  readonly startedAt: number
}

/** Captures under faults, then peace; then every promise of the round is accounted for. */
async function runRound(house: House, run: Run): Promise<void> {
  const { options, total } = run
  await house.renewReceivers()
  await untilUp(house, options)
  const clients = await startClients({
    url: house.url,
    personIds: house.pharmacies.flatMap(({ person }) => Array<string>(clientsPerPharmacy).fill(person.id)),
    random: createRandom(options.seed ^ (total.kills + 1)),
    thinkMs,
  })
  const inRound = Math.min(options.roundKills, options.kills - total.kills)
  const sampler = startLedgerSampler(house.database, total.money)
  await harass(house, run, inRound).finally(() => sampler.stop())
  const harassedAt = performance.now()
  for (const side of ['promising', 'promiseless'] as const) house.receivers()[side].faults.clear()
  await untilUp(house, options)
  const spoken = await clients.stop(toldTimeoutMs * options.patience)
  await untilDrained(house, options)
  await check(house, total, spoken)
  const { kills, counts, lost, doubled, misordered } = total
  const secondsSince = (at: number) => Math.round((performance.now() - at) / 1000)
  console.log(
    `${secondsSince(run.startedAt)} s (peace and account ${secondsSince(harassedAt)} s): kills ${kills}, PostgreSQL started ${house.database.starts()} times, declared ${counts.declared}, ` +
      `lost ${lost.length}, doubled ${doubled.length}, misordered ${misordered.length}`,
  )
}

async function harass(house: House, { options, steps, total, folder, startedAt }: Run, kills: number): Promise<void> {
  let left = kills
  const budget: Budget = {
    take: (wanted) => {
      const granted = Math.min(wanted, left)
      left -= granted
      return granted
    },
    giveBack: (unused) => {
      left += unused
    },
  }
  const open = new Set<Promise<void>>()
  let striking = 0
  while (left > 0 || striking > 0) {
    if ((performance.now() - startedAt) / 1000 > options.secondsMax) {
      total.late = `the kills took longer than ${options.secondsMax} s`
      break
    }
    if (left === 0 || open.size >= openStepsMax) {
      await Promise.race([...open, wait(100)])
      continue
    }
    const { afterMs, step } = steps.next().value
    await wait(afterMs)
    await untilWorthStriking(house)
    const counts = step.kind.startsWith('kill')
    if (counts) striking += 1
    const atMs = Math.round(performance.now() - startedAt)
    const done: Promise<void> = strike(house, step, budget)
      .catch((cause: unknown) => {
        console.error(`${step.kind}:`, cause)
        return 0
      })
      .then((killed) => {
        total.kills += killed
        if (killed > 0 || !counts) total.byKind.set(nameOf(step), (total.byKind.get(nameOf(step)) ?? 0) + (counts ? killed : 1))
        appendFileSync(join(folder, 'steps.jsonl'), `${JSON.stringify({ atMs, killed, ...step })}\n`)
      })
      .finally(() => {
        if (counts) striking -= 1
        open.delete(done)
      })
    open.add(done)
  }
  // Who is suspended wakes up, and a full disk is emptied, before peace begins.
  await Promise.all(open)
}

/** However slow the machine: somebody is there to take requests, and somebody to send, before the next blow falls. */
async function untilWorthStriking(house: House): Promise<void> {
  const end = performance.now() + worthWithinMs
  const standing = (all: House['workers']) => all.filter((one) => one.up()).length
  while ((standing(house.gateways) < 1 || standing(house.workers) < 2) && performance.now() < end) await wait(20)
}

const nameOf = (step: { readonly kind: string; readonly mode?: string }) => step.mode ?? step.kind

async function untilUp(house: House, { patience }: Options): Promise<void> {
  const down = () => [...house.gateways, ...house.workers].filter((one) => !one.up())
  await until(
    'all processes run',
    upTimeoutMs * patience,
    async () => down().length === 0,
    () =>
      `Not up: ${down()
        .map((one) => one.name)
        .join(', ')}; see their logs`,
  )
}

async function untilDrained(house: House, { patience }: Options): Promise<void> {
  let unsettled = -1
  await until(
    'the queue is empty',
    drainTimeoutMs * patience,
    async () => {
      unsettled = await house.database.ask(async (sql) => [await countUnsettled(sql)]).then(([count]) => count ?? -1)
      return unsettled === 0
    },
    () => `${unsettled} declarations are left`,
  )
}

async function until(what: string, timeoutMs: number, holds: () => Promise<boolean>, says = () => ''): Promise<void> {
  const end = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`in ${timeoutMs / 1000} s it did not come to this: ${what}. ${says()}`)
    await wait(200)
  }
}

async function check(house: House, total: Total, { told, odd, requests, statuses }: ClientsReport): Promise<void> {
  const ids = [...new Set(told.map((one) => one.screeningId))]
  const [facts] = await house.database.ask(async (sql) => [await readFacts(sql, ids)])
  if (!facts) throw new Error('the facts could not be read')
  const receivers = (['promising', 'promiseless'] as const).map((side: Side) => {
    const simulator = house.receivers()[side]
    const destination = destinationOf[side]
    return { destination, deduplicates: side === 'promising', received: simulator.received(), screenings: simulator.screenings() }
  })
  const verdict = judge({ told, toldBefore: total.captures, facts, receivers })
  total.captures += ids.length
  total.requests += requests
  for (const [status, times] of statuses) total.statuses.set(status, (total.statuses.get(status) ?? 0) + times)
  for (const key of Object.keys(verdict.counts) as (keyof Verdict['counts'])[]) total.counts[key] += verdict.counts[key]
  total.lost.push(...verdict.lost)
  total.doubled.push(...verdict.doubled)
  total.misordered.push(...verdict.misordered)
  total.odd.push(...odd)
  await checkMoney(house.database, total.money)
}

function report(total: Total, { failed, seconds }: { failed: unknown; seconds: number }): void {
  const { counts, byKind, captures, requests } = total
  for (const [name, list] of Object.entries({
    lost: total.lost,
    doubled: total.doubled,
    misordered: total.misordered,
    odd: total.odd,
    money: total.money.wrong,
  }))
    for (const line of list.slice(0, evidenceMax)) console.log(`${name}: ${line}`)
  if (failed !== null) console.error(failed)
  const statuses = [...total.statuses].map(([status, times]) => `${status === 0 ? 'cut off' : status}: ${times}`).join(', ')
  console.log(describeMoney(total.money))
  const did = [...byKind].toSorted().map(([kind, times]) => `${kind} ${times}`)
  console.log(`did: ${did.join(', ')}`)
  console.log(
    `in ${Math.round(seconds)} s: ${captures} screenings told in ${requests} requests (${statuses}); of ${counts.declared} declarations ` +
      `accepted ${counts.accepted}, parked ${counts.parked}, held back behind a parked one ${counts.held}, ` +
      `cancelled before they left ${counts.cancelled}, refused ${counts.rejected}`,
  )
}

/** Captured: declarations that owe a receipt, which is all but the parked, the held back, and those cancelled in time. */
function lastLine({ kills, counts, lost, doubled, misordered }: Total): string {
  const captured = counts.declared - counts.parked - counts.held - counts.cancelled
  return `kills ${kills}, captured ${captured}, receipts ${counts.receipts}, lost ${lost.length}, doubled ${doubled.length}, misordered ${misordered.length}`
}

function emptyTotal(): Total {
  const counts = { declared: 0, accepted: 0, parked: 0, held: 0, cancelled: 0, rejected: 0, receipts: 0 }
  return {
    kills: 0,
    late: null,
    captures: 0,
    requests: 0,
    byKind: new Map(),
    statuses: new Map(),
    counts,
    lost: [],
    doubled: [],
    misordered: [],
    odd: [],
    money: emptyLedgerFindings(),
  }
}

/** Names the plan: two runs that print the same did the same, in the same order. */
function planDigest({ seed, workers, gateways, gapMs }: Options): string {
  const steps = planSteps(seed, { workers, gateways, meanGapMs: gapMs })
  const hash = createHash('sha256')
  for (let index = 0; index < 1000; index++) hash.update(JSON.stringify(steps.next().value))
  return hash.digest('hex').slice(0, 12)
}

function readOptions(): Options | null {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '200' },
      seed: { type: 'string', default: '1' },
      'seconds-max': { type: 'string' },
      gap: { type: 'string', default: '300' },
      workers: { type: 'string', default: '5' },
      gateways: { type: 'string', default: '3' },
      round: { type: 'string', default: '1000' },
      source: { type: 'boolean', default: false },
      product: { type: 'string', default: resolve(import.meta.dirname, '../..') },
      keep: { type: 'boolean', default: false },
      patience: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return null
  }
  const kills = wholeNumber('--kills', values.kills, 1, 1_000_000)
  return {
    kills,
    seed: wholeNumber('--seed', values.seed, 0, 2 ** 32 - 1),
    secondsMax: wholeNumber('--seconds-max', values['seconds-max'] ?? String(120 + kills * 4), 1, 1_000_000),
    gapMs: wholeNumber('--gap', values.gap, 1, 60_000),
    workers: wholeNumber('--workers', values.workers, 3, 16),
    gateways: wholeNumber('--gateways', values.gateways, 2, 8),
    roundKills: wholeNumber('--round', values.round, 1, 10_000),
    bundle: !values.source,
    tree: resolve(values.product),
    keep: values.keep,
    patience: wholeNumber('--patience', values.patience, 1, 100),
  }
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < min || value > max)
    throw new Error(`${name}: expected a whole number from ${min} to ${max}`)
  return value
}

// Whatever still waits for an answer of a house that is gone must not hold the end up.
process.exit(
  await main().catch((cause: unknown) => {
    console.error(cause)
    return 1
  }),
)
