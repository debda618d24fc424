/** Sets that are being read: what is read is handed over, what cannot be or is not wanted any more goes back. */
import { expect, test } from 'vitest'
import { createOpening } from '../../src/queue/opening.ts'
import type { Claim } from '../../src/storage/queries.ts'

const claimsOf = (...ids: string[]) => ids.map((id) => ({ id })) as unknown as readonly Claim[]
const idsOf = (claims: readonly Claim[]) => claims.map(({ id }) => id)

function open() {
  const read: Array<{ done: (value: string) => void; failed: (cause: unknown) => void }> = []
  const seen: { taken: string[]; released: string[]; failures: unknown[]; wanted: boolean } = {
    taken: [],
    released: [],
    failures: [],
    wanted: true,
  }
  const opening = createOpening({
    read: () => new Promise<string>((done, failed) => void read.push({ done, failed })),
    isWanted: () => seen.wanted,
    onRead: (claims, value) => void seen.taken.push(...idsOf(claims).map((id) => id + value)),
    onFailed: (cause) => void seen.failures.push(cause),
    release: async (claims) => void seen.released.push(...idsOf(claims)),
  })
  return { opening, read, seen }
}

test('two sets are read at once, each is handed over when it is there, and until then both are held', async () => {
  const { opening, read, seen } = open()
  const [first, second] = [opening.start(claimsOf('a', 'b')), opening.start(claimsOf('c'))]
  expect([opening.size, opening.count(), idsOf(opening.list()), opening.pending().length]).toEqual([2, 3, ['a', 'b', 'c'], 2])
  read[1]?.done('!')
  expect(await second).toBe(true)
  expect([opening.size, idsOf(opening.list()), seen.taken]).toEqual([1, ['a', 'b'], ['c!']])
  read[0]?.done('?')
  expect(await first).toBe(true)
  expect([opening.size, seen.taken, seen.released]).toEqual([0, ['c!', 'a?', 'b?'], []])
})

test('a set that cannot be read is given back before it counts as gone, and the failure is told', async () => {
  const { opening, read, seen } = open()
  const opened = opening.start(claimsOf('a', 'b'))
  const away = new Error('the key store is away')
  read[0]?.failed(away)
  expect(await opened).toBe(false)
  expect([seen.released, seen.failures, seen.taken, opening.size]).toEqual([['a', 'b'], [away], [], 0])
})

test('what was read and is not wanted any more goes back, and is no failure', async () => {
  const { opening, read, seen } = open()
  const opened = opening.start(claimsOf('a'))
  seen.wanted = false
  read[0]?.done('!')
  expect(await opened).toBe(true)
  expect([seen.released, seen.failures, seen.taken, opening.size]).toEqual([['a'], [], [], 0])
})
