/** Carries out one step of the plan against the house; answers what came of it. */
import { setTimeout as wait } from 'node:timers/promises'
import { destinationOf } from './config.ts'
import type { House } from './house.ts'
import type { Aim, Step } from './plan.ts'
import type { Supervised } from './processes.ts'

/** Kills still to be made; what is taken and not used is given back. */
export type Budget = { take(wanted: number): number; giveBack(unused: number): void }

/** `hit`: whether the moment that it waited for came and was struck at; null where it waits for none, or was not carried out. */
export type Blow = { readonly killed: number; readonly hit: boolean | null }

const upWithinMs = 8_000
/** Long enough for the queue to come back from the blow before. */
const momentWithinMs = 6_000
/** A worker that has just come up holds nothing yet: to kill it then would prove little. */
const settledInMs = 200
/** What a receiver's trouble has not met by then, it meets no more: else storms would keep a destination shut for most of the run. */
const troubleMs = 2_000
/** Past its lease, and past the grace that a PostgreSQL that has just started gives: then others take over what it held. */
const takenOverWithinMs = 15_000

export async function strike(house: House, step: Step, budget: Budget): Promise<Blow> {
  switch (step.kind) {
    case 'kill-worker':
      return anyhow(await killOne(house.workers[step.worker], budget))
    case 'kill-worker-at':
      return aimed(budget, 1, async () => ((await atMoment(house, step, (worker) => worker.signal('SIGKILL'))) ? 1 : 0))
    case 'kill-all-workers':
      return anyhow(
        await spend(budget, house.workers.length, async (granted) => {
          const up = house.workers.filter((worker) => worker.up() && !worker.suspended()).slice(0, granted)
          return up.filter((worker) => worker.signal('SIGKILL')).length
        }),
      )
    case 'kill-gateway':
      return anyhow(await killOne(house.gateways[step.gateway], budget))
    case 'kill-gateway-in-request':
      return aimed(budget, 1, async () => {
        const index = await house.frontDoor.nextRequest(momentWithinMs)
        if (index === null) return 0
        await wait(step.delayMs)
        return house.gateways[index]?.signal('SIGKILL') ? 1 : 0
      })
    case 'kill-backends':
      return aimed(budget, step.count, (granted) => house.database.killBackends(step.while, granted))
    case 'kill-postgres':
      return anyhow(await spend(budget, 1, async () => (house.database.killServer(step.children) ? 1 : 0)))
    case 'suspend-worker':
      return { killed: 0, hit: await suspend(house, step) }
    case 'turn-clock':
      if (house.workers[0]?.up()) house.workers[0].signal('SIGUSR2')
      return anyhow(0)
    case 'fill-disk':
      await house.database.fillDisk?.(step.ms)
      return anyhow(0)
    case 'receiver': {
      const { mode, count, ms } = step
      const end = house.receivers()[step.side].faults.add({ mode, count, ms })
      setTimeout(end, troubleMs).unref()
      return anyhow(0)
    }
  }
}

const anyhow = (killed: number): Blow => ({ killed, hit: null })

async function aimed(budget: Budget, wanted: number, kill: (granted: number) => Promise<number>): Promise<Blow> {
  const killed = await spend(budget, wanted, kill)
  return { killed, hit: killed > 0 }
}

async function spend(budget: Budget, wanted: number, kill: (granted: number) => Promise<number>): Promise<number> {
  const granted = budget.take(wanted)
  if (granted === 0) return 0
  const killed = await kill(granted).catch(() => 0)
  budget.giveBack(granted - killed)
  return killed
}

async function killOne(target: Supervised | undefined, budget: Budget): Promise<number> {
  return spend(budget, 1, async () => {
    const until = performance.now() + upWithinMs
    // One that is suspended is to wake up as a zombie: a kill would take that from it.
    const ready = () => (target?.upForMs() ?? 0) > settledInMs && !target?.suspended()
    while (!ready() && performance.now() < until) await wait(20)
    return ready() && target?.signal('SIGKILL') ? 1 : 0
  })
}

/** Strikes the worker whose message the receiver holds in its hand; false where none came in time. */
async function atMoment(house: House, { moment, side }: Aim, hit: (worker: Supervised) => boolean): Promise<boolean> {
  return house.ambushes[side].at(moment, momentWithinMs, async (controlId) => {
    const pid = await house.database.findHolder(destinationOf[side], controlId)
    const worker = house.workers.find((one) => one.pid() === pid)
    return worker?.up() === true && !worker.suspended() && hit(worker)
  })
}

/** One at a time: with more of them nobody would be left to take over. */
const suspended = new WeakSet<House>()

/** Stops a process where it stands until its lease is another's, and lets it go on; null where another one stands still. */
async function suspend(house: House, step: Extract<Step, { kind: 'suspend-worker' }>): Promise<boolean | null> {
  if (suspended.has(house)) return null
  suspended.add(house)
  return suspendOne(house, step).finally(() => suspended.delete(house))
}

/** True where it woke while what it held was another's. */
async function suspendOne(house: House, step: Extract<Step, { kind: 'suspend-worker' }>): Promise<boolean> {
  let stopped = house.workers[step.worker]
  const stop = (worker: Supervised) => {
    stopped = worker
    return worker.signal('SIGSTOP')
  }
  const { at } = step
  const hit = at ? await atMoment(house, at, stop) : stopped !== undefined && stop(stopped)
  const pid = stopped?.pid()
  if (!hit || pid === undefined) return false
  const held = await house.database.countHeldBy(pid)
  await wait(step.ms)
  const end = performance.now() + takenOverWithinMs
  let left = held
  while (stopped?.pid() === pid && performance.now() < end) {
    left = await house.database.countHeldBy(pid)
    if (left === 0) break
    await wait(200)
  }
  return stopped?.pid() === pid && stopped.signal('SIGCONT') && held > 0 && left < held
}
