/** A receiver that takes files out of one folder and answers in another, with fault switches, for the contract of both drops. */
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createJudge, type Plan } from './far-side.ts'

const lookEveryMs = 5

/** Makes `oru` and `ack` under `base`; `owner` is the user under which messages are put there, where it is another than ours. */
export function startDropFarSide(base: string, owner: number | null = null) {
  const outbox = join(base, 'oru')
  const answers = join(base, 'ack')
  for (const folder of [base, outbox, answers]) {
    mkdirSync(folder, { recursive: true })
    if (owner !== null) chownSync(folder, owner, owner)
  }
  const judge = createJudge()
  const seen: string[] = []
  let running = true
  let paused = false
  const look = async () => {
    while (running) {
      const names = paused ? [] : readdirSync(outbox).filter((name) => /\.(hl7|xml)$/.test(name))
      for (const name of names) {
        const path = join(outbox, name)
        const message = readFileSync(path)
        rmSync(path)
        seen.push(name)
        void carryOut(join(answers, `${name.split('.')[0]}.ack`), judge.plan(message, judge.faults.take()))
      }
      await wait(lookEveryMs)
    }
  }
  const looking = look()
  return {
    outbox,
    answers,
    /** Names of the files taken, in order. */
    seen,
    faults: judge.faults,
    received: judge.received,
    /** What the folder of messages holds now. */
    waiting: () => readdirSync(outbox),
    pause: () => {
      paused = true
    },
    goOn: () => {
      paused = false
    },
    close: async () => {
      running = false
      await looking
    },
  }
}

async function carryOut(path: string, plan: Plan): Promise<void> {
  switch (plan.kind) {
    // A file that was taken and never answered: nothing else can be lost here.
    case 'silence':
    case 'break':
      return
    case 'huge':
      return putWhole(path, Buffer.alloc(4 * 1024 * 1024, 'A'))
    case 'answer': {
      if (plan.delayMs) await wait(plan.delayMs)
      if (!plan.byteEveryMs) {
        putWhole(path, plan.bytes)
        if (plan.twice) putWhole(path, plan.bytes)
        return
      }
      // Until the test, and its folder with it, is over.
      for (let i = 1; i <= plan.bytes.length && existsSync(dirname(path)); i++) {
        writeFileSync(path, plan.bytes.subarray(0, i))
        await wait(plan.byteEveryMs)
      }
    }
  }
}

function putWhole(path: string, bytes: Buffer): void {
  writeFileSync(`${path}.part`, bytes)
  renameSync(`${path}.part`, path)
}
