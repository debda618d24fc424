/** Strikes after the plan, several blows at once, until as many processes have been killed as were to be. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { House } from './house.ts'
import type { Options } from './options.ts'
import type { PlannedStep } from './plan.ts'
import { type Budget, strike } from './strike.ts'
import { noteBlow, type Total } from './total.ts'

/** A gap of calm costs more than the blow: several wait for their moments at once. */
const openStepsMax = 16
const worthWithinMs = 10_000
const progressMs = 30_000

export type Run = {
  readonly options: Options
  readonly steps: Generator<PlannedStep, never>
  readonly total: Total
  readonly folder: string
  readonly startedAt: number
  /** Aborted when the run is to end early, in peace; its reason says why. */
  readonly cut: AbortSignal
}

export async function harass(house: House, run: Run, kills: number): Promise<void> {
  const { options, steps, total, folder, startedAt, cut } = run
  let left = kills
  const budget: Budget = {
    take: (wanted) => {
      const granted = Math.min(wanted, left)
      left -= granted
      return granted
    },
    giveBack: (unused) => {
      left += unused
    },
  }
  const open = new Set<Promise<void>>()
  let striking = 0
  let sayAt = performance.now() + progressMs
  while ((left > 0 || striking > 0) && !cut.aborted) {
    if (performance.now() > sayAt) {
      sayAt += progressMs
      console.log(progress(run))
    }
    if ((performance.now() - startedAt) / 1000 > options.secondsMax) {
      total.late = `the kills took longer than ${options.secondsMax} s`
      break
    }
    if (left === 0 || open.size >= openStepsMax) {
      await Promise.race([...open, wait(100)])
      continue
    }
    const { afterMs, step } = steps.next().value
    await wait(afterMs)
    await untilWorthStriking(house)
    const counts = step.kind.startsWith('kill')
    if (counts) striking += 1
    const atMs = Math.round(performance.now() - startedAt)
    const done: Promise<void> = strike(house, step, budget)
      .catch((cause: unknown) => {
        console.error(`${step.kind}:`, cause)
        return { killed: 0, hit: null }
      })
      .then((blow) => {
        noteBlow(total, step, blow)
        appendFileSync(join(folder, 'steps.jsonl'), `${JSON.stringify({ atMs, ...blow, ...step })}\n`)
      })
      .finally(() => {
        if (counts) striking -= 1
        open.delete(done)
      })
    open.add(done)
  }
  // Who is suspended wakes up, and a full disk is emptied, before peace begins.
  await Promise.all(open)
}

/** However slow the machine: somebody is there to take requests, and somebody to send, before the next blow falls. */
async function untilWorthStriking(house: House): Promise<void> {
  const end = performance.now() + worthWithinMs
  const standing = (all: House['workers']) => all.filter((one) => one.up() && !one.suspended()).length
  while ((standing(house.gateways) < 1 || standing(house.workers) < 2) && performance.now() < end) await wait(20)
}

function progress({ options, total, startedAt }: Run): string {
  const seconds = (performance.now() - startedAt) / 1000
  const leftMinutes = Math.ceil(((options.kills - total.kills) * seconds) / Math.max(1, total.kills) / 60)
  return `${Math.round(seconds)} s: kills ${total.kills} of ${options.kills}, ${(total.kills / seconds).toFixed(2)} a second since the start, about ${leftMinutes} min to go`
}
