/** A YAML file as plain values, with the place of every key and value, and everything that is wrong with its YAML. */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml'
import { readBoundedText } from './bounded-file.ts'
import type { ConfigMistake } from './config.ts'
import { printKey } from './mistakes.ts'
import { yamlMessages } from './yaml-messages.ts'

const fileBytesMax = 1024 * 1024
const depthMax = 12
/** Counted after aliases are followed, so that a small file cannot unfold into a large one. */
const nodesMax = 100_000
const aliasesMax = 100
const syntaxMistakesMax = 20

export type Place = { readonly line: number; readonly column: number }

export type YamlFile = {
  readonly path: string
  /** Undefined where nothing usable was read; `mistakes` then says why. */
  readonly value: unknown
  readonly mistakes: readonly ConfigMistake[]
  /** Where the value (or its key) stands; null where the file does not hold that path itself. */
  findPlace(path: readonly PropertyKey[], part: 'key' | 'value'): Place | null
}

/** `whenAbsent` is what a file that is not there is taken to hold; without it, that is a mistake. */
export function readYamlFile(path: string, options: { readonly whenAbsent?: string } = {}): YamlFile {
  const text = readBoundedText(path, fileBytesMax, options)
  if (!text.ok)
    return {
      path,
      value: undefined,
      mistakes: [{ source: path, line: null, column: null, key: '', message: text.problem }],
      findPlace: () => null,
    }
  return parseYaml(path, text.value)
}

export function parseYaml(path: string, text: string): YamlFile {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error',
    version: '1.2',
    stringKeys: true,
    merge: false,
    resolveKnownTags: false,
    uniqueKeys: false, // found here instead, with the key's full path
  })
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const syntax = syntaxMistakes(path, document, placeOf)
  if (syntax.length > 0 || document.contents === null)
    return {
      path,
      value: undefined,
      mistakes: syntax.length > 0 ? syntax : [{ source: path, line: 1, column: 1, key: '', message: 'holds nothing' }],
      findPlace: () => null,
    }
  const reading = new NodeReading(path, placeOf)
  const value = reading.read(document.contents, [])
  return {
    path,
    // Past a bound the rest was not read, and would only look as if it were missing.
    value: reading.isComplete ? value : undefined,
    mistakes: reading.mistakes,
    findPlace: (keys, part) => reading.places.get(JSON.stringify(keys))?.[part] ?? null,
  }
}

/** At most one a line: what follows a slip on the same line is noise. */
function syntaxMistakes(path: string, document: Document, placeOf: (offset: number) => Place): ConfigMistake[] {
  const found = new Map<number, ConfigMistake>()
  const mistakeAt = (offset: number, message: string) => {
    const place = placeOf(offset)
    if (!found.has(place.line) && found.size < syntaxMistakesMax)
      found.set(place.line, { source: path, line: place.line, column: place.column, key: '', message })
  }
  // Another version would give `yes`, `010` and `1:30` other meanings.
  if (document.directives?.yaml.explicit && document.directives.yaml.version !== '1.2')
    mistakeAt(0, 'is written for another version of YAML: expected 1.2, or no %YAML line')
  // Where the reader gave up depends on its stack, and says nothing.
  for (const { code, pos } of [...document.errors, ...document.warnings])
    mistakeAt(code === 'RESOURCE_EXHAUSTION' ? 0 : pos[0], yamlMessages[code])
  return [...found.values()]
}

/** Walks the nodes instead of calling `toJS`, which neither bounds the depth nor says where a value came from. */
class NodeReading {
  readonly mistakes: ConfigMistake[] = []
  readonly places = new Map<string, { key: Place; value: Place }>()
  readonly #path: string
  readonly #placeOf: (offset: number) => Place
  readonly #anchors = new Map<string, Node>()
  readonly #open = new Set<Node>()
  #nodes = 0
  #aliases = 0
  isComplete = true

  constructor(path: string, placeOf: (offset: number) => Place) {
    this.#path = path
    this.#placeOf = placeOf
  }

  read(node: Node | null, keys: readonly PropertyKey[], key?: Place): unknown {
    const place = this.#placeAt(node) ?? key ?? { line: 1, column: 1 }
    this.places.set(JSON.stringify(keys), { key: key ?? place, value: place })
    if (node === null) return null
    if (!this.isComplete) return undefined
    this.#nodes += 1
    if (this.#nodes > nodesMax) return this.#stop(keys, place, `holds more than ${nodesMax} values, aliases followed`)
    if (isAlias(node)) return this.#followAlias(node.source, keys, place)
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node)
    if (isScalar(node)) return node.value
    if (keys.length >= depthMax) return this.#stop(keys, place, `is nested more than ${depthMax} deep`)
    this.#open.add(node)
    const value = isMap(node) ? this.#readMap(node, keys) : isSeq(node) ? this.#readList(node.items, keys) : undefined
    this.#open.delete(node)
    return value
  }

  #followAlias(anchor: string, keys: readonly PropertyKey[], place: Place): unknown {
    this.#aliases += 1
    if (this.#aliases > aliasesMax) return this.#stop(keys, place, `follows more than ${aliasesMax} aliases`)
    const target = this.#anchors.get(anchor)
    if (target === undefined) return this.#mistake(keys, place, 'refers to an anchor (&…) that is not set above')
    if (this.#open.has(target)) return this.#mistake(keys, place, 'refers to an anchor (&…) that holds it')
    return this.read(target, keys, place)
  }

  #readMap(map: YAMLMap, keys: readonly PropertyKey[]): unknown {
    // No prototype: a key named `__proto__` is a key like any other, and then an unknown one.
    const value: Record<string, unknown> = Object.create(null)
    const seen = new Map<string, Place>()
    for (const pair of map.items) {
      const name = String(isScalar(pair.key) ? pair.key.value : pair.key)
      const place = this.#placeAt(pair.key as Node | null) ?? { line: 1, column: 1 }
      const first = seen.get(name)
      if (first) {
        this.#mistake([...keys, name], place, `is given twice: it stands on line ${first.line} already`)
        continue
      }
      seen.set(name, place)
      value[name] = this.read(pair.value as Node | null, [...keys, name], place)
    }
    return value
  }

  #readList(items: readonly unknown[], keys: readonly PropertyKey[]): unknown {
    return items.map((item, index) => this.read(item as Node | null, [...keys, index]))
  }

  #placeAt(node: Node | null): Place | null {
    return node?.range ? this.#placeOf(node.range[0]) : null
  }

  /** A bound is passed: said once. */
  #stop(keys: readonly PropertyKey[], place: Place, message: string): undefined {
    if (this.isComplete) this.#mistake(keys, place, message)
    this.isComplete = false
  }

  #mistake(keys: readonly PropertyKey[], place: Place, message: string): undefined {
    this.mistakes.push({ source: this.#path, line: place.line, column: place.column, key: printKey(keys), message })
    return undefined
  }
}
