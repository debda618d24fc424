/** Each check of the doctor: passes on a good production, and fails, or warns, when its own fact is broken. */
import { describe, expect, test } from 'vitest'
import { judgeAll, overall, spanText } from '../../src/doctor/check.ts'
import { dutiesChecks } from '../../src/doctor/duties-checks.ts'
import type { Facts } from '../../src/doctor/facts.ts'
import { findingsChecks } from '../../src/doctor/findings-checks.ts'
import { reportHtml, reportJson, reportText } from '../../src/doctor/report.ts'

const checks = [...findingsChecks, ...dutiesChecks]
const day = 86_400_000

/** A house in order. */
const good: Facts = {
  at: new Date('2026-03-02T08:00:00Z'),
  profile: 'production',
  logLevel: 'info',
  publicUrl: 'https://passerelle.exemple.test',
  hosting: {
    host: 'OVHcloud',
    certificateReference: 'HDS-2024-001',
    certificateValidUntil: '2027-06-30',
    activities: [1, 2, 3, 4, 5, 6],
    country: 'FR',
  },
  outsideEndpoints: [
    { purpose: 'sign-in', name: 'psc', host: 'auth.esante.gouv.fr', country: 'FR' },
    { purpose: 'destination', name: 'sidep', host: 'sidep.exemple.test', country: 'FR' },
  ],
  countriesOutsideEea: [],
  signIn: {
    issuer: 'https://auth.esante.gouv.fr/auth/realms/esante-wallet',
    insecureAllowHttp: false,
    discovery: { issuerMatches: true, endpointsAreHttps: true },
  },
  front: {
    protocol: 'TLSv1.3',
    certificateLeftMs: 60 * day,
    oldTlsAccepted: false,
    hstsSeconds: 63_072_000,
    canariesAsked: 13,
    canariesServed: [],
    openDoors: [],
    securityTextDaysLeft: 181,
  },
  destinations: [{ id: 'sidep', transport: 'https', format: 'ans-oru-cda', plainText: false, test: false }],
  upkeep: {
    breakers: [],
    audit: { unsealed: 0, unsealedAgeMs: null, anchorAgeMs: 30_000 },
    keys: { rootAgeMs: 90 * day, tenantAgeMs: 80 * day },
    certificates: [],
    backup: { dumpAgeMs: 2 * day, drillAgeMs: day },
  },
  keys: { roots: [{ kid: 'root-2025-12-01-aaaaaa', tenantKeys: 12 }], primaryKid: 'root-2025-12-01-aaaaaa', fileMode: 0o100400 },
  keyStore: { sameServer: false },
  audit: { keyGiven: true, anchorFile: true, problems: [], events: 1200, screenings: 300, screeningsWithoutEvent: 0 },
  sealed: { sampled: 200, clear: 0 },
  retention: { payloadDays: 90, reason: null, auditDays: 365, auditReason: null },
  backup: { lastOutcome: 'passed' },
  ledgerDifferences: 0,
  secrets: { plain: [], weak: [], openFiles: [] },
  clockSkewMs: 3,
  process: { canWriteBesideCode: false, userId: 10_001 },
  weakAlgorithms: [],
  undeclaredDestinations: [],
  migrationsLacking: 0,
}

test('a house in order passes every check', () => {
  const results = judgeAll(checks, good)
  expect(results.filter(({ verdict }) => verdict !== 'pass')).toEqual([])
  expect(overall(results)).toBe('pass')
})

test('every finding of the Francetest case has a check, and every check has an id of its own', () => {
  const answered = new Set(checks.flatMap(({ answers }) => answers))
  for (let finding = 1; finding <= 13; finding++) expect(answered).toContain(`F${finding}`)
  expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length)
})

