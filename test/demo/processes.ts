/** The product's own processes, started as a hoster starts them: the command line, an environment, secrets in files. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const main = resolve(import.meta.dirname, '../../src/main.ts')
const stopGraceMs = 15_000

export type GatewayProcess = {
  readonly name: string
  readonly child: ChildProcess
  readonly logFile: string
  /** Resolves with the exit code, or the signal's name. */
  readonly exited: Promise<number | string>
  stop(): Promise<void>
}

export function startProcess(
  command: readonly string[],
  options: { name: string; env: NodeJS.ProcessEnv; logFolder: string },
): GatewayProcess {
  const logFile = join(options.logFolder, `${options.name}.log`)
  const log = openSync(logFile, 'a', 0o600)
  // In a process group of its own: a Ctrl-C in the window reaches us, and we stop things in their order.
  const child = spawn(process.execPath, [main, ...command], { env: options.env, stdio: ['ignore', log, log], detached: true })
  closeSync(log)
  const exited = new Promise<number | string>((done) => child.once('exit', (code, signal) => done(code ?? signal ?? 'unknown')))
  return {
    name: options.name,
    child,
    logFile,
    exited,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), stopGraceMs)
      await exited
      clearTimeout(late)
    },
  }
}

/** Runs a command to its end; throws with the log's place where it fails. */
export async function runCommand(
  command: readonly string[],
  options: { name: string; env: NodeJS.ProcessEnv; logFolder: string },
): Promise<void> {
  const started = startProcess(command, options)
  const code = await started.exited
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}; see ${started.logFile}`)
}

/** Waits until `url` answers 200; throws when the process ends first or after `timeoutMs`. */
export async function untilReady(process: GatewayProcess, url: string, timeoutMs = 90_000): Promise<void> {
  const until = Date.now() + timeoutMs
  let ended: number | string | null = null
  void process.exited.then((code) => {
    ended = code
  })
  while (Date.now() < until) {
    if (ended !== null) throw new Error(`${process.name} ended with ${ended}; see ${process.logFile}`)
    const answer = await fetch(url).catch(() => null)
    await answer?.body?.cancel()
    if (answer?.status === 200) return
    await wait(50)
  }
  throw new Error(`${process.name} was not ready in ${timeoutMs / 1000} s; see ${process.logFile}`)
}
