import { expect, test } from 'vitest'
import type { DeclarationState } from '../../src/domain/declaration.ts'
import { createMetrics, type QueueReading } from '../../src/telemetry/metrics.ts'
import type { UpkeepReading } from '../../src/telemetry/upkeep-metrics.ts'

const options = { routes: ['GET /depistages', 'POST /depistages'], destinations: ['national-file', 'health-record'] }
const nothing: UpkeepReading = {
  breakers: [],
  audit: { unsealed: 0, unsealedAgeMs: null, anchorAgeMs: null },
  keys: { rootAgeMs: null, tenantAgeMs: null },
  certificates: [],
  backup: { dumpAgeMs: null, drillAgeMs: null },
}
const readUpkeep = async () => nothing
let now = new Date('2026-11-02T08:00:00Z')
const clock = { now: () => now }
const noQueue = { clock, readQueue: async () => [], readUpkeep }

/** Lines of our own metrics, without comments. */
async function scrape(metrics: ReturnType<typeof createMetrics>): Promise<string[]> {
  const { text } = await metrics.read()
  return text.split('\n').filter((line) => line.startsWith('passerelle_'))
}

test('requests are counted by route and class of status, and timed by route', async () => {
  const metrics = createMetrics(noQueue, options)
  metrics.requestServed({ route: 'GET /depistages', status: 200, durationMs: 30 })
  metrics.requestServed({ route: 'GET /depistages', status: 204, durationMs: 30_000 })
  metrics.requestServed({ route: 'POST /depistages', status: 503, durationMs: 1 })

  const lines = await scrape(metrics)
  expect(lines).toEqual(
    expect.arrayContaining([
      'passerelle_http_requests_total{route="GET /depistages",status_class="2xx"} 2',
      'passerelle_http_requests_total{route="POST /depistages",status_class="5xx"} 1',
      'passerelle_http_request_duration_seconds_bucket{le="0.025",route="GET /depistages"} 0',
      'passerelle_http_request_duration_seconds_bucket{le="0.05",route="GET /depistages"} 1',
      'passerelle_http_request_duration_seconds_bucket{le="+Inf",route="GET /depistages"} 2',
      'passerelle_http_request_duration_seconds_sum{route="GET /depistages"} 30.03',
    ]),
  )
})

test('settled declarations are counted by destination and state', async () => {
  const metrics = createMetrics(noQueue, options)
  metrics.declarationSettled({ destination: 'national-file', state: 'accepted', ageMs: 400 })
  metrics.declarationSettled({ destination: 'national-file', state: 'accepted', ageMs: 7_200_000 })
  metrics.declarationSettled({ destination: 'health-record', state: 'parked', ageMs: 1 })

  expect((await scrape(metrics)).filter((line) => line.includes('settled'))).toEqual([
    'passerelle_declarations_settled_total{destination="national-file",state="accepted"} 2',
    'passerelle_declarations_settled_total{destination="health-record",state="parked"} 1',
  ])
})

test('the lag of each acknowledgement is counted, of a second or of hours, and of nothing else', async () => {
  const metrics = createMetrics(noQueue, options)
  metrics.declarationSettled({ destination: 'national-file', state: 'accepted', ageMs: 400 })
  metrics.declarationSettled({ destination: 'national-file', state: 'accepted', ageMs: 7_200_000 })
  metrics.declarationSettled({ destination: 'national-file', state: 'rejected', ageMs: 10 })
  metrics.declarationSettled({ destination: 'national-file', state: 'queued', ageMs: 10 })

  const lines = await scrape(metrics)
  const at = (le: string) => `passerelle_acknowledgement_lag_seconds_bucket{le="${le}",destination="national-file"}`
  expect(lines).toEqual(
    expect.arrayContaining([
      `${at('0.25')} 0`,
      `${at('0.5')} 1`,
      `${at('3600')} 1`,
      `${at('14400')} 2`,
      'passerelle_acknowledgement_lag_seconds_count{destination="national-file"} 2',
    ]),
  )
})

test('labels stay in their lists, whatever comes: ten thousand strangers make one series each', async () => {
  const metrics = createMetrics(noQueue, options)
  for (let i = 0; i < 10_000; i++) {
    metrics.requestServed({ route: `GET /depistages/CANARI-${i}`, status: 1000 + i, durationMs: 1 })
    metrics.declarationSettled({ destination: `CANARI-${i}`, state: `CANARI-${i}` as DeclarationState, ageMs: 1 })
  }

  const lines = await scrape(metrics)
  expect(lines.join('\n')).not.toContain('CANARI')
  expect(lines).toContain('passerelle_http_requests_total{route="other",status_class="other"} 10000')
  expect(lines).toContain('passerelle_declarations_settled_total{destination="other",state="other"} 10000')
  expect(lines.length).toBeLessThan(40)
})