type Break = readonly [id: string, verdict: 'warn' | 'fail', change: Partial<Facts>]
const front = (change: Partial<NonNullable<Facts['front']>>): Partial<Facts> => ({
  front: { ...good.front, ...change } as Facts['front'],
})
const upkeep = (change: Partial<Facts['upkeep']>): Partial<Facts> => ({ upkeep: { ...good.upkeep, ...change } })
const hosting = (certificateValidUntil: string): Partial<Facts> => ({
  hosting: { ...(good.hosting as NonNullable<Facts['hosting']>), certificateValidUntil },
})
const destination = (change: Partial<Facts['destinations'][number]>): Partial<Facts> => ({
  destinations: good.destinations.map((one) => ({ ...one, ...change })),
})

const breaks: readonly Break[] = [
  ['no-file-served', 'fail', front({ canariesServed: ['/.env'] })],
  ['no-file-served', 'warn', { front: null }],
  ['no-file-left', 'fail', { process: { canWriteBesideCode: true, userId: 10_001 } }],
  ['secrets-apart', 'fail', { secrets: { ...good.secrets, plain: ['DATABASE_URL'] } }],
  ['secrets-apart', 'fail', { secrets: { ...good.secrets, openFiles: ['ROOT_KEYS_FILE'] } }],
  ['columns-sealed', 'fail', { sealed: { sampled: 200, clear: 1 } }],
  ['no-open-door', 'fail', front({ openDoors: ['/depistages'] })],
  ['strong-sign-in', 'fail', { signIn: { ...good.signIn, insecureAllowHttp: true } }],
  ['strong-sign-in', 'fail', { signIn: { ...good.signIn, issuer: 'https://auth.exemple.test' } }],
  ['strong-sign-in', 'fail', { signIn: { ...good.signIn, discovery: { issuerMatches: false, endpointsAreHttps: true } } }],
  [
    'strong-sign-in',
    'warn',
    { signIn: { ...good.signIn, issuer: 'https://auth.bas.psc.esante.gouv.fr/auth/realms/esante-wallet' } },
  ],
  ['strong-sign-in', 'warn', { signIn: { ...good.signIn, discovery: null } }],
  ['strong-cryptography', 'fail', { weakAlgorithms: ['crypto/old.ts'] }],
  ['everything-logged', 'fail', { audit: { ...good.audit, screeningsWithoutEvent: 1 } }],
  ['certified-host', 'fail', { hosting: null }],
  ['certified-host', 'fail', hosting('2026-03-01')],
  ['certified-host', 'warn', hosting('2026-04-01')],
  ['weakness-contact', 'fail', front({ securityTextDaysLeft: null })],
  ['weakness-contact', 'warn', front({ securityTextDaysLeft: 12 })],
  ['declared-recipients', 'fail', { undeclaredDestinations: ['ancien'] }],
  ['no-stop-gap', 'fail', destination({ plainText: true })],
  ['no-stop-gap', 'warn', destination({ transport: 'folder' })],
  ['published-formats', 'warn', destination({ format: 'sidep-oru' })],
  ['production-profile', 'fail', { profile: 'demo' }],
  ['region', 'fail', { countriesOutsideEea: ['US'] }],
  ['region', 'warn', { hosting: null }],
  ['tls-grade', 'fail', { publicUrl: 'http://localhost:8080' }],
  ['tls-grade', 'fail', front({ oldTlsAccepted: true })],
  ['tls-grade', 'fail', front({ certificateLeftMs: 2 * day })],
  ['tls-grade', 'warn', front({ certificateLeftMs: 14 * day })],
  ['tls-grade', 'fail', front({ hstsSeconds: null })],
  ['tls-grade', 'warn', { front: null }],
  ['root-key', 'fail', { keys: { ...good.keys, fileMode: 0o100604 } }],
  ['root-key', 'warn', { keys: { ...good.keys, roots: [{ kid: 'root-2024-01-01-bbbbbb', tenantKeys: 1 }] } }],
  ['root-key', 'warn', upkeep({ keys: { rootAgeMs: 500 * day, tenantAgeMs: day } })],
  ['tenant-keys', 'warn', upkeep({ keys: { rootAgeMs: day, tenantAgeMs: 500 * day } })],
  ['key-store-apart', 'fail', { keyStore: { sameServer: true } }],
  ['key-store-apart', 'warn', { keyStore: { sameServer: null } }],
  ['audit-sealed', 'fail', { audit: { ...good.audit, keyGiven: false } }],
  ['audit-sealed', 'fail', { audit: { ...good.audit, problems: ['edited'] } }],
  ['audit-sealed', 'fail', upkeep({ audit: { unsealed: 3, unsealedAgeMs: 120_000, anchorAgeMs: 30_000 } })],
  ['audit-anchored', 'fail', { audit: { ...good.audit, anchorFile: false } }],
  ['audit-anchored', 'fail', upkeep({ audit: { unsealed: 0, unsealedAgeMs: null, anchorAgeMs: null } })],
  ['retention', 'warn', { retention: { ...good.retention, payloadDays: 365, reason: 'archive' } }],
  ['retention', 'warn', { retention: { ...good.retention, auditDays: 400, auditReason: 'enquête' } }],
  ['backup', 'fail', { backup: { lastOutcome: null } }],
  ['backup', 'fail', { backup: { lastOutcome: 'failed' } }],
  ['backup', 'fail', upkeep({ backup: { dumpAgeMs: day, drillAgeMs: 100 * day } })],
  ['backup', 'warn', upkeep({ backup: { dumpAgeMs: day, drillAgeMs: 40 * day } })],
  ['log-level', 'fail', { logLevel: 'debug' }],
  ['no-default-secret', 'fail', { secrets: { ...good.secrets, weak: ['PSC_CLIENT_SECRET'] } }],
  ['clock', 'fail', { clockSkewMs: -3_600_000 }],
  ['clock', 'warn', { clockSkewMs: 5000 }],
  ['ledger', 'fail', { ledgerDifferences: 1 }],
  ['migrations', 'fail', { migrationsLacking: 2 }],
  ['not-root', 'fail', { process: { canWriteBesideCode: false, userId: 0 } }],
]

