/** Numbers for Prometheus, in a registry of their own: every label is from a list known at the start. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Clock } from '../base/clock.ts'
import { type DeclarationState, declarationStates } from '../domain/declaration.ts'
import { createUpkeepGauges, type UpkeepReading } from './upkeep-metrics.ts'

/** States in which a declaration is not done with. `held`: queued, behind a parked one of its screening. */
export type OpenState = Extract<DeclarationState, 'queued' | 'claimed' | 'sent' | 'parked'> | 'held'

/** One row a destination and open state; `oldestAgeMs` since the capture of the oldest, null where it waits for a person. */
export type QueueReading = {
  readonly destination: string
  readonly state: OpenState
  readonly count: number
  readonly oldestAgeMs: number | null
}

export type MetricsDeps = {
  readonly clock: Clock
  /** Asked at each scrape; a rejection, or no answer in time, shows as `passerelle_queue_readable 0`. */
  readonly readQueue: () => Promise<readonly QueueReading[]>
  /** Asked at each scrape too; a rejection, or no answer in time, shows as `passerelle_upkeep_readable 0`. */
  readonly readUpkeep: () => Promise<UpkeepReading>
  /** Silences that stand, one entry each; a rejection, or no answer in time, shows as NaN. */
  readonly readSilences?: () => Promise<readonly { readonly kind: string }[]>
}

export type MetricsOptions = {
  /** Names of routes and ids of destinations; anything else is counted under `other`. */
  readonly routes: readonly string[]
  readonly destinations: readonly string[]
  readonly queueReadTimeoutMs?: number
}

export type Metrics = {
  requestServed(served: { readonly route: string; readonly status: number; readonly durationMs: number }): void
  /** `ageMs`: since the commit that declared it. */
  declarationSettled(settled: { readonly destination: string; readonly state: DeclarationState; readonly ageMs: number }): void
  /** Null: looked at in part, and nothing found in that. The number is told for `freshForMs`, and then none until the next check here. */
  ledgerChecked(checked: { readonly differences: number | null; readonly freshForMs: number }): void
  /** The exposition text of one scrape. */
  read(): Promise<{ readonly text: string; readonly contentType: string }>
}

const silenceKinds = ['destination-silent', 'pharmacy-quiet'] as const
const queueReadTimeoutMsDefault = 2_000
/** Seconds. The bar is a capture well under one second; 20 is where an answer is given up. */
const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20]

/** Seconds, to a weekend: what waits for a destination that is away is acknowledged when it is back. */
const lagBuckets = [0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400, 259_200]

export function createMetrics(deps: MetricsDeps, options: MetricsOptions): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const routes = new Set(options.routes)
  const destinations = new Set(options.destinations)
  const within = (known: ReadonlySet<string>, label: string) => (known.has(label) ? label : 'other')
  const requests = new Counter({
    name: 'passerelle_http_requests_total',
    help: 'Requests answered, by route and class of status.',
    labelNames: ['route', 'status_class'] as const,
    registers: [registry],
  })
  const durations = new Histogram({
    name: 'passerelle_http_request_duration_seconds',
    help: 'Time to answer, by route.',
    labelNames: ['route'] as const,
    buckets: durationBuckets,
    registers: [registry],
  })
  const settled = new Counter({
    name: 'passerelle_declarations_settled_total',
    help: 'Attempts settled, by destination and the state that they led to.',
    labelNames: ['destination', 'state'] as const,
    registers: [registry],
  })
  const lag = new Histogram({
    name: 'passerelle_acknowledgement_lag_seconds',
    help: 'From the commit of a declaration to the acknowledgement of its destination, by destination.',
    labelNames: ['destination'] as const,
    buckets: lagBuckets,
    registers: [registry],
  })
  const ledger = createLedgerGauge(registry, deps.clock)
  const upkeep = createUpkeepGauges(registry, new Set([...options.destinations, 'hosting']))
  const silences = new Gauge({
    name: 'passerelle_silences',
    help: 'Alarms that stand: destinations that acknowledge nothing while work is due, pharmacies quiet in their usual hours.',
    labelNames: ['kind'] as const,
    registers: [registry],
  })
  const queue = createQueueGauges(registry, (label) => within(destinations, label))
  return {
    requestServed: ({ route, status, durationMs }) => {
      const label = within(routes, route)
      requests.inc({ route: label, status_class: statusClassOf(status) })
      durations.observe({ route: label }, durationMs / 1000)
    },
    declarationSettled: ({ destination, state, ageMs }) => {
      const label = within(destinations, destination)
      settled.inc({ destination: label, state: declarationStates.includes(state) ? state : 'other' })
      if (state === 'accepted') lag.observe({ destination: label }, Math.max(0, ageMs) / 1000)
    },
    ledgerChecked: ledger.checked,
    read: async () => {
      ledger.refresh()
      const timeoutMs = options.queueReadTimeoutMs ?? queueReadTimeoutMsDefault
      await queue.refresh(async () => withinTime(deps.readQueue(), timeoutMs))
      await upkeep.refresh(async () => withinTime(deps.readUpkeep(), timeoutMs))
      if (deps.readSilences) {
        const standing = await withinTime(deps.readSilences(), options.queueReadTimeoutMs ?? queueReadTimeoutMsDefault).catch(
          () => null,
        )
        for (const kind of silenceKinds)
          silences.set({ kind }, standing === null ? Number.NaN : standing.filter((one) => one.kind === kind).length)
      }
      return { text: await registry.metrics(), contentType: registry.contentType }
    },
  }
}

