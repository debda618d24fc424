/** How arrays of PostgreSQL's built-in types are written and read, told to the driver instead of asked of the server. */
import type { PostgresType } from 'postgres'

/** Array type → type of its elements, by the object ids that every PostgreSQL gives them. */
const builtIn = { uuid: 2951, text: 1009, varchar: 1015, int2: 1005, int4: 1007, int8: 1016, float8: 1022, bool: 1000 } as const
type Name = keyof typeof builtIn

/**
 * Options of every client that lives long. postgres.js (3.4.9) asks each new connection for the array types, with a question
 * of its own whose failure nobody can catch: a server that dies in that moment takes the process with it.
 */
export const knownTypes = {
  fetch_types: false,
  types: Object.fromEntries((Object.keys(builtIn) as Name[]).map((name) => [`${name}s`, arrayOf(name)])),
}

function arrayOf(name: Name): PostgresType {
  const oid = builtIn[name]
  return { to: oid, from: [oid], serialize: writeArray, parse: (text: string) => readArray(text, name) }
}

function writeArray(values: unknown): unknown {
  if (!Array.isArray(values)) return values
  return `{${values.map((value) => (value === null ? 'null' : `"${String(value).replaceAll(/["\\]/g, '\\$&')}"`)).join(',')}}`
}

/** One dimension, as PostgreSQL writes it: elements in quotes where they need them, NULL never. */
function readArray(text: string, name: Name): readonly unknown[] {
  const elements = text.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/gs)
  return [...elements].map(([, quoted, bare]) => {
    if (bare === 'NULL') return null
    const element = quoted?.replaceAll(/\\(.)/gs, '$1') ?? bare ?? ''
    if (name === 'bool') return element === 't'
    return name === 'int2' || name === 'int4' || name === 'float8' ? Number(element) : element
  })
}
