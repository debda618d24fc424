import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load-config.ts'
import { printMistakes } from '../../src/config/mistakes.ts'
import type { BrokenConfig } from './broken-config.ts'
import { brokenDestinations } from './broken-destinations.ts'
import { brokenEnvironments } from './broken-environment.ts'
import { brokenGateways } from './broken-gateway.ts'
import { brokenLists } from './broken-lists.ts'
import { brokenRetentions } from './broken-retention.ts'
import { brokenTariffs } from './broken-tariff.ts'
import { brokenYaml } from './broken-yaml.ts'
import { exampleSecrets, withExampleConfig } from './example-config.ts'

const now = new Date('2026-11-23T12:00:00Z')

const tables: Readonly<Record<string, readonly BrokenConfig[]>> = {
  'gateway.yaml': brokenGateways,
  'pharmacies.yaml and test-kits.yaml': brokenLists,
  'destinations.yaml': brokenDestinations,
  'retention.yaml': brokenRetentions,
  'tariff.yaml': brokenTariffs,
  YAML: brokenYaml,
  'environment and secrets': brokenEnvironments,
}

// Every secret of the tables is one of these, or holds this word.
const secretTexts = ['HiddenWord9', ...Object.values(exampleSecrets).flatMap((text) => text.match(/[A-Za-z0-9]{16,}/g) ?? [])]

describe.each(Object.entries(tables))('broken %s is refused whole, with every mistake and its place:', (_, rows) => {
  test.each(rows)('$title', (row) => {
    withExampleConfig(row, ({ directory, env }) => {
      const loaded = loadConfig(env, { now })

      // Nothing but the mistakes comes back: there is no half-loaded configuration to start with.
      expect(loaded).toEqual({ ok: false, problem: expect.any(Array) })
      const printed = loaded.ok ? '' : printMistakes(loaded.problem).replaceAll(`${directory}/`, '')
      expect(printed.split('\n')).toEqual(row.mistakes)
      for (const secret of secretTexts) expect(printed).not.toContain(secret)
    })
  })
})

test('the table holds at least forty broken configurations, each with a title of its own', () => {
  const titles = Object.values(tables).flatMap((rows) => rows.map((row) => row.title))
  expect(new Set(titles).size).toBe(titles.length)
  expect(titles.length).toBeGreaterThanOrEqual(40)
})

test('the example itself is taken in the production profile, so that each row is refused for its edit alone', () => {
  withExampleConfig({}, ({ env }) => expect(loadConfig(env, { now })).toMatchObject({ ok: true }))
})
