/** Forwarding beside other queues on the same PostgreSQL, each in its own process, each with the same HTTP call a job. */
import { setTimeout as wait } from 'node:timers/promises'
import { connect } from '../support/database.ts'
import type { Bench, BenchResult } from './bench-result.ts'
import type { Peer, PeerNews, PeerOrder, PeerSettings } from './forwarding-peer.ts'
import { type ForwardingWorld, inFlight, monotonicMs, openForwardingWorld } from './forwarding-world.ts'
import { startBenchProcess } from './processes.ts'
import { measureForwarding, warmUp } from './queue.ts'
import { benchSize } from './size.ts'

/** Jobs of one run, by how fast the contender is: each runs for some seconds. */
const contenders: readonly { peer: Peer; name: string; jobs: number; open: string | null }[] = [
  { peer: 'raw', name: 'raw HTTP', jobs: 12_000, open: null },
  { peer: 'pg-boss', name: 'pg-boss 12, polling every 0.5 s', jobs: 640, open: bossOpen() },
  { peer: 'pg-boss-burst', name: 'pg-boss 12, full batches without pause', jobs: 4_000, open: bossOpen() },
  { peer: 'graphile', name: 'graphile-worker 0.18 as it comes', jobs: 4_000, open: graphileOpen() },
  { peer: 'graphile-batched', name: 'graphile-worker 0.18, local queue, batched completion', jobs: 12_000, open: graphileOpen() },
]

function bossOpen(): string {
  return "select 1 from pgboss.job where name = 'post' and state < 'completed' limit 1"
}
function graphileOpen(): string {
  return 'select 1 from graphile_worker._private_jobs limit 1'
}

export const benches: readonly Bench[] = [
  {
    name: 'forwarding-peers',
    run: async () => {
      const world = await openForwardingWorld()
      try {
        const count = Math.max(200, Math.round(12_000 * benchSize))
        const ours = await measureForwarding(world, count)
        const two = await measureForwarding(world, count, 2)
        const results: BenchResult[] = [
          { name: 'ours, with decryption, encoding and four kinds of rows', value: ours, unit: '/s' },
          { name: 'ours, two workers', value: two, unit: '/s', ratio: two / ours, against: 'one worker' },
        ]
        for (const contender of contenders) {
          const theirs = await measurePeer(world, { ...contender, jobs: Math.max(200, Math.round(contender.jobs * benchSize)) })
          results.push({ name: contender.name, value: theirs, unit: '/s', ratio: ours / theirs, against: 'ours is' })
        }
        return { results }
      } finally {
        await world.close()
      }
    },
  },
]

/** Jobs a second, from the commit that made them due to the last one written off. */
async function measurePeer(
  world: ForwardingWorld,
  contender: { peer: Peer; jobs: number; open: string | null },
): Promise<number> {
  const { peer, jobs, open } = contender
  const database = `peer_${peer.replaceAll('-', '_')}`
  await world.sql.unsafe(`create database ${database}`)
  const url = new URL(world.databases.superUrl)
  url.pathname = `/${database}`
  const settings: PeerSettings = { peer, databaseUrl: url.href, receiverUrl: world.url, inFlight }
  const child = startBenchProcess<PeerOrder, PeerNews>('./forwarding-peer.ts', { env: { BENCH_PEER: JSON.stringify(settings) } })
  const sql = connect(url.href)
  const done = async () => {
    while (open !== null && (await sql.unsafe(open)).length > 0) await wait(5)
    return monotonicMs()
  }
  const round = async (count: number) => {
    world.receiver.send({ kind: 'reset' })
    const reached = world.receiver.news('reached')
    world.receiver.send({ kind: 'tell-at', count })
    const startedAt = peer === 'raw' ? monotonicMs() : null
    await child.ask({ kind: 'fill', count }, 'filled')
    const from = startedAt ?? monotonicMs()
    await reached
    return count / (((await done()) - from) / 1000)
  }
  try {
    await child.news('ready')
    await round(Math.min(warmUp, jobs))
    return await round(jobs)
  } finally {
    await child.stop()
    await sql.end()
  }
}
