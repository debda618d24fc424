/** Carries messages in MLLP frames over TLS, on a bounded number of kept connections. */
import type { MllpTransportSettings } from '../domain/destination-settings.ts'
import type { EncodedMessage, Transport, TransportResult } from './destination.ts'
import { createEgress } from './egress.ts'
import { createGate, type Gate } from './gate.ts'
import { connectMllp, type MllpConnecting, type MllpConnection } from './mllp-connection.ts'
import { startTimeLimit } from './time-limit.ts'
import { readTlsOptions } from './tls-options.ts'

/** A connection unused for so long is closed: the far side, or a firewall between, may forget it without a word. */
const idleMaxMs = 10_000

/** Opens nothing on the network yet. Throws on an address or a file that cannot be used: a fault of configuration. */
export function openMllpTransport(options: {
  readonly settings: MllpTransportSettings
  readonly connectionsMax: number
}): Transport {
  const { settings, connectionsMax } = options
  const egress = createEgress(settings.privateNetworks)
  egress.ensureHost(settings.host)
  const gate = createGate(connectionsMax)
  const pool = createPool({ settings, egress, tls: readTlsOptions(settings) })
  return {
    send: (message, { signal }) => send({ gate, pool }, { message, stop: signal, timeoutMs: settings.timeoutMs }),
    close: async () => pool.close(),
  }
}

type Sending = { readonly message: EncodedMessage; readonly stop: AbortSignal; readonly timeoutMs: number }

async function send({ gate, pool }: { gate: Gate; pool: Pool }, { message, stop, timeoutMs }: Sending): Promise<TransportResult> {
  if (stop.aborted) return { kind: 'interrupted' }
  const limit = startTimeLimit(stop, timeoutMs)
  const tooLate = (): TransportResult => (stop.aborted ? { kind: 'interrupted' } : { kind: 'not-sent', code: 'unreachable' })
  try {
    if (!(await gate.enter(limit.signal))) return tooLate()
    try {
      const connection = await pool.take(limit.signal)
      if (connection === null) return tooLate()
      if (typeof connection === 'string') return { kind: 'not-sent', code: connection }
      const result = await connection.exchange(message, limit.signal)
      pool.giveBack(connection)
      return result
    } finally {
      gate.leave()
    }
  } finally {
    limit.clear()
  }
}

type Pool = ReturnType<typeof createPool>

/** Connections that wait for their next message; the gate bounds how many there are in all. */
function createPool(connecting: MllpConnecting) {
  const idle = new Map<MllpConnection, NodeJS.Timeout>()
  let closed = false
  const drop = (connection: MllpConnection) => {
    clearTimeout(idle.get(connection))
    idle.delete(connection)
    connection.close()
  }
  return {
    take: async (signal: AbortSignal) => {
      for (const [connection, timer] of [...idle]) {
        clearTimeout(timer)
        idle.delete(connection)
        if (connection.isUsable()) return connection
        connection.close()
      }
      return connectMllp(connecting, signal)
    },
    giveBack: (connection: MllpConnection) => {
      if (closed || !connection.isUsable()) return connection.close()
      idle.set(connection, setTimeout(() => drop(connection), idleMaxMs).unref())
    },
    close: () => {
      closed = true
      for (const connection of [...idle.keys()]) drop(connection)
    },
  }
}
