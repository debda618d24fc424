/** Several workers on one database: one limit, one breaker, one pace, and turns for every pharmacy. */
import { expect, test } from 'vitest'
import { createTestDestination, eventually, withQueue } from './harness.ts'

test('two workers and one destination never exceed its concurrency', () =>
  withQueue(async (q) => {
    const destination = createTestDestination({ concurrencyMax: 3 })
    destination.onArrival = () => new Promise((done) => setImmediate(() => setImmediate(done)))
    await q.addDeclarations(60)
    const workers = [q.worker(destination), q.worker(destination)]
    await Promise.all(workers.map((worker) => worker.start()))
    await eventually('all were accepted', async () => (await q.count('receipts')) === 60, 25_000)
    expect(destination.underWayMax).toBeLessThanOrEqual(3)
    expect(destination.underWayMax).toBeGreaterThan(1)
    await q.checkInvariants()
  }))

test('failures one after another pause the destination for every worker, and burn no budget of what waits', () =>
  withQueue(async (q) => {
    const destination = createTestDestination({
      breaker: { failuresMax: 4, holdMs: 600_000, holdCapMs: 600_000 },
      concurrencyMax: 2,
    })
    let tried = 0
    destination.fault = () => {
      tried += 1
      return 'unreachable'
    }
    await q.addDeclarations(40)
    const workers = [q.worker(destination), q.worker(destination)]
    await Promise.all(workers.map((worker) => worker.start()))
    await eventually(
      'the breaker opened',
      async () => (await q.sql`select 1 from destination_controls where breaker = 'open'`).length === 1,
    )
    await eventually('nothing is held', async () => (await q.count('declarations', "state <> 'queued'")) === 0)
    expect(tried).toBeLessThan(20)
    expect(await q.count('declarations', 'attempt_count = 0')).toBe(40 - tried)
    await q.checkInvariants()
  }))

test('when the pause is over one declaration is tried; its answer opens the way for the others', () =>
  withQueue(async (q) => {
    const destination = createTestDestination({ breaker: { failuresMax: 2, holdMs: 600_000, holdCapMs: 600_000 } })
    destination.fault = () => 'unreachable'
    await q.addDeclarations(5)
    const workers = [q.worker(destination), q.worker(destination)]
    await workers[0]?.runOnce()
    expect(await q.sql`select breaker from destination_controls`).toMatchObject([{ breaker: 'open' }])

    await q.sql`update destination_controls set hold_until = now() - interval '1 s'`
    await q.makeDue()
    destination.fault = () => 'refuse-for-now'
    const tried = () => destination.arrivals.length
    await Promise.all(workers.map((worker) => worker.runOnce()))
    expect(tried()).toBe(1)
    expect(await q.sql`select breaker, openings from destination_controls`).toMatchObject([{ breaker: 'open', openings: 2 }])

    await q.sql`update destination_controls set hold_until = now() - interval '1 s'`
    await q.makeDue()
    destination.fault = () => null
    await workers[1]?.runOnce()
    expect(tried()).toBe(2)
    expect(await q.sql`select breaker from destination_controls`).toMatchObject([{ breaker: 'closed' }])
    await q.checkInvariants()
  }))

test('a Retry-After holds the whole destination back, not only the declaration that was told', () =>
  withQueue(async (q) => {
    const destination = createTestDestination({ concurrencyMax: 1 })
    destination.fault = () => 'busy'
    destination.retryAfterMs = 30_000
    await q.addDeclarations(10)
    const worker = q.worker(destination)
    await worker.start()
    await eventually(
      'it is held',
      async () => (await q.sql`select 1 from destination_controls where hold_until > now() + interval '20 s'`).length === 1,
    )
    await eventually('nothing is held', async () => (await q.count('declarations', "state <> 'queued'")) === 0)
    expect(destination.arrivals.length).toBeLessThan(10)
  }))

test('a recovery begins slowly: the cap a second is shared and climbs', () =>
  withQueue(async (q) => {
    const destination = createTestDestination({ pace: { perSecondMax: 1000, rampFromPerSecond: 5, rampMs: 3_600_000 } })
    await q.addDeclarations(30)
    const worker = q.worker(destination)
    await worker.runOnce()
    await q.addDeclarations(30)
    await q.sql`update destination_controls set closed_at = now(), tokens = 0, tokens_at = now()`
    const before = destination.arrivals.length
    await worker.runOnce()
    await worker.runOnce()
    expect(destination.arrivals.length - before).toBeLessThanOrEqual(5)
  }))

test('a pharmacy with a hundred times the load takes turns with the others', () =>
  withQueue(async (q) => {
    const destination = createTestDestination({ concurrencyMax: 4 })
    await q.addDeclarations(200) // the flood came first
    const small: string[] = []
    for (let index = 0; index < 9; index++) {
      const pharmacyId = await q.addPharmacy()
      small.push((await q.addDeclaration({ pharmacyId })).screeningId, (await q.addDeclaration({ pharmacyId })).screeningId)
    }
    const worker = q.worker(destination, { settings: { batchSize: 20 } })
    await worker.start()
    await eventually('all were accepted', async () => (await q.count('receipts')) === 218, 25_000)
    const places = small.map((screeningId) => destination.arrivals.findIndex((arrival) => arrival.screeningId === screeningId))
    expect(Math.max(...places)).toBeLessThan(60)
    await q.checkInvariants()
  }))

test('one declaration that cannot be written stops none of its set', () =>
  withQueue(async (q) => {
    const destination = createTestDestination()
    const bad = await q.addDeclaration()
    await q.addDeclarations(10)
    const deliver = destination.deliver
    const lying = {
      ...destination,
      deliver: (async (document, options) => {
        const outcome = await deliver(document, options)
        if (document.controlId !== bad.controlId) return outcome
        return { class: 'accepted', receipt: { reference: null, answerSha256: 'no digest' } }
      }) as typeof deliver,
    }
    const worker = q.worker(lying, { settings: { leaseMs: 2000 } }) // its patience for the bad one: twice that
    await worker.runOnce()
    expect(await q.count('receipts')).toBe(10)
    expect(q.events.failed).toContain('settle')
    expect(await q.row(bad.id)).toMatchObject({ state: 'sent' })
    await q.expireLeases()
    await q.worker(destination).runOnce()
    expect(await q.row(bad.id)).toMatchObject({ state: 'parked', code: 'lease-expired' })
    await q.checkInvariants()
  }))

test('a process that was suspended while it marked its send does not send', () =>
  withQueue(async (q) => {
    const destination = createTestDestination()
    const { id } = await q.addDeclaration()
    let now = 0
    const worker = q.worker(destination, { deps: { monotonicMs: () => (now += 40_000) } })
    await worker.runOnce()
    expect(destination.arrivals).toEqual([])
    expect(await q.row(id)).toMatchObject({ state: 'queued', attempt_count: 0 })
    await q.checkInvariants()
  }))
