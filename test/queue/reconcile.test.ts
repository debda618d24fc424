import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { reconcile } from '../../src/actions/reconcile.ts'
import { declarationStates } from '../../src/domain/declaration.ts'
import { compareSides } from '../../src/domain/reconciliation.ts'
import { createTestDestination, type TestQueue, withQueue } from './harness.ts'

const today = async (q: TestQueue) => {
  const [row] = await q.sql<{ day: string }[]>`select (now() at time zone 'Europe/Paris')::date::text as day`
  return row?.day ?? ''
}

/** Two taken (one with its answer lost), one refused, one that waits. */
async function fill(q: TestQueue) {
  const { controlId: taken } = await q.addDeclaration()
  const { controlId: lost } = await q.addDeclaration()
  const { controlId: refused } = await q.addDeclaration()
  const destination = createTestDestination()
  destination.fault = (document) =>
    document.controlId === lost ? 'lose-answer' : document.controlId === refused ? 'refuse' : null
  await q.worker(destination).runOnce()
  const { controlId: waiting } = await q.addDeclaration()
  const held = new Set(destination.effects)
  const ask = async ({ controlId }: { controlId: string }) => (held.has(controlId) ? ('held' as const) : ('not-held' as const))
  return { taken, lost, refused, waiting, held, ask }
}
const found = (reconciliation: Awaited<ReturnType<typeof reconcile>>) =>
  reconciliation.discrepancies.map(({ controlId, problem, proposal }) => [controlId, problem, proposal])

describe('a day held against what the destination holds', () => {
  test('agrees but for the one whose answer was lost, which a person may mark as received', () =>
    withQueue(async (q) => {
      const { lost, ask } = await fill(q)
      const done = await reconcile({ database: q.database, ask }, { destination: 'sidep', day: await today(q), theirList: null })
      expect(found(done)).toEqual([[lost, 'stopped-but-held', 'mark-received']])
      expect([done.asked, done.agreed]).toEqual([4, 3])
    }))

  test('names what we count as acknowledged and they do not hold, and sends nothing again', () =>
    withQueue(async (q) => {
      const { taken, lost, held, ask } = await fill(q)
      held.clear()
      const done = await reconcile({ database: q.database, ask }, { destination: 'sidep', day: await today(q), theirList: null })
      expect(found(done).toSorted()).toEqual(
        [
          [lost, 'stopped-not-held', 'send-again'],
          [taken, 'acknowledged-not-held', 'ask-them'],
        ].toSorted(),
      )
      expect(await q.count('declarations', "state = 'accepted'")).toBe(1)
    }))

  test('names what they list and we never sent; one of another day is none', () =>
    withQueue(async (q) => {
      const { taken, lost, ask } = await fill(q)
      const { controlId: yesterday, id } = await q.addDeclaration()
      await q.sql`update screenings set signed_at = signed_at - interval '2 days' where version_id = (select version_id from declarations where id = ${id})`
      const theirList = new Set([taken, lost, yesterday, 'STRANGER01'])
      const done = await reconcile({ database: q.database, ask }, { destination: 'sidep', day: await today(q), theirList })
      expect(found(done)).toEqual([
        [lost, 'stopped-but-held', 'mark-received'],
        ['STRANGER01', 'unknown-to-us', 'ask-them'],
      ])
    }))
})

test('every state against each answer either agrees or has a proposal', () => {
  for (const state of declarationStates)
    for (const tried of [true, false]) {
      const ours = {
        controlId: 'C1234567',
        declarationId: randomUUID(),
        screeningId: randomUUID(),
        pharmacyId: randomUUID(),
        state,
        tried,
      }
      expect(compareSides(ours, 'unclear')?.proposal).toBe('ask-later')
      const agreed = ['held', 'not-held'].filter((theirs) => compareSides(ours, theirs as 'held' | 'not-held') === null)
      expect([state, agreed.length]).toEqual([state, state === 'parked' ? 0 : 1])
    }
})
