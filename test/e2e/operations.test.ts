/** What whoever runs the gateway asks of it, against the whole running product: the sealed log, and the doctor's report. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { screeningsPerPharmacyDefault } from '../../src/config/schemas/gateway.ts'
import { normalisationVersion } from '../../src/crypto/normalise-name.ts'
import { patientIndexBits } from '../../src/crypto/patient-indexes.ts'
import { runOnce } from '../demo/once.ts'
import type { Stack } from '../demo/stack.ts'
import { freePort } from '../support/free-port.ts'
import { startTestStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

/** Each command is a process of its own. */
const timeout = 180_000

/** Not the default, so that what is declared is seen to count. */
const screeningsPerPharmacy = 1_000_000

let stack: Stack
let sql: postgres.Sql
let folder: string
const root = resolve(import.meta.dirname, '../..')

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'passerelle-operations-'))
  stack = await startTestStack({ screeningsPerPharmacy })
  await runOnce(stack, 3)
  sql = postgres(stack.superUrl, { max: 1 })
}, 180_000)
afterAll(async () => {
  await sql?.end()
  await stack?.close()
  await rm(folder, { recursive: true })
}, 60_000)

function run(args: readonly string[], env = stack.env): Promise<{ status: number | string; out: string; err: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [...args], { env, timeout: 90_000 }, (error, out, err) =>
      done({ status: error ? (error.code ?? 'killed') : 0, out, err }),
    )
  })
}
const passerelle = (...args: readonly string[]) => run([join(root, 'src/main.ts'), ...args])

test('what people and workers did is sealed, verifies with its anchors, and verifies offline from an export', {
  timeout,
}, async () => {
  const verified = await until(
    'every event is sealed and anchored',
    async () => {
      const { out } = await passerelle('audit', 'verify', '--json')
      const report = JSON.parse(out) as { events: number; waiting: number; anchors: number; problems: unknown[] }
      return report.waiting === 0 && report.anchors > 0 ? report : null
    },
    120_000,
  )
  expect(verified.problems).toEqual([])
  expect(verified.events).toBeGreaterThanOrEqual(3 * 2)
  expect(await passerelle('audit', 'verify')).toMatchObject({ status: 0, out: expect.stringContaining('nothing was changed') })
  const key = (await passerelle('audit', 'public-key')).out.trim()
  expect((await passerelle('audit', 'export', '--out', join(folder, 'log'))).status).toBe(0)
  const offline = await run([
    join(root, 'compose/verify-audit.mjs'),
    join(folder, 'log'),
    key,
    stack.env['AUDIT_ANCHOR_FILE'] ?? '',
  ])
  expect(offline).toMatchObject({ status: 0, out: expect.stringContaining('nothing was changed') })
})

type Report = { verdict: string; checks: { id: string; verdict: string; evidence: string; advice: string | null }[] }

test('the doctor fails on the demonstration exactly what a demonstration lacks, and signs its attestation', {
  timeout,
}, async () => {
  const html = join(folder, 'attestation.html')
  const { status, out, err } = await passerelle('doctor', '--json', '--html', html)
  expect(err).toContain('attestation written')
  expect(status).toBe(2)
  const report = JSON.parse(out) as Report
  const idsOf = (verdict: string) => report.checks.filter((check) => check.verdict === verdict).map(({ id }) => id)
  // Run from a checkout by whoever develops: its code can be written, and in a container of tests it may be root.
  const ofThisMachine = ['no-file-left', 'not-root']
  expect(idsOf('fail').filter((id) => !ofThisMachine.includes(id))).toEqual([
    'strong-sign-in',
    'certified-host',
    'no-stop-gap',
    'production-profile',
    'tls-grade',
    'key-store-apart',
    'backup',
  ])
  expect(idsOf('warn')).toEqual(['published-formats', 'region'])
  for (const check of report.checks) if (check.verdict !== 'pass') expect(check.advice).toBeTruthy()
  expect(await readFile(html, 'utf8')).toContain('<h1>Attestation de Passerelle</h1>')
  expect(await readFile(`${html}.jws`, 'utf8')).toMatch(/^[\w-]+\.\.[\w-]+$/)
})

test('every job that comes round by itself is taken up by a worker', { timeout }, async () => {
  const expected = ['housekeeping', 'ledger', 'reconcile', 'release-retries', 'seal-audit', 'sweep-record-keys', 'watch-silence']
  await until('all jobs are known', async () => {
    const rows = await sql<{ name: string }[]>`select name from periodic_jobs order by name`
    return rows.map(({ name }) => name).join() === expected.join() ? rows : null
  })
})

test('a blind index is as long as the declared number of screenings allows', async () => {
  const bits = patientIndexBits(screeningsPerPharmacy)
  expect(bits).not.toBe(patientIndexBits(screeningsPerPharmacyDefault))
  const rows = await sql<
    { shape: string }[]
  >`select distinct substring(identity_index from '^\\d+\\.\\d+') as shape from screenings
    where identity_index is not null`
  expect(rows.map(({ shape }) => shape)).toEqual([`${normalisationVersion}.${bits}`])
})

test.each(['serve', 'work'])(
  '%s that cannot start ends with exit code 1, so that whoever supervises it starts it again',
  {
    timeout,
  },
  async (command) => {
    const [taken, free] = [new URL(stack.url).port, String(await freePort())]
    const ports = command === 'serve' ? { PORT: taken, MANAGEMENT_PORT: free } : { PORT: free, MANAGEMENT_PORT: taken }
    const { status, err } = await run([join(root, 'src/main.ts'), command], { ...stack.env, ...ports })
    expect({ status, err }).toEqual({ status: 1, err: expect.stringContaining('EADDRINUSE') })
  },
)

test('without a drill the backup is a hope, and the command says how to make one', { timeout }, async () => {
  expect(await passerelle('backup', 'status')).toMatchObject({ status: 1, out: expect.stringContaining('run backup drill') })
  expect((await passerelle('backup', 'drill')).err).toContain('expected --dumps with --scratch-url-file')
})
