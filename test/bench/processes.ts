/** Child processes of the benches: started with a channel, asked and awaited, their processor time read from the kernel. */
import { type ChildProcess, fork } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

const answerTimeoutMs = 280_000

export type BenchProcess<Order, News extends { readonly kind: string }> = {
  readonly pid: number
  readonly child: ChildProcess
  send(order: Order): void
  /** The next news of that kind. */
  news<Kind extends News['kind']>(kind: Kind): Promise<Extract<News, { kind: Kind }>>
  ask<Kind extends News['kind']>(order: Order, kind: Kind): Promise<Extract<News, { kind: Kind }>>
  stop(): Promise<void>
}

export function startBenchProcess<Order, News extends { readonly kind: string }>(
  file: string,
  options: { readonly env?: NodeJS.ProcessEnv; readonly execArgv?: readonly string[] } = {},
): BenchProcess<Order, News> {
  const child = fork(new URL(file, import.meta.url), [], {
    env: { ...process.env, ...options.env },
    execArgv: [...(options.execArgv ?? [])],
    // Log lines cost the writer what they cost in production, and the reader nothing.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exited = new Promise<void>((done) => child.once('exit', () => done()))
  const send = (order: Order) => void child.send(order as object)
  const news = <Kind extends News['kind']>(kind: Kind) =>
    new Promise<Extract<News, { kind: Kind }>>((done, failed) => {
      const settle = (run: () => void) => {
        clearTimeout(timer)
        child.off('message', onNews).off('exit', onExit)
        run()
      }
      const onNews = (came: News) => {
        if (came.kind === kind) settle(() => done(came as Extract<News, { kind: Kind }>))
      }
      const onExit = (code: number | null) => settle(() => failed(new Error(`${file} ended with ${code}`)))
      const timer = setTimeout(() => settle(() => failed(new Error(`${file} never said ${kind}`))), answerTimeoutMs)
      child.on('message', onNews).once('exit', onExit)
    })
  return {
    pid: child.pid ?? 0,
    child,
    send,
    news,
    ask: (order, kind) => {
      const answer = news(kind)
      send(order)
      return answer
    },
    stop: async () => {
      if (child.exitCode === null && child.connected) child.disconnect()
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await exited
      clearTimeout(late)
    },
  }
}

/** Processor seconds of a process, of its living children and of those that it has buried. */
export function cpuSeconds(pid: number): number {
  let ticks = 0
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const fields = readFileSync(`/proc/${entry}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ')
      const own = Number(fields[11]) + Number(fields[12])
      if (Number(entry) === pid) ticks += own + Number(fields[13]) + Number(fields[14])
      else if (Number(fields[1]) === pid) ticks += own
    } catch {
      // gone meanwhile
    }
  }
  return ticks / 100
}
