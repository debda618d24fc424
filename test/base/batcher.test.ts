/** Sets of requests: their order, their bound, and how the failure of one set stays its own. */
import { expect, test } from 'vitest'
import { AssertionError } from '../../src/base/assert.ts'
import { createBatcher } from '../../src/base/batcher.ts'
import { until } from '../support/until.ts'

/** A `run` whose sets are seen, and which ends when the test says so. */
function heldRun() {
  const sets: number[][] = []
  const releases: Array<() => void> = []
  const run = async (items: readonly number[]) => {
    sets.push([...items])
    await new Promise<void>((release) => releases.push(release))
    return items.map((item) => item * 10)
  }
  const next = async (count: number) => {
    for (let turns = 0; releases.length < count; turns++) {
      if (turns > 1000) throw new Error('the set did not start')
      await new Promise((resume) => setImmediate(resume))
    }
    releases[count - 1]?.()
  }
  return { sets, run, next }
}

test('each request gets its own answer, in the order of the requests', async () => {
  const batch = createBatcher(async (items: readonly number[]) => items.map((item) => item * 10), { sizeMax: 3 })
  expect(await Promise.all([1, 2, 3, 4, 5, 6, 7].map(batch))).toEqual([10, 20, 30, 40, 50, 60, 70])
})

test('a set holds no more than its bound, and nothing is left waiting', async () => {
  const sizes: number[] = []
  const batch = createBatcher(
    async (items: readonly number[]) => {
      sizes.push(items.length)
      return items
    },
    { sizeMax: 4 },
  )
  await Promise.all(Array.from({ length: 10 }, (_, index) => batch(index)))
  expect(sizes).toEqual([4, 4, 2])
})

test('what comes while a set is under way goes together into the next one', async () => {
  const { sets, run, next } = heldRun()
  const batch = createBatcher(run, { sizeMax: 10 })
  const first = batch(1)
  const held = next(1).then(() => undefined)
  await held
  const others = [batch(2), batch(3)]
  await next(2)
  expect(await Promise.all([first, ...others])).toEqual([10, 20, 30])
  expect(sets).toEqual([[1], [2, 3]])
})

test('two sets never run at once', async () => {
  let running = 0
  let most = 0
  const batch = createBatcher(
    async (items: readonly number[]) => {
      most = Math.max(most, ++running)
      await new Promise((resume) => setImmediate(resume))
      running--
      return items
    },
    { sizeMax: 2 },
  )
  await Promise.all(Array.from({ length: 9 }, (_, index) => batch(index)))
  expect(most).toBe(1)
})

test('a set that fails, fails its own items alone; the next set runs', async () => {
  const cause = new Error('this set only')
  const batch = createBatcher(
    async (items: readonly number[]) => {
      if (items.includes(1)) throw cause
      return items
    },
    { sizeMax: 2 },
  )
  const ends = await Promise.allSettled([0, 1, 2, 3].map(batch))
  expect(ends).toEqual([
    { status: 'rejected', reason: cause },
    { status: 'rejected', reason: cause },
    { status: 'fulfilled', value: 2 },
    { status: 'fulfilled', value: 3 },
  ])
  expect(await batch(7)).toBe(7)
})

test('a run that throws before it starts fails its set and no more', async () => {
  let calls = 0
  const batch = createBatcher<number, number>(
    (items) => {
      if (calls++ === 0) throw new Error('at once')
      return Promise.resolve(items)
    },
    { sizeMax: 5 },
  )
  await expect(batch(1)).rejects.toThrow('at once')
  expect(await batch(2)).toBe(2)
})

test('a set that answers another number of items is a failure, never a wrong answer to somebody', async () => {
  const batch = createBatcher(async (items: readonly number[]) => items.slice(1), { sizeMax: 3 })
  const ends = await Promise.allSettled([1, 2, 3].map(batch))
  expect(ends.map((end) => end.status)).toEqual(['rejected', 'rejected', 'rejected'])
})

test('a bound below one is refused where it is set, for it would run empty sets for ever', () => {
  expect(() => createBatcher(async (items: readonly number[]) => items, { sizeMax: 0 })).toThrow(AssertionError)
})

test('a set that follows another and is not full waits a moment for more; the first one never waits', async () => {
  const { sets, run, next } = heldRun()
  let lingering: () => void = () => undefined
  let lingered = 0
  const linger = () => {
    lingered += 1
    return new Promise<void>((done) => {
      lingering = done
    })
  }
  const ask = createBatcher(run, { sizeMax: 3, linger })
  const first = ask(1)
  await next(1)
  const second = ask(2)
  await first
  expect([sets, lingered]).toEqual([[[1]], 1])
  const third = ask(3)
  lingering()
  await next(2)
  expect([await second, await third]).toEqual([20, 30])
  expect(sets).toEqual([[1], [2, 3]])
})

test('a full set waits for nobody', async () => {
  const { sets, run, next } = heldRun()
  const ask = createBatcher(run, { sizeMax: 2, linger: () => Promise.reject(new Error('it waited')) })
  const answers = [1, 2, 3, 4].map(ask)
  await next(1)
  await next(2)
  expect(await Promise.all(answers)).toEqual([10, 20, 30, 40])
  expect(sets).toEqual([
    [1, 2],
    [3, 4],
  ])
})

test('a second set starts beside the first where enough wait for it, and never a third', async () => {
  const { sets, run, next } = heldRun()
  const batch = createBatcher(run, { sizeMax: 10, besideFrom: 3 })
  const first = batch(1)
  await until('the first set has started', async () => sets.length === 1)
  const two = [batch(2), batch(3)]
  await new Promise((resume) => setImmediate(resume))
  expect(sets).toEqual([[1]])
  const more = batch(4)
  await until('the second set has started', async () => sets.length === 2)
  const rest = [5, 6, 7, 8].map(batch)
  await new Promise((resume) => setImmediate(resume))
  expect(sets).toEqual([[1], [2, 3, 4]])
  await next(2)
  await until('enough wait for the one that ended', async () => sets.length === 3)
  const last = batch(9)
  await next(3)
  // Too few for two at once: the one that ended leaves them to the one that still runs.
  await new Promise((resume) => setImmediate(resume))
  expect(sets).toEqual([[1], [2, 3, 4], [5, 6, 7, 8]])
  await next(1)
  await next(4)
  expect(await Promise.all([first, ...two, more, ...rest, last])).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].map((item) => item * 10))
})
