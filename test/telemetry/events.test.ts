import { describe, expect, test } from 'vitest'
import { GatewayError } from '../../src/domain/errors.ts'
import { createEvents, type Events } from '../../src/telemetry/events.ts'
import { captureLog } from './captured-log.ts'

type EventName = keyof Events
type FieldsOf = { readonly [Name in EventName]: Parameters<Events[Name]>[0] }

const requestId = '3f2b8c1e-9a4d-4c7b-8e21-5d6f7a8b9c0d'
const declaration = { declarationId: '7c9e6679-7425-40de-944b-e07fc1f90ae7', destination: 'national-file', attempt: 3 }
const error = new GatewayError('unavailable', { cause: Object.assign(new Error('no'), { code: 'ECONNREFUSED' }) })
const fault = ['GatewayError unavailable', 'Error ECONNREFUSED']

/** Every event, with fields as the gateway gives them: the type keeps the list whole. */
const given: FieldsOf = {
  configLoaded: { pharmacies: 3, destinations: 2, testKits: 15 },
  configRefused: { error },
  gatewayStarted: { port: 8080, managementPort: 9090, startMs: 412.3456 },
  gatewayStopped: { reason: 'signal', uptimeMs: 60_000 },
  gatewayFailed: { error },
  requestServed: { requestId, method: 'POST', route: 'POST /depistages/:id/corriger', status: 303, durationMs: 41.26 },
  requestFailed: { requestId, route: 'GET /depistages', error },
  signInFailed: { problem: 'not-trusted', code: 'OAUTH_INVALID_RESPONSE' },
  signInProviderUnavailable: { code: 'endpoint-host-not-allowed' },
  professionalToCheck: { professionalId: requestId, code: 'subject-changed' },
  declarationClaimed: declaration,
  declarationSettled: { ...declaration, state: 'queued', code: 'unreachable', durationMs: 30_000 },
  leaseLost: declaration,
  workerFailed: { step: 'heartbeat', error },
  listenLost: { channel: 'declarations_due' },
  auditAnchored: { size: 1403, root: 'n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=' },
  keySweepRefused: { deleted: 0 },
  keyStoreUnavailable: { error },
  ledgerOutOfBalance: {
    pharmacyId: requestId,
    destination: 'national-file',
    rule: 'first-sendings',
    items: 2,
  },
  periodicJobEnded: {
    job: 'housekeeping',
    outcome: 'done',
    durationMs: 1200,
    counts: { 'attempts-rolled-up': 200, sessions: 3 },
  },
  periodicJobFailed: { job: 'housekeeping', error },
  silenceBegan: { kind: 'destination-silent', subject: 'national-file' },
  silenceEnded: { kind: 'pharmacy-quiet', subject: requestId },
}

const names = Object.keys(given) as EventName[]

/** The cast is what a careless caller would do; the functions must hold all the same. */
function report(events: Events, name: EventName, fields: unknown): void {
  const call = events[name] as (fields: unknown) => void
  call(fields)
}

test('each event is one line with its name, its fields and nothing else', () => {
  const { logger, lines } = captureLog()
  const events = createEvents(logger)
  for (const name of names) report(events, name, given[name])

  const own = lines().map(({ level, time: _t, service: _s, profile: _p, instance: _i, ...fields }) => [level, fields])
  expect(own).toEqual([
    ['info', { event: 'config-loaded', pharmacies: 3, destinations: 2, testKits: 15 }],
    ['error', { event: 'config-refused', error: fault }],
    ['info', { event: 'gateway-started', port: 8080, managementPort: 9090, startMs: 412.3 }],
    ['info', { event: 'gateway-stopped', reason: 'signal', uptimeMs: 60_000 }],
    ['error', { event: 'gateway-failed', error: fault }],
    ['info', { event: 'request-served', ...given.requestServed, durationMs: 41.3 }],
    ['error', { event: 'request-failed', requestId, route: 'GET /depistages', error: fault }],
    ['warn', { event: 'sign-in-failed', problem: 'not-trusted', code: 'OAUTH_INVALID_RESPONSE' }],
    ['warn', { event: 'sign-in-provider-unavailable', code: 'endpoint-host-not-allowed' }],
    ['warn', { event: 'professional-to-check', professionalId: requestId, code: 'subject-changed' }],
    ['info', { event: 'declaration-claimed', ...declaration }],
    ['info', { event: 'declaration-settled', ...declaration, state: 'queued', code: 'unreachable', durationMs: 30_000 }],
    ['warn', { event: 'lease-lost', ...declaration }],
    ['error', { event: 'worker-failed', step: 'heartbeat', error: fault }],
    ['warn', { event: 'listen-lost', channel: 'declarations_due' }],
    ['info', { event: 'audit-anchored', ...given.auditAnchored }],
    ['error', { event: 'key-sweep-refused', deleted: 0 }],
    ['error', { event: 'key-store-unavailable', error: fault }],
    [
      'error',
      {
        event: 'ledger-out-of-balance',
        pharmacyId: requestId,
        destination: 'national-file',
        rule: 'first-sendings',
        items: 2,
      },
    ],
    ['info', { event: 'periodic-job-ended', ...given.periodicJobEnded, counts: ['attempts-rolled-up=200', 'sessions=3'] }],
    ['error', { event: 'periodic-job-failed', job: 'housekeeping', error: fault }],
    ['error', { event: 'silence-began', ...given.silenceBegan }],
    ['info', { event: 'silence-ended', ...given.silenceEnded }],
  ])
})

