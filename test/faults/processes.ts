/** The product's processes under a supervisor that starts them again whenever they end, as a hoster's would. */
import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, closeSync, fstatSync, ftruncateSync, openSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

export type Supervised = {
  readonly name: string
  /** 0 while none runs. */
  pid(): number
  /** True once its port answers. */
  up(): boolean
  /** How long its port has answered; 0 while it does not. */
  upForMs(): number
  /** True while it is stopped where it stands. */
  suspended(): boolean
  /** True where a process was there to get it. */
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGUSR2'): boolean
  /** Starts no more; kills what runs. */
  close(): Promise<void>
}

export type SupervisedOptions = {
  readonly name: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** Listened on once it is up. */
  readonly port: number
  readonly folder: string
}

const probeMs = 25
const restartMs = 20
const warmUpMs = 30_000
/** After an end that nobody asked for (its database was away): not to spin. */
const restartAfterFailureMs = 300
/** Thousands of deaths of PostgreSQL are told of in each log: past this it begins anew. */
const logBytesMax = 8 * 2 ** 20
/** Young objects of a start fit: an eighth of its processor time went into moving them. */
const flags = ['--min-semi-space-size=16', '--max-semi-space-size=16']

export function supervise(options: SupervisedOptions): Supervised {
  const { name, args, env, port, folder } = options
  let child: ChildProcess | null = null
  let upAt: number | null = null
  let suspended = false
  let closing = false
  let restart: NodeJS.Timeout | undefined
  let ended: Promise<void> = Promise.resolve()

  function start(): void {
    const log = openSync(join(folder, 'logs', `${name}.log`), 'a', 0o600)
    if (fstatSync(log).size > logBytesMax) ftruncateSync(log)
    const started = spawn(process.execPath, [...flags, ...args], { env, stdio: ['ignore', log, log], detached: true })
    closeSync(log)
    child = started
    upAt = null
    suspended = false
    if (started.pid) notePid(folder, started.pid)
    void untilListening(port, () => child === started).then((listens) => {
      if (listens && child === started) upAt = performance.now()
    })
    ended = new Promise((done) =>
      started.once('exit', (code) => {
        child = null
        upAt = null
        if (!closing) restart = setTimeout(start, code === null ? restartMs : restartAfterFailureMs)
        done()
      }),
    )
  }
  start()

  const signal: Supervised['signal'] = (signalName) => {
    if (!child?.kill(signalName)) return false
    if (signalName === 'SIGSTOP' || signalName === 'SIGCONT') suspended = signalName === 'SIGSTOP'
    // From here on it is none to wait for or to strike again, though its end is heard of only later.
    if (signalName === 'SIGKILL') upAt = null
    return true
  }
  return {
    name,
    pid: () => child?.pid ?? 0,
    up: () => upAt !== null,
    upForMs: () => (upAt === null ? 0 : performance.now() - upAt),
    suspended: () => suspended,
    signal,
    close: async () => {
      closing = true
      clearTimeout(restart)
      signal('SIGKILL') // it has died so often: once more, and all the account is taken
      await ended
    },
  }
}

/** Runs a command of the product to its end; throws with the log's place where it fails. */
export async function runToEnd(args: readonly string[], options: { env: NodeJS.ProcessEnv; log: string }): Promise<void> {
  const log = openSync(options.log, 'a', 0o600)
  const child = spawn(process.execPath, args, { env: options.env, stdio: ['ignore', log, log] })
  closeSync(log)
  const code = await new Promise((done) => child.once('exit', done))
  if (code !== 0) throw new Error(`${args.slice(1).join(' ')} ended with ${code}; see ${options.log}`)
}

/**
 * Starts a command once and ends it in peace: what V8 compiled is kept at a peaceful end alone, and who is killed would
 * compile all of it anew at each start.
 */
export async function warmUp(
  args: readonly string[],
  options: { env: NodeJS.ProcessEnv; port: number; log: string },
): Promise<void> {
  const log = openSync(options.log, 'a', 0o600)
  const child = spawn(process.execPath, [...flags, ...args], { env: options.env, stdio: ['ignore', log, log] })
  closeSync(log)
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  const late = wait(warmUpMs, undefined, { ref: false })
  await Promise.race([untilListening(options.port, () => child.exitCode === null), late])
  child.kill('SIGTERM')
  await Promise.race([ended, late])
  child.kill('SIGKILL')
  await ended
}

/** For the watchman: what must not outlive us, however we end. */
export function notePid(folder: string, pid: number): void {
  appendFileSync(join(folder, 'pids'), `${pid}\n`)
}

/** Ends by force what is ours when we are gone, and lets go of the disk that was mounted. */
export function startWatchman(folder: string): void {
  const script = `while kill -0 ${process.pid} 2>/dev/null; do sleep 1; done
    for pid in $(cat "$1/pids" 2>/dev/null); do grep -q "$1" "/proc/$pid/cmdline" 2>/dev/null && kill -9 "$pid"; done
    sleep 1; [ -f "$1/disk" ] && umount "$(cat "$1/disk")" 2>/dev/null`
  const watchman = spawn('sh', ['-c', script, 'sh', folder], { stdio: 'ignore', detached: true })
  watchman.unref()
}

async function untilListening(port: number, wanted: () => boolean): Promise<boolean> {
  while (wanted()) {
    if (await listens(port)) return true
    await new Promise((resume) => setTimeout(resume, probeMs))
  }
  return false
}

function listens(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect(port, '127.0.0.1')
    const end = (is: boolean) => {
      socket.destroy()
      answer(is)
    }
    socket.once('connect', () => end(true)).once('error', () => end(false))
  })
}

/** The children of a process, from /proc; none where there is no /proc. */
export function childrenOf(pid: number): number[] {
  const path = `/proc/${pid}/task/${pid}/children`
  try {
    return readFileSync(path, 'utf8').trim().split(' ').filter(Boolean).map(Number)
  } catch {
    return [] // it ended meanwhile, or this system has no such place
  }
}