function createLedgerGauge(registry: Registry, clock: Clock) {
  const gauge = new Gauge({
    name: 'passerelle_ledger_differences',
    help: 'Lines of the ledger that did not add up when this replica last checked them; any above 0 is an alarm. NaN where it has not checked lately.',
    registers: [registry],
  })
  // No number until the first check: not looked at is not balanced. Nor once another replica checks: what it found may be other by now.
  let last = { differences: Number.NaN, untilMs: 0 }
  return {
    checked: ({ differences, freshForMs }: { readonly differences: number | null; readonly freshForMs: number }) => {
      last = { differences: differences ?? Number.NaN, untilMs: clock.now().getTime() + freshForMs }
    },
    refresh: () => gauge.set(clock.now().getTime() < last.untilMs ? last.differences : Number.NaN),
  }
}

function createQueueGauges(registry: Registry, destinationLabel: (id: string) => string) {
  const depth = new Gauge({
    name: 'passerelle_queue_depth',
    help: 'Declarations that are not done with, by destination and state.',
    labelNames: ['destination', 'state'] as const,
    registers: [registry],
  })
  const oldest = new Gauge({
    name: 'passerelle_oldest_unsent_age_seconds',
    help: 'Age of the oldest declaration that no receiver has acknowledged and that still waits to be sent, by destination.',
    labelNames: ['destination'] as const,
    registers: [registry],
  })
  const readable = new Gauge({
    name: 'passerelle_queue_readable',
    help: '1 where this scrape could read the queue, else 0 and no queue numbers.',
    registers: [registry],
  })
  return {
    refresh: async (read: () => Promise<readonly QueueReading[]>) => {
      const rows = await read().catch(() => null)
      // Old numbers would look like a queue that stands still.
      depth.reset()
      oldest.reset()
      readable.set(rows === null ? 0 : 1)
      const ages = new Map<string, number>()
      for (const { destination, state, count, oldestAgeMs } of rows ?? []) {
        const label = destinationLabel(destination)
        depth.inc({ destination: label, state }, count)
        // These wait for a person: they are counted above, and do not mean that sending stands still.
        if (state !== 'parked' && state !== 'held') ages.set(label, Math.max(ages.get(label) ?? 0, oldestAgeMs ?? 0))
      }
      for (const [label, ageMs] of ages) oldest.set({ destination: label }, ageMs / 1000)
    },
  }
}

function statusClassOf(status: number): string {
  return status >= 100 && status <= 599 ? `${Math.floor(status / 100)}xx` : 'other'
}

async function withinTime<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error('the queue was not read in time')), timeoutMs)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