/** What a patient's record holds, in the shapes in which it travels. */
const canaries = [
  'CANARI',
  'Élodie Canari',
  'canari.elodie@example.fr',
  '279035121518989',
  'ins-279035121518989',
  '1979-03-12',
  '+33612345678',
  'PID|1||279035121518989^^^INS||CANARI^ELODIE',
  '/depistages?nom=CANARI',
  'GET /depistages/CANARI',
  'positive pour CANARI',
]

describe.each(names)('%s', (name) => {
  test.each(canaries)('writes nothing of %s, in whichever field it comes', (canary) => {
    const { logger, text } = captureLog()
    const events = createEvents(logger, { stacks: true })
    for (const field of Object.keys(given[name])) {
      report(events, name, { ...given[name], [field]: canary })
      report(events, name, { ...given[name], [field]: { birthName: canary } })
      report(events, name, { ...given[name], [field]: [canary] })
    }
    // A whole object of the domain where the fields are expected.
    report(events, name, { ...given[name], patient: { birthName: canary }, [canary]: canary })

    expect(text()).not.toBe('')
    expect(text()).not.toContain(canary)
  })
})

class DriverError extends Error {
  override readonly name = 'PostgresError'
  readonly code = '23505'
  readonly detail = 'Key (birth_name)=(CANARI) already exists.'
  readonly parameters = ['CANARI']
}

const hostileErrors: Readonly<Record<string, [unknown, readonly string[]]>> = {
  'a message': [new Error('CANARI'), ['Error']],
  'a name': [Object.assign(new Error('x'), { name: 'CANARI Élodie' }), ['Error']],
  'a code': [Object.assign(new Error('x'), { code: 'CANARI' }), ['Error']],
  'a code that looks like a system code': [Object.assign(new Error('x'), { code: 'ECANARI' }), ['Error']],
  'a code that looks like a SQLSTATE': [Object.assign(new Error('x'), { code: '75019' }), ['Error']],
  'the detail of a driver': [
    new GatewayError('internal', { cause: new Error('insert … CANARI', { cause: new DriverError('CANARI') }) }),
    ['GatewayError internal', 'Error', 'PostgresError 23505'],
  ],
  'a list of errors': [new AggregateError([new Error('CANARI')], 'CANARI'), ['AggregateError']],
  'a thrown text': ['CANARI', ['a thrown string']],
  'a thrown object': [{ birthName: 'CANARI', toString: () => 'CANARI', toJSON: () => 'CANARI' }, ['a thrown object']],
  'a stack that was written by hand': [
    Object.assign(new Error('x'), { stack: 'Error: CANARI\n    at CANARI (file:///a.ts:1:1) CANARI\n    CANARI' }),
    ['Error'],
  ],
  'a cause that is a circle': [circle(), ['Error', 'Error', 'Error', 'Error', 'Error']],
  'getters that throw': [new Proxy(new Error('CANARI'), { get: () => fail() }), ['Error']],
}

function circle(): Error {
  const first = new Error('CANARI')
  first.cause = new Error('CANARI', { cause: first })
  return first
}

function fail(): never {
  throw new Error('CANARI')
}

test.each(Object.entries(hostileErrors))(
  'an error that carries a patient in %s is told by name and code alone',
  (_, [thrown, expected]) => {
    for (const stacks of [false, true]) {
      const { logger, text, lines } = captureLog()
      createEvents(logger, { stacks }).requestFailed({ requestId, route: 'GET /depistages', error: thrown })

      expect(lines()[0]?.error).toEqual(expected)
      expect(text()).not.toContain('CANARI')
      expect(text()).not.toContain('75019')
    }
  },
)

test('where an error was thrown is written outside production only, without its message', () => {
  const production = captureLog()
  createEvents(production.logger).gatewayFailed({ error: new Error('CANARI\n    at CANARI') })
  const other = captureLog({ profile: 'test' })
  createEvents(other.logger, { stacks: true }).gatewayFailed({ error: new Error('CANARI\n    at CANARI') })

  expect(production.lines()[0]).not.toHaveProperty('frames')
  expect(production.text()).not.toContain('events.test.ts')
  expect(other.lines()[0]?.frames).toContainEqual(expect.stringContaining('events.test.ts'))
  expect(other.text()).not.toContain('CANARI')
})
