/** What the banner and the alarm are told. */
import { expect, test } from 'vitest'
import type { Control } from '../../src/queue/admission.ts'
import { forwardingStatus, statusOf } from '../../src/queue/forwarding-status.ts'
import { createTestDestination, withQueue } from './harness.ts'

const silenceMs = 600_000

test('an empty queue flows, without delay', () =>
  withQueue(async (q) => {
    expect(await forwardingStatus(q.database, [createTestDestination()], { silenceMs })).toMatchObject([
      { destinationId: 'sidep', state: 'flowing', waiting: 0, parked: 0, expectedDelayMs: 0 },
    ])
  }))

test('the expected delay is what waits over what was measured to drain', () =>
  withQueue(async (q) => {
    const destination = createTestDestination()
    await q.addDeclarations(30)
    await q.worker(destination, { settings: { batchSize: 30 } }).runOnce()
    await q.addDeclarations(10)
    const [status] = await forwardingStatus(q.database, [destination], { silenceMs })
    expect(status).toMatchObject({ state: 'flowing', waiting: 10, underWay: 0 })
    expect(status?.drainPerSecond).toBeGreaterThan(0.3) // thirty within the minute of the time constant
    expect(status?.drainPerSecond).toBeLessThanOrEqual(0.5)
    expect(status?.expectedDelayMs).toBeCloseTo((10 / (status?.drainPerSecond ?? 1)) * 1000, -1)
  }))

test('what a worker died with is due as long as nobody takes it over, and no delay is promised for it', () =>
  withQueue(async (q) => {
    const destination = createTestDestination()
    const { id } = await q.addDeclaration()
    await q.sql`update declarations set state = 'sent', claimed_by = 'dead', created_at = now() - interval '3 hours',
      lease_until = now() - interval '2 hours' where id = ${id}`
    const [status] = await forwardingStatus(q.database, [destination], { silenceMs })
    expect(status).toMatchObject({ state: 'silent', waiting: 0, underWay: 1, expectedDelayMs: null })
    expect(status?.oldestWaitingMs).toBeGreaterThan(10_000_000)
  }))

test('while a destination recovers the delay is what was measured, not what the pace would allow; before anything was measured, none', () => {
  const nowMs = 1_000_000
  const control: Control = {
    breaker: 'closed',
    failures: 0,
    openings: 0,
    openedAtMs: null,
    holdUntilMs: null,
    probeBy: null,
    closedAtMs: nowMs - 150_000,
    tokens: 0,
    tokensAtMs: nowMs,
    grants: [],
    turnAfter: '',
    drained: 0.49 * 60,
    drainedAtMs: nowMs,
    lastAcceptedAtMs: nowMs,
  }
  const status = (drained: number) =>
    statusOf('sidep', {
      settings: { pace: { perSecondMax: 100, rampFromPerSecond: 2, rampMs: 300_000 } },
      counts: [{ destination: 'sidep', state: 'queued', count: 300, oldestAgeMs: 1000 }],
      control: { ...control, drained },
      nowMs,
      silenceMs,
    })
  expect(status(0.49 * 60)).toMatchObject({ state: 'recovering', expectedDelayMs: Math.round((300 / 0.49) * 1000) })
  // The probe alone: nobody knows yet.
  expect(status(1)).toMatchObject({ state: 'recovering', expectedDelayMs: null })
})

test('what waits behind a parked version is held: neither waiting nor old, until somebody decides', () =>
  withQueue(async (q) => {
    const { id, screeningId } = await q.addDeclaration()
    await q.addDeclaration({ screeningId, version: 2 })
    await q.addDeclaration({ screeningId, version: 3 })
    // Behind one that waits for its turn only, and at a destination where nothing is parked.
    const going = await q.addDeclaration()
    await q.addDeclaration({ screeningId: going.screeningId, version: 2 })
    await q.addDeclaration({ screeningId, version: 2, destination: 'other' })
    await q.sql`update declarations set created_at = now() - interval '3 days' where screening_id = ${screeningId} and destination = 'sidep'`
    await q.sql`update declarations set state = 'parked', code = 'answer-lost' where id = ${id}`
    const read = () =>
      forwardingStatus(q.database, [createTestDestination(), createTestDestination({ id: 'other' })], { silenceMs })
    const [sidep, other] = await read()
    expect(sidep).toMatchObject({ state: 'flowing', waiting: 2, underWay: 0, parked: 1, held: 2 })
    expect(sidep?.oldestWaitingMs).toBeLessThan(silenceMs)
    expect(other).toMatchObject({ waiting: 1, parked: 0, held: 0 })
    await q.sql`update declarations set state = 'queued', code = null where id = ${id}`
    expect((await read())[0]).toMatchObject({ state: 'silent', waiting: 5, parked: 0, held: 0 })
  }))

test('a destination that does not answer is paused, for how long is said, and no delay is invented', () =>
  withQueue(async (q) => {
    const destination = createTestDestination({ breaker: { failuresMax: 1, holdMs: 60_000, holdCapMs: 60_000 } })
    destination.fault = () => 'unreachable'
    await q.addDeclarations(3)
    await q.worker(destination).runOnce()
    const [status] = await forwardingStatus(q.database, [destination], { silenceMs })
    expect(status).toMatchObject({ state: 'paused', waiting: 3, expectedDelayMs: null })
    expect(status?.pausedForMs).toBeGreaterThanOrEqual(0)
  }))

test('work that waits while nothing is acknowledged raises the alarm, and an acknowledgement ends it', () =>
  withQueue(async (q) => {
    const destination = createTestDestination()
    await q.addDeclarations(2)
    const stateNow = async () => (await forwardingStatus(q.database, [destination], { silenceMs }))[0]?.state
    expect(await stateNow()).toBe('flowing')
    await q.sql`update declarations set created_at = now() - interval '11 minutes'`
    expect(await stateNow()).toBe('silent')
    await q.worker(destination, { settings: { batchSize: 1 } }).runOnce()
    expect(await q.count('declarations', "state = 'queued'")).toBe(1)
    expect(await stateNow()).toBe('flowing')
  }))

test('what waits for a destination that left the configuration is shown, not forgotten', () =>
  withQueue(async (q) => {
    await q.addDeclaration({ destination: 'gone' })
    expect(await forwardingStatus(q.database, [createTestDestination()], { silenceMs })).toContainEqual(
      expect.objectContaining({ destinationId: 'gone', state: 'not-configured', waiting: 1, expectedDelayMs: null }),
    )
  }))
