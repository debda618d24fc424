/** The run's own PostgreSQL: it may be killed whole, in part, or run out of disk, and is started again each time. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import postgres from 'postgres'
import { freePort } from '../support/free-port.ts'
import { type PostgresServer, startPostgresServer } from '../support/postgres-server.ts'
import { type Statement, statements } from './plan.ts'
import { childrenOf, notePid } from './processes.ts'

export type FaultDatabase = {
  readonly port: number
  superUrl(database: string): string
  /** As superuser in the main database; every query is tried until the server is back, within a bound. */
  ask<Row>(query: (sql: postgres.Sql) => PromiseLike<readonly Row[]>): Promise<readonly Row[]>
  /** Process id of the worker that holds this message; null where none does, or PostgreSQL does not answer at once. */
  findHolder(destination: string, controlId: string): Promise<number | null>
  /** Declarations that a worker holds, as long as nobody took them over. */
  countHeldBy(pid: number): Promise<number>
  /** Bytes of all that the server keeps. */
  bytes(): number
  /** Kills the postmaster; false where none runs. `children`: its processes with it, else they find out by themselves. */
  killServer(children: boolean): boolean
  /** Kills server processes of the product that run this statement now, waiting a moment for one; answers how many. */
  killBackends(statement: Statement, count: number): Promise<number>
  /** Null where the disk cannot be filled here. */
  readonly fillDisk: ((ms: number) => Promise<void>) | null
  readonly starts: () => number
  /** `keepIn`: where the data goes that lay on the disk of our own. */
  close(keepIn?: string): Promise<void>
}

const settings = [
  // Nothing here loses power: what a killed process wrote is in the kernel's hands, with or without fsync.
  'fsync=off',
  // Pools are opened anew all the time; proving the password must not be what the run is spent on.
  'scram_iterations=1',
  'shared_buffers=64MB',
  'max_wal_size=256MB',
  'max_connections=300',
  // What is aimed at is known by its text: the longest statement of the queue, to its end.
  'track_activity_query_size=16384',
]
const triesMax = 600
const tryPauseMs = 100
const momentMs = 2_000
const holderMs = 500
const diskBytes = 6 * 2 ** 30

export async function openFaultDatabase(folder: string, main: string): Promise<FaultDatabase> {
  const place = join(folder, 'postgres')
  mkdirSync(place, { recursive: true, mode: 0o755 })
  const disk = mountDisk(folder, place)
  const port = await freePort()
  let server = null as PostgresServer | null
  let closing = false
  let starts = 0
  const start = async () => {
    for (let tries = 1; !closing; tries++) {
      try {
        server = await startPostgresServer({ folder: place, port, settings })
        notePid(folder, server.pid)
        starts += 1
        void server.exited.then(() => {
          server = null
          if (!closing) running = start()
        })
        return
      } catch (cause) {
        // Children of the one before it still hold its memory, or the disk is still full.
        if (starts === 0 || tries >= triesMax) throw cause
        await wait(tryPauseMs)
      }
    }
  }
  let running = start()
  await running
  const superUrl = nonNull(server).superUrl
  // The driver's own question for types, cut off by a kill, would end this process: it catches no error of it.
  const sql = postgres(superUrl(main), { max: 6, onnotice: () => undefined, connect_timeout: 5, fetch_types: false })
  const ask: FaultDatabase['ask'] = async (query) => {
    for (let tries = 1; ; tries++) {
      try {
        return await query(sql)
      } catch (cause) {
        if (cause instanceof postgres.PostgresError && !/^(57|08|53|58)/.test(cause.code)) throw cause
        if (tries >= triesMax) throw cause
        await wait(tryPauseMs)
      }
    }
  }
  const backendsOf = (statement: Statement) => sql<{ pid: number }[]>`
    select pid from pg_stat_activity where usename in ('passerelle_app', 'keystore_app') and state <> 'idle'
      and position(${statements[statement]} in query) > 0`
  return {
    port,
    superUrl,
    ask,
    findHolder: async (destination, controlId) => {
      const found = sql<{ pid: string }[]>`
        select split_part(claimed_by, '-', -2) as pid from declarations
        where destination = ${destination} and control_id = ${controlId} and claimed_by is not null`
      // The exchange stands still meanwhile: what takes longer is no longer that moment.
      const [row] = await Promise.race([found, wait(holderMs, [], { ref: false })]).catch(() => [])
      return row ? Number(row.pid) : null
    },
    countHeldBy: async (pid) => {
      const [row] = await ask(
        (sql) => sql<{ count: number }[]>`
          select count(*)::int as count from declarations
          where state in ('claimed', 'sent') and split_part(claimed_by, '-', -2) = ${String(pid)}`,
      )
      return row?.count ?? 0
    },
    bytes: () => {
      const { blocks, bfree, bsize } = statfsSync(place)
      return disk ? (blocks - bfree) * bsize : 0
    },
    starts: () => starts,
    killServer: (children) => {
      if (!server) return false
      const brood = children ? childrenOf(server.pid) : []
      return [server.pid, ...brood].map(kill)[0] ?? false
    },
    killBackends: async (statement, count) => {
      const until = performance.now() + momentMs
      while (performance.now() < until) {
        const found = await backendsOf(statement).catch(() => [])
        if (found.length > 0) return found.slice(0, count).filter(({ pid }) => kill(pid)).length
        await wait(2)
      }
      return 0
    },
    fillDisk:
      disk &&
      (async (ms) => {
        disk.shrink()
        await wait(ms)
        disk.grow()
      }),
    close: async (keepIn) => {
      closing = true
      disk?.grow()
      await running.catch(() => undefined)
      await sql.end({ timeout: 5 }).catch(() => undefined)
      await server?.stop()
      if (disk && keepIn) cpSync(place, keepIn, { recursive: true })
      disk?.unmount()
    },
  }
}

function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL')
  } catch {
    return false // it ended by itself
  }
}

function nonNull<Value>(value: Value | null): Value {
  if (value === null) throw new Error('PostgreSQL did not start')
  return value
}

type Disk = { shrink(): void; grow(): void; unmount(): void }

/** A disk of our own in memory, whose size can be set to what is used; null without the right to mount one. */
function mountDisk(folder: string, place: string): Disk | null {
  const run = (...args: string[]) => spawnSync(args[0] ?? '', args.slice(1), { stdio: 'ignore' }).status === 0
  if (process.getuid?.() !== 0 || !run('mount', '-t', 'tmpfs', '-o', `size=${diskBytes},mode=0755`, 'tmpfs', place)) return null
  writeFileSync(join(folder, 'disk'), place)
  const resize = (bytes: number) => run('mount', '-o', `remount,size=${bytes}`, place)
  return {
    shrink: () => {
      const { blocks, bfree, bsize } = statfsSync(place)
      resize((blocks - bfree) * bsize)
    },
    grow: () => resize(diskBytes),
    unmount: () => {
      for (let tries = 0; tries < 20 && !run('umount', place); tries++) spawnSync('sleep', ['0.2'])
    },
  }
}
