/** Waits at a receiver for a moment worth striking at: it holds one message's exchange there until the blow has fallen. */
import type { Moment } from './plan.ts'

export type Ambush = {
  /** Handed to the simulator. */
  onMoment(moment: Moment, controlId: string): Promise<void>
  /** Calls `strike` at the next such moment, while the exchange stands still; null where none came in time. */
  at<Value>(moment: Moment, timeoutMs: number, strike: (controlId: string) => Promise<Value>): Promise<Value | null>
}

export function createAmbush(): Ambush {
  const waiting: { moment: Moment; spring: (controlId: string) => Promise<void> }[] = []
  return {
    onMoment: async (moment, controlId) => {
      const index = waiting.findIndex((one) => one.moment === moment)
      if (index >= 0) await waiting.splice(index, 1)[0]?.spring(controlId)
    },
    at: (moment, timeoutMs, strike) =>
      new Promise((answer) => {
        const entry = {
          moment,
          spring: async (controlId: string) => {
            clearTimeout(timer)
            answer(await strike(controlId).catch(() => null))
          },
        }
        const timer = setTimeout(() => {
          waiting.splice(waiting.indexOf(entry), 1)
          answer(null)
        }, timeoutMs)
        waiting.push(entry)
      }),
  }
}
