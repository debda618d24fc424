/** Waits at a receiver for a moment worth striking at: it holds one message's exchange there until the blow has fallen. */
import type { Moment } from './plan.ts'

export type Ambush = {
  /** Handed to the simulator. */
  onMoment(moment: Moment, controlId: string): Promise<void>
  /** Calls `strike` at each such moment, while the exchange stands still, until it hit; false where that was not in time. */
  at(moment: Moment, timeoutMs: number, strike: (controlId: string) => Promise<boolean>): Promise<boolean>
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
        let late = false
        const entry = {
          moment,
          spring: async (controlId: string) => {
            const hit = await strike(controlId).catch(() => false)
            // Often it was the last message of one that another blow has just killed.
            if (!hit && !late) return void waiting.push(entry)
            clearTimeout(timer)
            answer(hit)
          },
        }
        const timer = setTimeout(() => {
          late = true
          const index = waiting.indexOf(entry)
          if (index < 0) return // it strikes right now, and answers then
          waiting.splice(index, 1)
          answer(false)
        }, timeoutMs)
        waiting.push(entry)
      }),
  }
}
