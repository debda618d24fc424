/** Carries out one step of the plan against the house; answers how many processes it killed. */
import { setTimeout as wait } from 'node:timers/promises'
import { destinationOf } from './config.ts'
import type { House } from './house.ts'
import type { Moment, Side, Step } from './plan.ts'
import type { Supervised } from './processes.ts'

/** Kills still to be made; what is taken and not used is given back. */
export type Budget = { take(wanted: number): number; giveBack(unused: number): void }

const upWithinMs = 8_000
const momentWithinMs = 1_500

export async function strike(house: House, step: Step, budget: Budget): Promise<number> {
  switch (step.kind) {
    case 'kill-worker':
      return killOne(house.workers[step.worker], budget)
    case 'kill-worker-at':
      return spend(budget, 1, async () => {
        const hit = await atMoment(house, step, (worker) => worker.signal('SIGKILL'))
        return hit ? 1 : 0
      })
    case 'kill-all-workers':
      return spend(budget, house.workers.length, async (granted) => {
        const up = house.workers.filter((worker) => worker.up()).slice(0, granted)
        return up.filter((worker) => worker.signal('SIGKILL')).length
      })
    case 'kill-gateway':
      return killOne(house.gateways[step.gateway], budget)
    case 'kill-gateway-in-request':
      return spend(budget, 1, async () => {
        const index = await house.frontDoor.nextRequest(momentWithinMs)
        if (index === null) return 0
        await wait(step.delayMs)
        return house.gateways[index]?.signal('SIGKILL') ? 1 : 0
      })
    case 'kill-backends':
      return spend(budget, step.count, (granted) => house.database.killBackends(step.while, granted))
    case 'kill-postgres':
      return spend(budget, 1, async () => (house.database.killServer(step.children) ? 1 : 0))
    case 'suspend-worker':
      await suspend(house, step)
      return 0
    case 'turn-clock':
      if (house.workers[0]?.up()) house.workers[0].signal('SIGUSR2')
      return 0
    case 'fill-disk':
      await house.database.fillDisk?.(step.ms)
      return 0
    case 'receiver':
      house.receivers()[step.side].faults.add({ mode: step.mode, count: step.count, ms: step.ms })
      return 0
  }
}

async function spend(budget: Budget, wanted: number, kill: (granted: number) => Promise<number>): Promise<number> {
  const granted = budget.take(wanted)
  if (granted === 0) return 0
  const killed = await kill(granted).catch(() => 0)
  budget.giveBack(granted - killed)
  return killed
}

/** Only one that had come up: to kill what is just starting would prove little. */
async function killOne(target: Supervised | undefined, budget: Budget): Promise<number> {
  return spend(budget, 1, async () => {
    const until = performance.now() + upWithinMs
    while (!target?.up() && performance.now() < until) await wait(20)
    return target?.up() && target.signal('SIGKILL') ? 1 : 0
  })
}

/** Strikes the worker whose message the receiver holds in its hand; false where none came in time. */
async function atMoment(
  house: House,
  { moment, side }: { moment: Moment; side: Side },
  hit: (worker: Supervised) => boolean,
): Promise<boolean> {
  const struck = await house.ambushes[side].at(moment, momentWithinMs, async (controlId) => {
    const [row] = await house.database.ask(
      (sql) => sql<{ pid: number | null }[]>`
        select split_part(claimed_by, '-', -2)::int as pid from declarations
        where destination = ${destinationOf[side]} and control_id = ${controlId}`,
    )
    const worker = house.workers.find((one) => one.pid() === row?.pid)
    return worker !== undefined && hit(worker)
  })
  return struck ?? false
}

/** One at a time: with more of them nobody would be left to take over. */
const suspended = new WeakSet<House>()

/** Stops a process where it stands until its lease is another's, and lets it go on. */
async function suspend(house: House, step: Extract<Step, { kind: 'suspend-worker' }>): Promise<void> {
  if (suspended.has(house)) return
  suspended.add(house)
  await suspendOne(house, step).finally(() => suspended.delete(house))
}

async function suspendOne(house: House, step: Extract<Step, { kind: 'suspend-worker' }>): Promise<void> {
  let stopped = house.workers[step.worker]
  const stop = (worker: Supervised) => {
    stopped = worker
    return worker.signal('SIGSTOP')
  }
  const { moment } = step
  const hit = moment ? await atMoment(house, { moment, side: 'promising' }, stop) : stopped !== undefined && stop(stopped)
  if (!hit) return
  const pid = stopped?.pid()
  await wait(step.ms)
  if (pid !== undefined && stopped?.pid() === pid) stopped.signal('SIGCONT')
}
