/** The shapes that a field of a log line or a label may have; anything else is written as `unprintable`. */
import { isId } from '../base/ids.ts'

export const unprintable = 'unprintable'

/** Long runs of digits are numbers of people, pharmacies or boxes: no name of ours has one. */
const longNumber = /\d{5}/

/** A lower-case UUID. */
export function printableId(value: string): string {
  return isId(value) ? value : unprintable
}

/** `national-file`, `retry-budget-spent`, `access_denied`, `OAUTH_TIMEOUT`: identifiers of config and codes of lists. */
export function printableCode(value: string): string {
  const shaped = /^([a-z][a-z0-9]*([-_][a-z0-9]+)*|[A-Z][A-Z0-9]*(_[A-Z0-9]+)+)$/.test(value)
  return shaped && value.length <= 60 && !longNumber.test(value) ? value : unprintable
}

/** `GET /depistages/:id`, `unmatched`: the name of a route, never an address that somebody asked for. */
export function printableRoute(value: string): string {
  const shaped = /^([a-z-]{1,40}|[A-Z]{3,7} \/[a-z0-9:/_.{}*-]{0,120})$/.test(value)
  return shaped && !longNumber.test(value) ? value : unprintable
}

export function printableMethod(value: string): string {
  return /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/.test(value) ? value : unprintable
}

/** A value of a closed list. */
export function printableChoice(value: string, choices: readonly string[]): string {
  return choices.includes(value) ? value : unprintable
}

/** `['sessions=3']`, from counts by name; a field of a line holds no object. At most `countsMax`. */
export function printableCounts(counts: unknown): readonly string[] {
  if (typeof counts !== 'object' || counts === null || Array.isArray(counts)) return []
  return Object.entries(counts)
    .filter((entry): entry is [string, number] => printableCode(entry[0]) === entry[0] && typeof entry[1] === 'number')
    .slice(0, countsMax)
    .map(([name, count]) => `${name}=${printableNumber(count)}`)
}
const countsMax = 30

/** The root of a Merkle tree: 32 bytes in base64. */
export function printableRoot(value: string): string {
  return /^[A-Za-z0-9+/]{43}=$/.test(value) ? value : unprintable
}

/** A finite number, milliseconds to the tenth; null for anything else. */
export function printableNumber(value: number | null): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? Math.round(value * 10) / 10 : null
}
