/** A logger whose lines are kept, as text and as JSON. */
import { createLogger, type Logger, type LoggerSettings } from '../../src/telemetry/logger.ts'

export type CapturedLog = { readonly logger: Logger; text(): string; lines(): Record<string, unknown>[] }

export function captureLog(settings: Partial<LoggerSettings> = {}): CapturedLog {
  let text = ''
  const stream = {
    write: (line: string) => {
      text += line
    },
  }
  return {
    logger: createLogger({ level: 'info', profile: 'production', instance: 'gateway-1', ...settings }, stream),
    text: () => text,
    lines: () =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  }
}