test('the queue is shown as it is at the scrape: depth by state, and the age of the oldest that waits to be sent', async () => {
  let rows: QueueReading[] = [
    { destination: 'national-file', state: 'queued', count: 7, oldestAgeMs: 90_000 },
    { destination: 'national-file', state: 'sent', count: 1, oldestAgeMs: 125_500 },
    { destination: 'national-file', state: 'parked', count: 2, oldestAgeMs: 86_400_000 },
    { destination: 'national-file', state: 'held', count: 3, oldestAgeMs: 86_400_000 },
    { destination: 'retired', state: 'queued', count: 1, oldestAgeMs: 1000 },
  ]
  const metrics = createMetrics({ clock, readQueue: async () => rows, readUpkeep }, options)
  const queueLines = async () => (await scrape(metrics)).filter((line) => /queue|unsent/.test(line))

  expect(await queueLines()).toEqual([
    'passerelle_queue_depth{destination="national-file",state="queued"} 7',
    'passerelle_queue_depth{destination="national-file",state="sent"} 1',
    'passerelle_queue_depth{destination="national-file",state="parked"} 2',
    'passerelle_queue_depth{destination="national-file",state="held"} 3',
    'passerelle_queue_depth{destination="other",state="queued"} 1',
    'passerelle_oldest_unsent_age_seconds{destination="national-file"} 125.5',
    'passerelle_oldest_unsent_age_seconds{destination="other"} 1',
    'passerelle_queue_readable 1',
  ])
  rows = []
  expect(await queueLines()).toEqual(['passerelle_queue_readable 1'])
})

test.each<[string, () => Promise<readonly QueueReading[]>]>([
  ['fails', async () => Promise.reject(new Error('no database'))],
  ['throws at once', () => fail()],
  ['never answers', () => new Promise(() => undefined)],
])('a queue whose reading %s is said to be unreadable, with no old numbers, and the rest is still shown', async (_, broken) => {
  let read: () => Promise<readonly QueueReading[]> = async () => [
    { destination: 'national-file', state: 'queued', count: 7, oldestAgeMs: 1000 },
  ]
  const metrics = createMetrics({ clock, readQueue: () => read(), readUpkeep }, { ...options, queueReadTimeoutMs: 20 })
  metrics.requestServed({ route: 'GET /depistages', status: 200, durationMs: 1 })
  await metrics.read()
  read = broken

  const lines = await scrape(metrics)
  expect(lines.filter((line) => /queue|unsent/.test(line))).toEqual(['passerelle_queue_readable 0'])
  expect(lines).toContain('passerelle_http_requests_total{route="GET /depistages",status_class="2xx"} 1')
})

test('two registries live side by side, each with its own numbers and those of the process', async () => {
  const one = createMetrics(noQueue, options)
  const two = createMetrics(noQueue, options)
  one.requestServed({ route: 'GET /depistages', status: 200, durationMs: 1 })

  expect((await two.read()).text).not.toContain('GET /depistages')
  const { text, contentType } = await one.read()
  expect(text).toContain('process_resident_memory_bytes')
  expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/)
})

function fail(): never {
  throw new Error('no database')
}

test('what needs looking after is shown in seconds; what is not known is no number, and what cannot be read says so', async () => {
  const reading: UpkeepReading = {
    breakers: [
      { destination: 'national-file', state: 'open', lastAcceptedAgeMs: 90_000 },
      { destination: 'CANARI', state: 'closed', lastAcceptedAgeMs: null },
    ],
    audit: { unsealed: 7, unsealedAgeMs: 1500, anchorAgeMs: 61_000 },
    keys: { rootAgeMs: 86_400_000, tenantAgeMs: null },
    certificates: [{ name: 'hosting', leftMs: 30 * 86_400_000 }],
    backup: { dumpAgeMs: null, drillAgeMs: 3_600_000 },
  }
  let fails = false
  const read = async () => {
    if (fails) throw new Error('away')
    return reading
  }
  const metrics = createMetrics({ clock, readQueue: async () => [], readUpkeep: read }, options)
  expect(await scrape(metrics)).toEqual(
    expect.arrayContaining([
      'passerelle_upkeep_readable 1',
      'passerelle_breaker_state{destination="national-file",state="open"} 1',
      'passerelle_breaker_state{destination="national-file",state="closed"} 0',
      'passerelle_last_acknowledged_age_seconds{destination="national-file"} 90',
      'passerelle_last_acknowledged_age_seconds{destination="other"} Nan',
      'passerelle_audit_unsealed_events 7',
      'passerelle_audit_unsealed_age_seconds 1.5',
      'passerelle_audit_anchor_age_seconds 61',
      'passerelle_key_age_seconds{level="root"} 86400',
      'passerelle_key_age_seconds{level="tenant"} Nan',
      'passerelle_certificate_left_seconds{name="hosting"} 2592000',
      'passerelle_backup_age_seconds Nan',
      'passerelle_restore_drill_age_seconds 3600',
    ]),
  )
  fails = true
  const blind = await scrape(metrics)
  expect(blind).toEqual(expect.arrayContaining(['passerelle_upkeep_readable 0', 'passerelle_audit_unsealed_events Nan']))
  expect(blind.join('\n')).not.toContain('state="open"')
})

test('differences of the ledger are told while they are fresh: not after another replica has taken over, nor of a check cut short', async () => {
  const metrics = createMetrics(noQueue, options)
  const told = async () => (await scrape(metrics)).filter((line) => line.includes('ledger'))
  expect(await told()).toEqual(['passerelle_ledger_differences Nan'])
  metrics.ledgerChecked({ differences: 3, freshForMs: 1_200_000 })
  now = new Date(now.getTime() + 1_199_999)
  expect(await told()).toEqual(['passerelle_ledger_differences 3'])
  now = new Date(now.getTime() + 1)
  expect(await told()).toEqual(['passerelle_ledger_differences Nan'])
  metrics.ledgerChecked({ differences: 0, freshForMs: 1_200_000 })
  expect(await told()).toEqual(['passerelle_ledger_differences 0'])
  metrics.ledgerChecked({ differences: null, freshForMs: 1_200_000 })
  expect(await told()).toEqual(['passerelle_ledger_differences Nan'])
})
