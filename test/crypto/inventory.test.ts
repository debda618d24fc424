import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cryptoUses } from '../../src/crypto/inventory.ts'

const src = new URL('../../src/', import.meta.url).pathname
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .sort()
const textOf = (file: string) => readFileSync(join(src, file), 'utf8')
/** Without comments, in which words like `crypto.subtle` do no harm. */
const codeOf = (file: string) =>
  textOf(file)
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/^\s*\/\/.*$/gm, '')

function usesOf(code: string): readonly string[] {
  const found = new Set<string>()
  for (const match of code.matchAll(/import\s+(type\s+)?([^'"]*?)\s+from\s+'((?:node:)?crypto|node-jose|jose|node:tls)'/g)) {
    const [, typeOnly, names = '', from = ''] = match
    if (typeOnly || from === 'node:tls') continue
    const list = /^\{([\s\S]*)\}$/.exec(names.trim())?.[1]
    if (from !== 'node:crypto' || list === undefined) found.add(from)
    else
      for (const name of list.split(','))
        if (name.trim() && !name.trim().startsWith('type ')) found.add(name.trim().replace(/ as .*/, ''))
  }
  for (const match of code.matchAll(/(?<![.\w'/-])(?:globalThis\.)?crypto\.(\w+)/g)) found.add(`crypto.${match[1]}`)
  for (const match of code.matchAll(
    /import\(\s*['"`]((?:node:)?crypto|node-jose)['"`]|require\(|createRequire|process\.binding|getBuiltinModule/g,
  )) {
    found.add(`dynamic ${match[1] ?? match[0]}`)
  }
  return [...found].sort()
}

test('every use of cryptography stands in the inventory, and the inventory lists nothing else', () => {
  const found = Object.fromEntries(
    files.map((file) => [file, usesOf(codeOf(file))] as const).filter(([, uses]) => uses.length > 0),
  )
  const listed = Object.fromEntries(cryptoUses.map((use) => [use.file, [...use.calls].sort()]))
  expect(found).toEqual(listed)
})

test('the scan sees every way of reaching the platform’s cryptography', () => {
  expect(usesOf(`import { randomBytes, type Hash,\n createHmac as mac } from 'node:crypto'`)).toEqual([
    'createHmac',
    'randomBytes',
  ])
  expect(usesOf(`import * as c from 'node:crypto'`)).toEqual(['node:crypto'])
  expect(usesOf(`import jose from 'node-jose'`)).toEqual(['node-jose'])
  expect(usesOf(`const x = crypto.subtle.digest(a); globalThis.crypto.getRandomValues(b)`)).toEqual([
    'crypto.getRandomValues',
    'crypto.subtle',
  ])
  expect(usesOf(`await import('node:crypto'); process.getBuiltinModule('crypto')`)).toEqual([
    'dynamic getBuiltinModule',
    'dynamic node:crypto',
  ])
  expect(usesOf(`import type { KeyObject } from 'node:crypto'\nimport { x } from '../crypto/jose.ts'`)).toEqual([])
})

test('every cipher says a tag length of 16 bytes', () => {
  for (const file of files) {
    const code = codeOf(file)
    for (const match of code.matchAll(/create(?:Cipheriv|Decipheriv)\(([^()]*(?:\([^()]*\)[^()]*)*)\)/g)) {
      const last =
        match[1]
          ?.split(/,(?![^{]*\})/)
          .at(-1)
          ?.trim() ?? ''
      const options = /^\w+$/.test(last) ? (new RegExp(`const ${last} = (\\{[^}]*\\})`).exec(code)?.[1] ?? '') : last
      expect(options, file).toMatch(/authTagLength: (16|tagBytes)\b/)
    }
  }
})

test('no broken digest, no cipher without authentication, no guessable random in the rooms of secrets', () => {
  for (const file of files) {
    const code = codeOf(file)
    expect(code, file).not.toMatch(/['"`](md5|sha-?1|rc4|des(3|-\w+)?|aes-\d+-(cbc|ecb|ctr|cfb\d*|ofb))['"`]/i)
    if (/^(crypto|auth|audit)\//.test(file)) expect(code, file).not.toContain('Math.random')
  }
})

test('node-jose stands in one file', () => {
  expect(files.filter((file) => /from 'node-jose'/.test(codeOf(file)))).toEqual(['crypto/jose.ts'])
})
