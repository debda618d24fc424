/** Marks are written in sets, ahead of the slots: few are in doubt at any time, and what has not left goes back as it was. */
import { expect, test } from 'vitest'
import { createTestDestination, eventually, type TestQueue, withQueue } from './harness.ts'

const sentCount = (q: TestQueue) => q.count('declarations', "state = 'sent'")
const untouched = (q: TestQueue) => q.count('declarations', "state = 'queued' and attempt_count = 0")

test('at most twice as many are marked as may be under way, and no more than may be are', () =>
  withQueue(async (q) => {
    const destination = createTestDestination({ concurrencyMax: 3 })
    const held: (() => void)[] = []
    let holding = true
    destination.onArrival = () => (holding ? new Promise<void>((done) => held.push(done)) : undefined)
    await q.addDeclarations(20)
    const worker = q.worker(destination)
    await worker.start()
    await eventually('as many as may be are under way', () => destination.arrivals.length === 3)
    await eventually('the next ones are marked', async () => (await sentCount(q)) === 6)
    expect(destination.underWay).toBe(3)
    holding = false
    for (const release of held.splice(0)) release()
    await eventually('all were accepted', async () => (await q.count('receipts')) === 20)
    expect(destination.underWayMax).toBe(3)
    await q.checkInvariants()
  }))

test('what was marked ahead and has not left goes back uncounted when the worker stops', () =>
  withQueue(async (q) => {
    const destination = createTestDestination({ concurrencyMax: 3 })
    destination.fault = () => 'hang'
    await q.addDeclarations(20)
    const worker = q.worker(destination)
    await worker.start()
    await eventually('the next ones are marked', async () => (await sentCount(q)) === 6)
    await worker.stop(0)
    expect(destination.arrivals).toHaveLength(3)
    expect(await q.count('declarations', "state = 'parked'")).toBe(3)
    expect(await untouched(q)).toBe(17)
    await q.checkInvariants()
  }))

test('what was marked ahead and has not left goes back uncounted when the destination fails', () =>
  withQueue(async (q) => {
    const destination = createTestDestination({
      concurrencyMax: 3,
      breaker: { failuresMax: 1, holdMs: 600_000, holdCapMs: 600_000 },
    })
    const held: (() => void)[] = []
    destination.fault = () => 'refuse-for-now'
    destination.onArrival = () => new Promise<void>((done) => held.push(done))
    await q.addDeclarations(20)
    const worker = q.worker(destination)
    await worker.start()
    await eventually('the next ones are marked', async () => (await sentCount(q)) === 6)
    for (const release of held.splice(0)) release()
    await eventually('nothing is held', async () => (await q.count('declarations', "state <> 'queued'")) === 0)
    expect(await q.sql`select breaker from destination_controls`).toMatchObject([{ breaker: 'open' }])
    expect(destination.arrivals).toHaveLength(3)
    expect(await untouched(q)).toBe(17)
    await q.checkInvariants()
  }))

test('a mark that waited for its slot longer than half a lease is not acted on', () =>
  withQueue(async (q) => {
    const destination = createTestDestination({ concurrencyMax: 1 })
    let now = 0
    let release: () => void = () => undefined
    destination.onArrival = () =>
      new Promise((done) => {
        release = done
      })
    await q.addDeclarations(2)
    const worker = q.worker(destination, { deps: { monotonicMs: () => now } })
    const ran = worker.runOnce()
    await eventually('both are marked', async () => (await sentCount(q)) === 2)
    now = 31_000
    destination.onArrival = () => undefined
    release()
    await ran
    expect(destination.arrivals).toHaveLength(1)
    expect(await q.count('declarations', "state = 'accepted'")).toBe(1)
    expect(await untouched(q)).toBe(1)
    await q.checkInvariants()
  }))
