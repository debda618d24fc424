/** How commands speak: results on standard output, notes on standard error, refusals as errors with a sentence. */
import type { ConfigMistake } from '../config/config.ts'
import { printMistakes } from '../config/mistakes.ts'

export function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

export function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

export function configRefused(mistakes: readonly ConfigMistake[]): Error {
  return new Error(`the configuration is refused:\n${printMistakes(mistakes)}`)
}

/** The message of a fault and of what caused it, for the one who typed the command: never of a request. */
export function explain(cause: unknown): string {
  const lines: string[] = []
  for (let error: unknown = cause, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth++) {
    const message = error.message || error.name
    if (!lines.includes(message)) lines.push(message)
  }
  return lines.length > 0 ? lines.join('\n  because: ') : 'failed for an unknown reason'
}
