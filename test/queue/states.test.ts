/** Each move of the state table, as a worker makes it on real rows. */
import { expect, test } from 'vitest'
import { createTestDestination, withQueue } from './harness.ts'

test('what the destination takes is accepted, with receipt, attempt and trace', () =>
  withQueue(async (q) => {
    const destination = createTestDestination()
    const { id, controlId } = await q.addDeclaration()
    expect(await q.worker(destination).runOnce()).toBe(1)

    expect(destination.effects).toEqual([controlId])
    expect(await q.row(id)).toMatchObject({
      state: 'accepted',
      code: null,
      attempt_count: 1,
      claimed_by: null,
      lease_until: null,
    })
    expect(await q.attempts(id)).toMatchObject([{ outcome: 'accepted', worker: 'worker-1', message_sha256: 'ab'.repeat(32) }])
    const [receipt] = await q.sql`select * from receipts where declaration_id = ${id}`
    expect(receipt).toMatchObject({ control_id: controlId, reference: `R-${controlId}`, pharmacy_id: q.pharmacyId })
    expect(await q.audit(id)).toMatchObject([
      { action: 'declaration.settle', details: { state: 'accepted', destination: 'sidep', attempt: 1 } },
    ])
    await q.checkInvariants()
  }))

test('a declaration whose answer is lost is parked and never sent twice, where nothing promises to de-duplicate', () =>
  withQueue(async (q) => {
    const destination = createTestDestination({ deduplicates: 'none' })
    destination.fault = () => 'lose-answer'
    const { id, controlId } = await q.addDeclaration()
    const worker = q.worker(destination)
    await worker.runOnce()
    destination.fault = () => null
    await q.makeDue()
    await worker.runOnce()

    expect(destination.arrivals.map((arrival) => arrival.controlId)).toEqual([controlId])
    expect(await q.row(id)).toMatchObject({ state: 'parked', code: 'answer-lost', settled_at: null })
    await q.checkInvariants()
  }))

test('a declaration whose answer is lost is sent again under the same control id, where the destination promises to know it', () =>
  withQueue(async (q) => {
    const destination = createTestDestination({ deduplicates: 'control-id' })
    destination.fault = () => 'lose-answer'
    const { id, controlId } = await q.addDeclaration()
    const worker = q.worker(destination)
    await worker.runOnce()
    expect(await q.row(id)).toMatchObject({ state: 'queued', code: 'answer-lost', attempt_count: 1 })
    destination.fault = () => null
    await q.makeDue()
    await worker.runOnce()

    expect(destination.arrivals.map((arrival) => arrival.controlId)).toEqual([controlId, controlId])
    expect(destination.effects).toEqual([controlId])
    expect(await q.row(id)).toMatchObject({ state: 'accepted', attempt_count: 2 })
    expect((await q.attempts(id)).map((attempt) => attempt.outcome)).toEqual(['ambiguous', 'accepted'])
    await q.checkInvariants()
  }))

test('a transient failure waits for its backoff, drawn below a ceiling that doubles', () =>
  withQueue(async (q) => {
    const destination = createTestDestination()
    destination.fault = () => 'unreachable'
    const { id } = await q.addDeclaration()
    const worker = q.worker(destination)
    for (const expectedMs of [500, 1000, 2000]) {
      await worker.runOnce()
      const [row] =
        await q.sql`select extract(epoch from due_at - now()) * 1000 as ms, state, code from declarations where id = ${id}`
      expect(row).toMatchObject({ state: 'queued', code: 'unreachable' })
      expect(Number(row?.ms)).toBeGreaterThan(expectedMs - 450)
      expect(Number(row?.ms)).toBeLessThanOrEqual(expectedMs)
      expect(await worker.runOnce()).toBe(0) // not due: nobody takes it
      await q.makeDue()
    }
    expect(destination.arrivals).toEqual([])
    await q.checkInvariants()
  }))

test('what the destination asks for in Retry-After is waited for', () =>
  withQueue(async (q) => {
    const destination = createTestDestination({ retry: { baseMs: 1000, capMs: 600_000, attemptsMax: 5 } })
    destination.fault = () => 'busy'
    destination.retryAfterMs = 120_000
    const { id } = await q.addDeclaration()
    await q.worker(destination).runOnce()
    const [row] = await q.sql`select extract(epoch from due_at - now()) as s from declarations where id = ${id}`
    expect(Number(row?.s)).toBeGreaterThan(115)
    expect(await q.row(id)).toMatchObject({ state: 'queued', code: 'busy' })
  }))

