/** Alert rules and dashboard name metrics that exist, with the labels that they have. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import type { UpkeepReading } from '../../src/telemetry/upkeep-metrics.ts'

const folder = new URL('../../compose/monitoring/', import.meta.url)
const files = ['alerts.yaml', 'dashboard.json'] as const

const reading: UpkeepReading = {
  breakers: [{ destination: 'sidep', state: 'open', lastAcceptedAgeMs: 1 }],
  audit: { unsealed: 0, unsealedAgeMs: null, anchorAgeMs: null },
  keys: { rootAgeMs: null, tenantAgeMs: null },
  certificates: [{ name: 'hosting', leftMs: 1 }],
  backup: { dumpAgeMs: null, drillAgeMs: null },
}

async function shownMetrics(): Promise<ReadonlySet<string>> {
  const metrics = createMetrics(
    {
      clock: { now: () => new Date() },
      readQueue: async () => [{ destination: 'sidep', state: 'queued', count: 1, oldestAgeMs: 1 }],
      readUpkeep: async () => reading,
      readSilences: async () => [{ kind: 'destination-silent' }],
    },
    { routes: ['GET /'], destinations: ['sidep'] },
  )
  metrics.requestServed({ route: 'GET /', status: 200, durationMs: 1 })
  metrics.declarationSettled({ destination: 'sidep', state: 'accepted', ageMs: 1 })
  const { text } = await metrics.read()
  return new Set(text.split('\n').flatMap((line) => /^(passerelle_\w+|process_\w+)/.exec(line)?.[1] ?? []))
}

test.for(files)('%s asks for no metric that the gateway does not show', async (file) => {
  const shown = await shownMetrics()
  const asked = new Set(readFileSync(new URL(file, folder), 'utf8').match(/\b(passerelle|process)_[a-z_]+\b/g))
  expect(asked.size).toBeGreaterThan(5)
  expect([...asked].filter((name) => !shown.has(name))).toEqual([])
})

test('every gauge that is an alarm stands in a rule', async () => {
  const rules = readFileSync(new URL('alerts.yaml', folder), 'utf8')
  for (const name of [
    'queue_readable',
    'ledger_differences',
    'breaker_state',
    'silences',
    'certificate_left_seconds',
    'restore_drill_age_seconds',
  ])
    expect(rules).toContain(`passerelle_${name}`)
})
