/** Mistakes in the configuration: how they are ordered, cut and printed for the person who mends them. */
import type { ConfigMistake } from './config.ts'

/** Past this many, the rest is only counted: nobody mends two hundred lines without checking again. */
const mistakesPrintedMax = 200

/** `destinations[0].transport.url` for `['destinations', 0, 'transport', 'url']`. */
export function printKey(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    return text === '' ? printName(String(part)) : `${text}.${printName(String(part))}`
  }, '')
}

/** Names of ours are plain; what somebody else wrote may hold a dot, a line break or a terminal's escape. */
function printName(name: string): string {
  return /^[\w-]{1,64}$/.test(name) ? name : JSON.stringify(name.slice(0, 64))
}

/** By source, then by place; what has no place comes first in its source. */
export function sortMistakes(mistakes: readonly ConfigMistake[]): ConfigMistake[] {
  const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
  return mistakes.toSorted(
    (a, b) =>
      compare(a.source, b.source) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0) || compare(a.key, b.key),
  )
}

/** One line a mistake, `file:line:column  key: message`, which terminals and editors make into links. */
export function printMistakes(mistakes: readonly ConfigMistake[]): string {
  const lines = mistakes.slice(0, mistakesPrintedMax).map((mistake) => {
    const place = mistake.line === null ? '' : `:${mistake.line}:${mistake.column ?? 1}`
    const key = mistake.key === '' ? '' : `${mistake.key}: `
    return `${mistake.source}${place}  ${key}${mistake.message}`
  })
  const left = mistakes.length - lines.length
  if (left > 0) lines.push(`… and ${left} more`)
  return lines.join('\n')
}
