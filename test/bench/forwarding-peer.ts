/** One peer of the forwarding bench in a process of its own: each job is the same POST of the same bytes to the same receiver. */
import { makeWorkerUtils, type Runner, run as runGraphile, runMigrations } from 'graphile-worker'
import { PgBoss } from 'pg-boss'
import { Pool } from 'undici'

export const peers = ['raw', 'pg-boss', 'pg-boss-burst', 'graphile', 'graphile-batched'] as const
export type Peer = (typeof peers)[number]
export type PeerOrder = { readonly kind: 'fill'; readonly count: number }
export type PeerNews = { readonly kind: 'ready' } | { readonly kind: 'filled' }
export type PeerSettings = {
  readonly peer: Peer
  readonly databaseUrl: string
  readonly receiverUrl: string
  readonly inFlight: number
}

const settings = JSON.parse(process.env['BENCH_PEER'] ?? '{}') as PeerSettings
const { databaseUrl, receiverUrl, inFlight } = settings
/** As long as one of ours, and acknowledged like it. */
const message = Buffer.from(
  `MSH|^~\\&|PASSERELLE|1750000000|SI-DEP|SI-DEP|20260302090000||ORU^R01^ORU_R01|PEER0000000000000000|T|2.5\r${'M'.repeat(1300)}`,
)
const pool = new Pool(new URL(receiverUrl).origin, { connections: inFlight, pipelining: 1 })

async function post(): Promise<void> {
  const answer = await pool.request({
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/hl7-v2' },
    body: message,
  })
  await answer.body.text()
}

async function startRaw(): Promise<(count: number) => Promise<void>> {
  return async (count) => {
    let left = count
    const client = async () => {
      while (left-- > 0) await post()
    }
    for (let index = 0; index < inFlight; index++) void client()
  }
}

/** Its quickest polling, and as many jobs a poll as are in flight elsewhere; with `burst`, the next poll follows a full batch at once. */
async function startBoss(burst: boolean): Promise<(count: number) => Promise<void>> {
  const boss = new PgBoss(databaseUrl)
  boss.on('error', (error) => console.error(error))
  await boss.start()
  await boss.createQueue('post')
  const options = {
    batchSize: inFlight,
    pollingIntervalSeconds: 0.5,
    ...(burst ? { burstWhenBatchFull: true, localConcurrency: 2 } : {}),
  }
  await boss.work('post', options, async (jobs) => {
    await Promise.all(jobs.map(post))
  })
  return async (count) => {
    await boss.insert(
      'post',
      Array.from({ length: count }, () => ({ data: {} })),
    )
  }
}

async function startGraphile(batched: boolean): Promise<(count: number) => Promise<void>> {
  const quiet = { connectionString: databaseUrl, logger: silent }
  await runMigrations(quiet)
  const utils = await makeWorkerUtils(quiet)
  const preset = batched
    ? {
        worker: {
          localQueue: { size: 500 },
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
          concurrentJobs: inFlight,
          maxPoolSize: 10,
        },
      }
    : { worker: { concurrentJobs: inFlight, maxPoolSize: inFlight + 2 } }
  const runner: Runner = await runGraphile({ ...quiet, preset, noHandleSignals: true, taskList: { post } })
  process.once('disconnect', () => void runner.stop())
  return async (count) => {
    await utils.addJobs(Array.from({ length: count }, () => ({ identifier: 'post', payload: {} })))
  }
}

const { Logger } = await import('graphile-worker')
const silent = new Logger(() => () => undefined)
const starters: Record<Peer, () => Promise<(count: number) => Promise<void>>> = {
  raw: startRaw,
  'pg-boss': () => startBoss(false),
  'pg-boss-burst': () => startBoss(true),
  graphile: () => startGraphile(false),
  'graphile-batched': () => startGraphile(true),
}
const fill = await starters[settings.peer]()
const tell = (news: PeerNews) => process.send?.(news)
process.on('message', (order: PeerOrder) => {
  void fill(order.count).then(() => tell({ kind: 'filled' }))
})
process.on('disconnect', () => setTimeout(() => process.exit(0), 500).unref())
tell({ kind: 'ready' })
