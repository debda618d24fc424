/** `serve` and `work`: the two long-running processes, started, reloaded on SIGHUP and stopped on SIGTERM. */
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../base/clock.ts'
import { type Forwarder, type Gateway, openForwarder, openGateway } from '../gateway.ts'
import { serveApp } from '../http/serve.ts'
import { configOrMistakes } from './config-or-mistakes.ts'
import { keepCurrent } from './reload.ts'

/** As long as a request may take: those that began before a reload end where they began. */
const requestGraceMs = 30_000
/** Shorter than the ten seconds that container engines give before they kill. */
const drainGraceMs = 7_000

export async function serve(): Promise<void> {
  const startedAt = systemClock.now().getTime()
  const stopped = stopSignal()
  const loaded = configOrMistakes()
  const stopping = new AbortController()
  const current = await keepCurrent<Gateway>(loaded, {
    open: ({ config, secrets }) => openGateway(config, secrets),
    retire: () => sleep(requestGraceMs, undefined, { signal: stopping.signal }).catch(() => undefined),
  })
  const { host, port, managementPort } = loaded.config.listen
  const { headers } = current.part.web
  // Asked at each request: whichever gateway stands then.
  const served = await serveApp({ fetch: (...given) => current.part.web.app.fetch(...given) }, { host, port, headers })
  const management = await serveApp(
    { fetch: (...given) => current.part.management.fetch(...given) },
    { host, port: managementPort },
  )
  const startMs = systemClock.now().getTime() - startedAt
  current.part.events.gatewayStarted({ port: served.port, managementPort: management.port, startMs })
  await stopped
  stopping.abort()
  // Last-in first-out: the door first, then what stands behind it.
  await served.close()
  await management.close()
  const { events } = current.part
  await current.close()
  events.gatewayStopped({ reason: 'signal', uptimeMs: systemClock.now().getTime() - startedAt })
}

export async function work(): Promise<void> {
  const startedAt = systemClock.now().getTime()
  const stopped = stopSignal()
  const loaded = configOrMistakes()
  const current = await keepCurrent<Forwarder>(loaded, {
    open: async ({ config, secrets }) => {
      const forwarder = await openForwarder(config, secrets)
      try {
        await forwarder.worker.start()
      } catch (cause) {
        await forwarder.close().catch(() => undefined)
        throw cause
      }
      forwarder.periodic.start()
      return forwarder
    },
    retire: drain,
  })
  const { host, managementPort } = loaded.config.listen
  const management = await serveApp(
    { fetch: (...given) => current.part.management.fetch(...given) },
    { host, port: managementPort },
  )
  const startMs = systemClock.now().getTime() - startedAt
  current.part.events.gatewayStarted({ port: 0, managementPort: management.port, startMs })
  await stopped
  await drain(current.part)
  await management.close()
  const { events } = current.part
  await current.close()
  events.gatewayStopped({ reason: 'signal', uptimeMs: systemClock.now().getTime() - startedAt })
}

/** What is under way ends, or its lease runs out and another worker takes it up. */
async function drain({ worker, periodic }: Forwarder): Promise<void> {
  await Promise.all([worker.stop(drainGraceMs), periodic.stop(drainGraceMs)])
}

/** Asked for first: the first process of a container that listens for no signal is not ended by one. */
function stopSignal(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done())
  })
}
