/** One forwarding process as production runs it, for the benches: composition root, real keys, formats, transport and log lines. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Config } from '../../src/config/config.ts'
import type { Secrets } from '../../src/config/secrets.ts'
import { openForwarder } from '../../src/gateway.ts'

export type WorkerOrder = { readonly kind: 'stop' } | { readonly kind: 'memory' }
export type WorkerNews = { readonly kind: 'ready' } | { readonly kind: 'memory'; readonly rssMaxMiB: number }

const given = JSON.parse(process.env['BENCH_WORKER'] ?? '{}') as { config: Config; secrets: Secrets }
const forwarder = await openForwarder(given.config, given.secrets)
await forwarder.worker.start()
const tell = (news: WorkerNews) => process.send?.(news)
tell({ kind: 'ready' })
process.on('message', (order: WorkerOrder) => {
  if (order.kind === 'memory') tell({ kind: 'memory', rssMaxMiB: process.resourceUsage().maxRSS / 1024 })
  else void stop()
})
process.on('disconnect', () => void stop())

async function stop(): Promise<void> {
  await forwarder.worker.stop(5_000)
  await forwarder.close()
  await wait(0)
  process.exit(0)
}
