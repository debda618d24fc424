/** What the banner and the alarm are told. */
import { expect, test } from 'vitest'
import { forwardingStatus } from '../../src/queue/forwarding-status.ts'
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
