/** Wall-clock time in Europe/Paris: what people type and read, against the UTC instants we keep. */
import { fail, ok, type Result } from '../base/result.ts'

export type ParisTimeProblem = 'not-a-time' | 'time-does-not-exist'

const parts = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'Europe/Paris',
  hourCycle: 'h23',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
})

export type WallTime = { year: string; month: string; day: string; hour: string; minute: string; second: string; offset: string }

/** The Paris wall clock at an instant; `offset` like `+0100`. */
export function parisWallTime(instant: Date): WallTime {
  const found: Record<string, string> = {}
  for (const { type, value } of parts.formatToParts(instant)) found[type] = value
  const { year = '', month = '', day = '', hour = '', minute = '', second = '' } = found
  const asUtc = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second))
  const offsetMinutes = Math.round((asUtc - Math.floor(instant.getTime() / 1000) * 1000) / 60_000)
  const sign = offsetMinutes < 0 ? '-' : '+'
  const hours = String(Math.floor(Math.abs(offsetMinutes) / 60)).padStart(2, '0')
  return {
    year,
    month,
    day,
    hour,
    minute,
    second,
    offset: `${sign}${hours}${String(Math.abs(offsetMinutes) % 60).padStart(2, '0')}`,
  }
}

/** `YYYY-MM-DD` of an instant in Paris: the day of the ledger and of "today". */
export function parisDay(instant: Date): string {
  const { year, month, day } = parisWallTime(instant)
  return `${year}-${month}-${day}`
}

/** `YYYY-MM-DDTHH:MM` of an instant in Paris: the value of a `datetime-local` field. */
export function parisDateTimeLocal(instant: Date): string {
  const { hour, minute } = parisWallTime(instant)
  return `${parisDay(instant)}T${hour}:${minute}`
}

/**
 * Reads `YYYY-MM-DDTHH:MM[:SS]` as Paris time. The hour that the March change skips is refused; in the hour
 * that October repeats, the first one (summer time) is meant.
 */
export function parseParisDateTime(input: string): Result<Date, ParisTimeProblem> {
  const match = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2}))?$/.exec(input)
  if (!match) return fail('not-a-time')
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map((digits) => Number(digits ?? 0))
  const wall = Date.UTC(year, month - 1, day, hour, minute, second)
  const written = new Date(wall)
  const rolledOver =
    written.getUTCFullYear() !== year || // Date.UTC takes 0–99 for 1900–1999
    written.getUTCMonth() !== month - 1 ||
    written.getUTCDate() !== day
  if (rolledOver || minute > 59 || second > 59) return fail('not-a-time')
  for (const offsetHours of [2, 1]) {
    const instant = new Date(wall - offsetHours * 3_600_000)
    if (parisWallTime(instant).offset === `+0${offsetHours}00`) return ok(instant)
  }
  return fail('time-does-not-exist')
}

/** The instant at which a Paris day (`YYYY-MM-DD`) begins, and the one at which the next begins. */
export function parisDayBounds(day: string): { from: Date; until: Date } {
  const from = parseParisDateTime(`${day}T00:00`)
  const next = new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10)
  const until = parseParisDateTime(`${next}T00:00`)
  if (!from.ok || !until.ok) throw new RangeError('not a day')
  return { from: from.value, until: until.value }
}

/** True for a day of the calendar, written `YYYY-MM-DD`. */
export function isParisDay(text: string): boolean {
  try {
    parisDayBounds(text)
    return true
  } catch {
    return false
  }
}
