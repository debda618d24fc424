/** Closing in reverse order, whatever fails on the way. */
import { expect, test } from 'vitest'
import { createClosers } from '../../src/base/closers.ts'

test('things close last-in first-out, one after the other', async () => {
  const closed: string[] = []
  const closers = createClosers()
  for (const name of ['database', 'worker', 'server'])
    closers.push(name, async () => {
      await new Promise((resume) => setImmediate(resume))
      closed.push(name)
    })
  await closers.closeAll()
  expect(closed).toEqual(['server', 'worker', 'database'])
})

test('one that fails stops none of the others; the first failure is told, by name and with its cause', async () => {
  const closed: string[] = []
  const cause = new Error('socket')
  const closers = createClosers()
  closers.push('database', () => closed.push('database'))
  closers.push('worker', () => {
    throw new Error('later')
  })
  closers.push('server', () => Promise.reject(cause))
  await expect(closers.closeAll()).rejects.toMatchObject({ message: 'could not close server', cause })
  expect(closed).toEqual(['database'])
})

test('closing twice closes each thing once', async () => {
  let count = 0
  const closers = createClosers()
  closers.push('once', () => count++)
  await Promise.all([closers.closeAll(), closers.closeAll()])
  expect(count).toBe(1)
})
