/** `npm run faults`: kills and faults by a seeded plan against the whole product, then the account of what came of every promise. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { countUnsettled, judge, readFacts, readStatesMet, type Verdict } from './checker.ts'
import { type ClientsReport, startClients } from './clients.ts'
import { destinationOf } from './config.ts'
import { harass, type Run } from './harass.ts'
import { type House, openHouse } from './house.ts'
import { checkMoney, startLedgerSampler } from './ledger-checker.ts'
import { type Options, readOptions } from './options.ts'
import { createRandom, planSteps, type Side } from './plan.ts'
import { emptyTotal, lastLine, report, type Total } from './total.ts'

const drainTimeoutMs = 150_000
const toldTimeoutMs = 120_000
const upTimeoutMs = 60_000
const pharmacyCount = 6
/** Twelve clients at about two requests a second each stay below what one session and one address may ask. */
const clientsPerPharmacy = 2
const thinkMs = { min: 250, max: 750 } as const

async function main(): Promise<number> {
  const options = readOptions()
  if (options === null) return 0
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-faults-'))
  const steps = planSteps(options.seed, { workers: options.workers, gateways: options.gateways, meanGapMs: options.gapMs })
  console.log(`seed ${options.seed}, ${options.kills} kills, plan ${planDigest(options)}, folder ${folder}`)
  const startedAt = performance.now()
  const total = emptyTotal()
  const cut = listenForTheEnd()
  let house: House | null = null
  let failed: unknown = null
  try {
    house = await openHouse({ folder, ...options, pharmacies: pharmacyCount })
    console.log(`product ${house.product.how}; disk full: ${house.database.fillDisk ? 'played' : 'skipped (needs root)'}`)
    const run: Run = { options, steps, total, folder, startedAt, cut }
    while (total.kills < options.kills && total.late === null && !cut.aborted) await runRound(house, run)
    if (cut.aborted) total.late ??= `cut off by ${cut.reason} after ${total.kills} of ${options.kills} kills`
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
      JSON.stringify(total, (_key, value: unknown) => (value instanceof Map ? [...value] : value), 2),
    )
  await house?.close({ keep: !clean || options.keep }).catch((cause: unknown) => console.error('while closing:', cause))
  report(total, { failed, seconds: (performance.now() - startedAt) / 1000 })
  if (clean && !options.keep) rmSync(folder, { recursive: true, force: true })
  else console.log(`kept ${folder}; again with: npm run faults -- --kills ${options.kills} --seed ${options.seed}`)
  console.log(lastLine(total))
  return clean ? 0 : 1
}

/** The first signal ends the kills: peace and account follow, and the last line. The second one ends it at once. */
function listenForTheEnd(): AbortSignal {
  const cut = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => {
      if (cut.signal.aborted) process.exit(1)
      console.log(`${name}: no more kills; peace and account follow (once more: an end at once)`)
      cut.abort(name)
    })
  return cut.signal
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
  const mib = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`
  const secondsSince = (at: number) => Math.round((performance.now() - at) / 1000)
  console.log(
    `${secondsSince(run.startedAt)} s (peace and account ${secondsSince(harassedAt)} s): kills ${kills}, PostgreSQL started ${house.database.starts()} times, declared ${counts.declared}, ` +
      `lost ${lost.length}, doubled ${doubled.length}, misordered ${misordered.length}; memory ${mib(process.memoryUsage().rss)}, disk ${mib(house.database.bytes())}`,
  )
}

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
  total.met = new Map(await house.database.ask(readStatesMet))
  await checkMoney(house.database, total.money)
}

/** Names the plan: two runs that print the same did the same, in the same order. */
function planDigest({ seed, workers, gateways, gapMs }: Options): string {
  const steps = planSteps(seed, { workers, gateways, meanGapMs: gapMs })
  const hash = createHash('sha256')
  for (let index = 0; index < 1000; index++) hash.update(JSON.stringify(steps.next().value))
  return hash.digest('hex').slice(0, 12)
}

// Whatever still waits for an answer of a house that is gone must not hold the end up.
process.exit(
  await main().catch((cause: unknown) => {
    console.error(cause)
    return 1
  }),
)
