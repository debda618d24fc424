/** Holds the queue's failure matrix and its tests together: each row names tests that are there. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const readme = readFileSync(join(root, 'src/queue/README.md'), 'utf8')
const matrix = readme.split('## When something dies')[1]?.split('\n## ')[0] ?? ''
const rows = matrix
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| Where'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map((cells) => ({ where: cells[1] ?? '', named: (cells[5] ?? '').split(' · ') }))

/** Titles as they stand in the file, up to the first value that is put into one. */
function titlesIn(file: string): readonly string[] {
  const text = readFileSync(join(root, `test/queue/${file}.test.ts`), 'utf8')
  return [...text.matchAll(/\btest\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`([^`]*)`)/g)].map(
    ([, single, double, template]) => single ?? double ?? template ?? '',
  )
}

/** `file: title`; a title that ends in … is the beginning of one. */
function isThere(named: string): boolean {
  const [, file = '', title = ''] = /^([a-z-]+): (.+)$/.exec(named) ?? []
  if (title === '') return false
  const whole = !title.endsWith('…')
  const wanted = title.replace(/ ?…$/, '')
  return titlesIn(file).some((one) => (whole ? one === wanted : one.startsWith(wanted) || one.split('${')[0] === `${wanted} `))
}

describe('the failure matrix of the queue', () => {
  test('has its rows', () => expect(rows.length).toBeGreaterThan(10))

  test.each(rows)('$where: names tests that are there', ({ named }) => {
    expect(named.filter((one) => !isThere(one))).toEqual([])
  })

  test('leaves no test of its own file out', () => {
    const all = rows.flatMap(({ named }) => named)
    const forgotten = titlesIn('failure-matrix').filter(
      (title) => !all.some((one) => one.startsWith('failure-matrix: ') && title.startsWith(one.slice(16).replace(/ ?…$/, ''))),
    )
    expect(forgotten).toEqual([])
  })
})
