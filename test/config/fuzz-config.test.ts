import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Config } from '../../src/config/config.ts'
import { configFileNames } from '../../src/config/files.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import { withExampleConfig } from './example-config.ts'

const now = new Date('2026-11-23T12:00:00Z')

/** Pieces that slip into a file under an editor's hands, or an attacker's. */
const pieces = [
  ...['', ' ', '\n', '  ', '\t', ':', '- ', '"', "'", '{', '}', '[', ']', '#', '~', '? ', '|', '>'],
  ...['&a ', '*a', '<<: *a\n', '!!str ', '%YAML 1.1\n', '---\n', '__proto__: {}\n'],
  ...['0', '-1', '1e999', '.nan', 'true', 'null', '\0', '\ud800'],
]

const slip = fc.record({
  file: fc.constantFrom(...configFileNames),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.integer({ min: 0, max: 40 }),
  put: fc.constantFrom(...pieces),
})

// Protects O10: whatever the files hold, there is a whole configuration or a list of mistakes, and never an exception.
test('files with random slips are refused with mistakes that have a place, or taken whole; nothing is thrown', () => {
  let refused = 0
  withExampleConfig({}, ({ directory, env }) => {
    const originals = new Map(configFileNames.map((name) => [name, readFileSync(join(directory, `${name}.yaml`), 'utf8')]))
    fc.assert(
      fc.property(fc.array(slip, { minLength: 1, maxLength: 4 }), (slips) => {
        const texts = new Map(originals)
        for (const { file, at, cut, put } of slips) {
          const text = texts.get(file) ?? ''
          const offset = Math.floor(at * text.length)
          texts.set(file, text.slice(0, offset) + put + text.slice(offset + cut))
        }
        for (const [name, text] of texts) writeFileSync(join(directory, `${name}.yaml`), text)
        const loaded = loadConfig(env, { now })

        if (loaded.ok) return checkWhole(loaded.value.config)
        refused += 1
        expect(loaded.problem.length).toBeGreaterThan(0)
        for (const mistake of loaded.problem) {
          expect(mistake.message).not.toBe('')
          expect(mistake.line).toBeGreaterThanOrEqual(1)
        }
      }),
      { numRuns: 100, seed: 20261123 },
    )
  })
  expect(refused).toBeGreaterThan(25)
}, 60_000)

/** What production promises, said again apart from the rules. */
function checkWhole(config: Config): void {
  expect(config.publicUrl).toMatch(/^https:\/\/[^/]+$/)
  expect(config.signIn.issuer).toMatch(/^https:/)
  expect(config.hosting?.country).toBe('FR')
  expect(config.destinations.length * config.pharmacies.length * config.testKits.length).toBeGreaterThan(0)
  for (const { transport, test } of config.destinations) {
    expect(test).toBe(false)
    if (transport.kind === 'https')
      expect([transport.url.startsWith('https:'), transport.insecureAllowPlainHttp]).toEqual([true, false])
  }
  for (const endpoint of config.outsideEndpoints) expect(endpoint.country).toMatch(/^[A-Z]{2}$/)
}
