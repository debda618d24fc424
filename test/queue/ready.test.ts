/** What was claimed ahead starts in turns of its pharmacies. */
import { expect, test } from 'vitest'
import { createReady } from '../../src/queue/ready.ts'

const of = (pharmacyId: string, ...names: readonly string[]) => names.map((name) => ({ name, claim: { pharmacyId } }))

test('who came with many waits for those who came later with few, and each keeps its own order', () => {
  const ready = createReady<ReturnType<typeof of>[number]>()
  ready.add(of('heavy', 'h1', 'h2', 'h3', 'h4'))
  const order = [ready.take()?.name]
  ready.add([...of('a', 'a1', 'a2'), ...of('b', 'b1')])
  while (ready.size > 0) order.push(ready.take()?.name)
  expect(order).toEqual(['h1', 'h2', 'a1', 'b1', 'h3', 'a2', 'h4'])
  expect([ready.take(), ready.size]).toEqual([undefined, 0])
})

test('all of it can be seen, and taken at once', () => {
  const ready = createReady<ReturnType<typeof of>[number]>()
  ready.add([...of('a', 'a1'), ...of('b', 'b1'), ...of('a', 'a2')])
  expect(ready.list().map(({ name }) => name)).toEqual(['a1', 'a2', 'b1'])
  expect(ready.takeAll()).toHaveLength(3)
  expect([ready.size, ready.list()]).toEqual([0, []])
})
