/** `serve` and `work`: the two long-running processes, started, reloaded on SIGHUP and stopped on SIGTERM. */
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../base/clock.ts'
import { type Forwarder, type Gateway, openForwarder, openGateway } from '../gateway.ts'
import { serveApp } from '../http/serve.ts'
import { configOrMistakes } from './config-or-mistakes.ts'
import { keepCurrent } from './reload.ts'
import { note } from './say.ts'

/** As long as a request may take: those that began before a reload end where they began. */
const requestGraceMs = 30_000
/** Shorter than the ten seconds that container engines give before they kill. */
const drainGraceMs = 7_000
const managementGraceMs = 1_000
const endedByMs = 9_500

export async function serve(): Promise<void> {
  const startedAt = systemClock.now().getTime()
  const stopped = stopSignal()
  const loaded = configOrMistakes()
  const stopping = new AbortController()
  const current = await keepCurrent<Gateway>(loaded, {
    open: async ({ config, secrets }) => {
      const gateway = await openGateway(config, secrets)
      gateway.periodic.start()
      return gateway
    },
    retire: async ({ periodic }) => {
      const requestsEnded = sleep(requestGraceMs, undefined, { signal: stopping.signal }).catch(() => undefined)
      await Promise.all([requestsEnded, periodic.stop(drainGraceMs)])
    },
  })
  const { host, port, managementPort } = loaded.config.listen
  const { headers } = current.part.web
  const closeGraceMs = drainGraceMs
  // Asked at each request: whichever gateway stands then.
  const served = await serveApp(
    { fetch: (...given) => current.part.web.app.fetch(...given) },
    { host, port, headers, closeGraceMs },
  )
  const management = await serveApp(
    { fetch: (...given) => current.part.management.fetch(...given) },
    { host, port: managementPort, closeGraceMs: managementGraceMs },
  )
  const startMs = systemClock.now().getTime() - startedAt
  current.part.events.gatewayStarted({ port: served.port, managementPort: management.port, startMs })
  await stopped
  endInTime()
  stopping.abort()
  // Last-in first-out: the doors first, then what stands behind them.
  await Promise.all([served.close(), management.close(), current.part.periodic.stop(drainGraceMs)])
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
    { host, port: managementPort, closeGraceMs: managementGraceMs },
  )
  const startMs = systemClock.now().getTime() - startedAt
  current.part.events.gatewayStarted({ port: 0, managementPort: management.port, startMs })
  await stopped
  endInTime()
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

/** Whatever still closes by then would be killed by the engine half a second later: all of it is made to die anywhere. */
function endInTime(): void {
  setTimeout(() => {
    note(`what was to stop has not ended in ${endedByMs / 1000} s: it is cut off, and taken up again like after a crash`)
    process.exit(1)
  }, endedByMs).unref()
}

/** Asked for first: the first process of a container that listens for no signal is not ended by one. */
function stopSignal(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done())
  })
}
