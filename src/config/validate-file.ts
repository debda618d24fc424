/** Holds a file against its schema: the typed value, or every mistake with its place, and what can still be checked. */
import * as z from 'zod'
import type { ConfigMistake } from './config.ts'
import { printKey } from './mistakes.ts'
import { findSuggestion } from './suggest.ts'
import type { YamlFile } from './yaml-file.ts'

/** What is left of a file once everything that its schema complained of is taken out: any part may be missing. */
export type Sound<T> = T extends readonly (infer Item)[]
  ? readonly (Sound<Item> | undefined)[]
  : T extends object
    ? { readonly [Key in keyof T]?: Sound<T[Key]> | undefined }
    : T

export type ValidFile<Schema extends z.ZodType> = {
  readonly mistakes: readonly ConfigMistake[]
  /** Null as soon as there is one mistake. */
  readonly value: z.output<Schema> | null
  /** For rules across keys, so that they are reported together with the rest; null where the file could not be read. */
  readonly sound: Sound<z.input<Schema>> | null
}

export function validateFile<Schema extends z.ZodType>(file: YamlFile, schema: Schema): ValidFile<Schema> {
  if (file.value === undefined) return { mistakes: file.mistakes, value: null, sound: null }
  const parsed = schema.safeParse(file.value)
  if (parsed.success)
    return { mistakes: file.mistakes, value: file.mistakes.length === 0 ? parsed.data : null, sound: soundOf(file.value, []) }
  const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue, [], { schema, value: file.value }))
  const mistakes = [...file.mistakes]
  // One mistake a key: what YAML already said of it comes first.
  const told = new Set(mistakes.map((mistake) => mistake.key))
  for (const { path, message, part } of problems) {
    const key = printKey(path)
    if (!told.has(key)) mistakes.push(mistakeAt(file, path, message, part))
    told.add(key)
  }
  return { mistakes, value: null, sound: soundOf(file.value, problems) }
}

/** A mistake at the place of `path`, or at the nearest key above it where the file does not hold it. */
export function mistakeAt(
  file: YamlFile,
  path: readonly PropertyKey[],
  message: string,
  part: 'key' | 'value' = 'value',
): ConfigMistake {
  let place = file.findPlace(path, part)
  for (let depth = path.length - 1; place === null && depth > 0; depth--) place = file.findPlace(path.slice(0, depth), 'key')
  return { source: file.path, line: place?.line ?? 1, column: place?.column ?? 1, key: printKey(path), message }
}

type Problem = { readonly path: readonly PropertyKey[]; readonly message: string; readonly part?: 'key' }

type Read = { readonly schema: z.ZodType; readonly value: unknown }

function problemsOf(issue: z.core.$ZodIssue, parents: readonly PropertyKey[], read: Read): Problem[] {
  const path = [...parents, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(read, path)
    return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(key, known), part: 'key' }))
  }
  if (issue.code === 'invalid_union') {
    // The alternative that got inside the value is the one that was meant.
    const meant = issue.errors.find((problems) => problems.length > 0 && problems.every((problem) => problem.path.length > 0))
    if (meant) return meant.flatMap((problem) => problemsOf(problem, path, read))
  }
  return [{ path, message: issue.message }]
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = findSuggestion(key, known)
  return near === null ? `unknown key: expected one of ${known.join(', ')}` : `unknown key: did you mean ${near}?`
}

type JsonSchema = {
  properties?: Record<string, JsonSchema>
  items?: JsonSchema
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  const?: unknown
}

/** Names of the keys that the schema knows at this place. */
function keysAt({ schema, value }: Read, path: readonly PropertyKey[]): string[] {
  let node: JsonSchema | undefined = z.toJSONSchema(schema, { io: 'input' }) as JsonSchema
  let found: unknown = value
  for (const part of path) {
    const here: JsonSchema | undefined = meantBy(node, found)
    node = typeof part === 'number' ? here?.items : here?.properties?.[String(part)]
    found = isHolder(found) ? found[String(part)] : undefined
  }
  return Object.keys(meantBy(node, found)?.properties ?? {})
}

/** Of several alternatives the one whose fixed words (`kind: sftp`) the value holds, else the one that is a group or a list. */
function meantBy(node: JsonSchema | undefined, value: unknown): JsonSchema | undefined {
  const holds = ({ properties = {} }: JsonSchema) =>
    Object.entries(properties).every(([key, { const: word }]) => word === undefined || (isHolder(value) && value[key] === word))
  const alternatives = [...(node?.oneOf ?? []), ...(node?.anyOf ?? [])]
  return alternatives.find((alternative) => (alternative.properties ?? alternative.items) && holds(alternative)) ?? node
}

/** A copy without the values at the problems' paths. The cast is safe: the schema had nothing against what is left. */
function soundOf<T>(value: unknown, problems: readonly Problem[]): T {
  const copy = structuredClone(value)
  if (problems.some((problem) => problem.path.length === 0)) return {} as T
  for (const { path } of problems) {
    let holder: unknown = copy
    for (const part of path.slice(0, -1)) holder = isHolder(holder) ? holder[part as string] : undefined
    if (isHolder(holder)) holder[path.at(-1) as string] = undefined
  }
  return copy as T
}

function isHolder(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