test('a declaration that spent its retry budget is parked, and its neighbours go on', () =>
  withQueue(async (q) => {
    const destination = createTestDestination({ retry: { baseMs: 1000, capMs: 60_000, attemptsMax: 3 } })
    const { id, controlId } = await q.addDeclaration()
    const other = await q.addDeclaration()
    destination.fault = (document) => (document.controlId === controlId ? 'refuse-for-now' : null)
    const worker = q.worker(destination)
    for (let round = 0; round < 5; round++) {
      await worker.runOnce()
      await q.makeDue()
    }
    expect(await q.row(id)).toMatchObject({ state: 'parked', code: 'retry-budget-spent', attempt_count: 3 })
    expect(await q.row(other.id)).toMatchObject({ state: 'accepted' })
    expect(destination.arrivals.filter((arrival) => arrival.controlId === controlId)).toHaveLength(3)
    await q.checkInvariants()
  }))

test('a refusal for good is rejected with the code and the place that the destination named', () =>
  withQueue(async (q) => {
    const destination = createTestDestination()
    destination.fault = () => 'refuse'
    const { id } = await q.addDeclaration()
    const worker = q.worker(destination)
    await worker.runOnce()
    await q.makeDue()
    expect(await worker.runOnce()).toBe(0)
    expect(await q.row(id)).toMatchObject({ state: 'rejected', code: 'required-field-missing', location: 'PID-3' })
    expect(await q.count('receipts')).toBe(0)
    await q.checkInvariants()
  }))

test('what our own checks refuse is rejected before a byte leaves', () =>
  withQueue(async (q) => {
    const destination = createTestDestination()
    const { id } = await q.addDeclaration()
    const worker = q.worker(destination, {
      deps: {
        openForSending: async (claims) =>
          new Map(claims.map(({ id }) => [id, () => ({ outcome: { class: 'permanent', code: 'unreadable-content' } as const })])),
      },
    })
    await worker.runOnce()
    expect(destination.arrivals).toEqual([])
    expect(await q.row(id)).toMatchObject({ state: 'rejected', code: 'unreadable-content' })
    await q.checkInvariants()
  }))

test('a correction never overtakes the original, and goes as soon as the original has ended', () =>
  withQueue(async (q) => {
    const destination = createTestDestination()
    const original = await q.addDeclaration()
    const correction = await q.addDeclaration({ screeningId: original.screeningId, version: 2 })
    const cancellation = await q.addDeclaration({ screeningId: original.screeningId, version: 3, kind: 'cancellation' })
    await q.sql`update declarations set due_at = now() + interval '1 hour' where id = ${original.id}`
    const worker = q.worker(destination)
    expect(await worker.runOnce()).toBe(0)
    await q.makeDue()
    for (let round = 0; round < 3; round++) {
      await worker.runOnce()
      await q.checkInvariants()
    }
    expect(destination.arrivals.map((arrival) => arrival.version)).toEqual([1, 2, 3])
    expect(await q.row(correction.id)).toMatchObject({ state: 'accepted' })
    expect(await q.row(cancellation.id)).toMatchObject({ state: 'accepted' })
  }))

test('a parked original holds its correction back, and no other screening', () =>
  withQueue(async (q) => {
    const destination = createTestDestination()
    destination.fault = () => 'lose-answer'
    const original = await q.addDeclaration()
    const worker = q.worker(destination)
    await worker.runOnce()
    destination.fault = () => null
    const correction = await q.addDeclaration({ screeningId: original.screeningId, version: 2 })
    const other = await q.addDeclaration()
    await worker.runOnce()
    expect(await q.row(original.id)).toMatchObject({ state: 'parked' })
    expect(await q.row(correction.id)).toMatchObject({ state: 'queued', attempt_count: 0 })
    expect(await q.row(other.id)).toMatchObject({ state: 'accepted' })
    await q.checkInvariants()
  }))

test('a declaration for a destination that left the configuration waits untouched', () =>
  withQueue(async (q) => {
    const destination = createTestDestination()
    const { id } = await q.addDeclaration({ destination: 'gone' })
    expect(await q.worker(destination).runOnce()).toBe(0)
    expect(await q.row(id)).toMatchObject({ state: 'queued', attempt_count: 0 })
  }))