test.for(breaks)('%s says %s once its fact is broken, and advises', ([id, verdict, change]) => {
  const result = judgeAll(checks, { ...good, ...change }).find((one) => one.id === id)
  expect(result?.verdict).toBe(verdict)
  expect(result?.advice).toBeTruthy()
})

test('every check is shown to fail or warn, but for the one that only lists', () => {
  const shown = new Set(breaks.map(([id]) => id))
  expect(checks.map(({ id }) => id).filter((id) => !shown.has(id))).toEqual(['egress'])
})

describe('the report', () => {
  const head = { at: good.at, publicUrl: good.publicUrl, version: '0.1.0' }
  const results = judgeAll(checks, { ...good, ledgerDifferences: 2, publicUrl: '<script>' })

  test('as text says each verdict, its evidence and what to do, and counts them', () => {
    const text = reportText(results)
    expect(text).toContain(
      '✗ Le grand livre est équilibré [ledger]\n    2 lignes ne s’équilibrent pas.\n    → Lancez ledger check',
    )
    expect(text).toMatch(/\d+ contrôles\u00a0: \d+ conformes, \d+ à surveiller, 1 à corriger$/)
  })

  test('as JSON is one line with the worst verdict', () => {
    const json = reportJson(results, head)
    expect(json).not.toContain('\n')
    expect(JSON.parse(json)).toMatchObject({ verdict: 'fail', version: '0.1.0' })
  })

  test('as HTML escapes what it shows, and names every check', async () => {
    const page = await reportHtml(judgeAll(checks, { ...good, undeclaredDestinations: ['<script>'] }), head)
    expect(page).not.toContain('<script>')
    for (const { title } of checks) expect(page).toContain(title)
  })
})

test('spans are said in the largest unit that fits', () => {
  expect([0, 40_000, 180_000, 5 * 3_600_000, 3 * day].map(spanText)).toEqual(['0 s', '40 s', '3 min', '5 h', '3 jours'])
})
