/** The process's logger: JSON lines on standard output, of fields that are ids, codes and counts; no free text. */
import { pino } from 'pino'
import type { Profile } from '../domain/profile.ts'

export type LogValue = string | number | boolean | null | readonly string[]
export type LogFields = Readonly<Record<string, LogValue>>

/** Takes fields and nothing else: neither a message nor an error, which may hold whatever a patient's record holds. */
export type Logger = { readonly [Level in 'info' | 'warn' | 'error']: (fields: LogFields) => void }

export type LoggerSettings = {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error'
  readonly profile: Profile
  /** Tells one replica from another, such as the host's name. */
  readonly instance: string
}

/** Writes synchronously, so that the last line before an end is not lost (a line that a crash loses is never audit). */
export function createLogger(
  settings: LoggerSettings,
  stream: pino.DestinationStream = pino.destination({ fd: 1, sync: true }),
): Logger {
  const writer = pino(
    {
      level: settings.level,
      base: { service: 'passerelle', profile: settings.profile, instance: settings.instance },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  )
  // pino itself stays inside: handed an error, it would write its message and its stack.
  return {
    info: (fields) => writer.info(onlyValues(fields)),
    warn: (fields) => writer.warn(onlyValues(fields)),
    error: (fields) => writer.error(onlyValues(fields)),
  }
}

/** The type says so already; this holds where a cast has lied. */
function onlyValues(fields: LogFields): LogFields {
  const values = Object.entries(fields).filter(([, value]) =>
    Array.isArray(value) ? value.every((item) => typeof item === 'string') : value === null || typeof value !== 'object',
  )
  return Object.fromEntries(values)
}
