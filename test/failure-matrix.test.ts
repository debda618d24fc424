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

/** `file` of test/queue, or `folder/file` of another one. */
const textOf = (file: string) =>
  readFileSync(join(root, 'test', file.includes('/') ? `${file}.test.ts` : `queue/${file}.test.ts`), 'utf8')

/** Whatever lets a test be there and not run, or pass though it fails: for a row it proves nothing. */
const standsAside =
  /\b(?:test|it|describe|suite)(?:\.\w+)*\.(?:skip|skipIf|runIf|todo|only|fails)\b|\b(?:skip|todo|only|fails):|\b(?:x(?:test|it|describe)|skip)\(/

/** Titles as they stand in the text, up to the first value that is put into one. */
function titlesIn(text: string): readonly string[] {
  return [...text.matchAll(/\btest\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`([^`]*)`)/g)].map(
    ([, single, double, template]) => single ?? double ?? template ?? '',
  )
}

/** `file: title`; a title that ends in … is the beginning of one. */
function isThere(named: string): boolean {
  const { file, title } = read(named)
  if (title === '') return false
  const whole = !title.endsWith('…')
  const wanted = title.replace(/ ?…$/, '')
  return titlesIn(textOf(file)).some((one) =>
    whole ? one === wanted : one.startsWith(wanted) || one.split('${')[0] === `${wanted} `,
  )
}

function read(named: string): { file: string; title: string } {
  const [, file = '', title = ''] = /^((?:[a-z0-9-]+\/)?[a-z-]+): (.+)$/.exec(named) ?? []
  return { file, title }
}

describe('the failure matrix of the queue', () => {
  test('has its rows', () => expect(rows.length).toBeGreaterThan(10))

  test.each(rows)('$where: names tests that are there', ({ named }) => {
    expect(named.filter((one) => !isThere(one))).toEqual([])
  })

  test.each(rows)('$where: names no test of a file in which tests are skipped', ({ named }) => {
    expect(named.filter((one) => standsAside.test(textOf(read(one).file)))).toEqual([])
  })

  test.each([
    "test.skip('a row', () => {})",
    "test.skipIf(process.env.CI)('a row', () => {})",
    "test.concurrent.todo('a row')",
    "describe.runIf(false)('rows', () => { test('a row', () => {}) })",
    "test('a row', { skip: true }, () => {})",
    "test('a row', (context) => context.skip())",
    "test.only('another', () => {})",
    "xit('a row', () => {})",
  ])('knows a skipped test when it sees one: %s', (text) => {
    expect(standsAside.test(text)).toBe(true)
  })

  test('leaves no test of its own file out', () => {
    const all = rows.flatMap(({ named }) => named)
    const forgotten = titlesIn(textOf('failure-matrix')).filter(
      (title) => !all.some((one) => one.startsWith('failure-matrix: ') && title.startsWith(one.slice(16).replace(/ ?…$/, ''))),
    )
    expect(forgotten).toEqual([])
  })
})
