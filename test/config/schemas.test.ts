import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { secretNames, settingNames } from '../../src/config/env.ts'
import { listJsonSchemas } from '../../src/config/json-schemas.ts'

const directory = fileURLToPath(new URL('../../config', import.meta.url))
const readme = readFileSync(`${directory}/README.md`, 'utf8')

describe.each([...listJsonSchemas()])('%s', (name, schema) => {
  test('as committed is the schema that the gateway reads by (else run test/config/write-json-schemas.ts)', () => {
    expect(JSON.parse(readFileSync(`${directory}/schemas/${name}`, 'utf8'))).toEqual(schema)
  })

  test('is named on the first line of its example', () => {
    const example = readFileSync(`${directory}/example/${name.replace('.schema.json', '.yaml')}`, 'utf8')
    expect(example.split('\n')[0]).toBe(`# yaml-language-server: $schema=../schemas/${name}`)
  })

  test('has every key described for editors, and explained in the README under its file', () => {
    const section = sectionOf(name.replace('.schema.json', '.yaml'))
    const explained = [...section.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1])
    const keys = keysOf(schema as Node)

    expect(keys.filter(({ description }) => !description)).toEqual([])
    // Keys that several kinds of transport share are explained once.
    expect(explained.toSorted()).toEqual([...new Set(keys.map(({ key }) => key))].toSorted())
  })
})

test('every environment variable is explained in the README, and no other', () => {
  const explained = [...sectionOf('Environment').matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1])
  expect(explained.toSorted()).toEqual([...settingNames, ...secretNames].toSorted())
})

type Node = { description?: string; properties?: Record<string, Node>; items?: Node; anyOf?: Node[]; oneOf?: Node[] }

/** `destinations[].transport.url` and all others, groups and lists included. */
function keysOf(node: Node, prefix = ''): { key: string; description: string | undefined }[] {
  const inside = [node, ...(node.anyOf ?? []), ...(node.oneOf ?? [])]
  return inside.flatMap(({ properties = {}, items }) => [
    ...Object.entries(properties).flatMap(([name, child]) => {
      const key = prefix === '' ? name : `${prefix}.${name}`
      return [{ key, description: child.description }, ...keysOf(child, key)]
    }),
    ...(items ? keysOf(items, `${prefix}[]`) : []),
  ])
}

function sectionOf(title: string): string {
  const section = readme.split(/^## /m).find((text) => text.startsWith(title))
  if (section === undefined) throw new Error(`config/README.md has no section ${title}`)
  return section
}
