/** A port on loopback that stays free for what is started, killed and started again on it. */
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

const lowest = 10_240
const triesMax = 50

/**
 * Outside the range from which the system takes the near end of outgoing connections: while a server is down, one of those would
 * sit on its port for as long as the connection lives, and the server could not come back.
 */
export async function freePort(): Promise<number> {
  const end = outgoingFrom()
  for (let tries = 0; tries < triesMax; tries++) {
    const port = end > lowest ? randomInt(lowest, end) : 0
    const taken = await listenOnce(port)
    if (taken !== null) return taken
  }
  throw new Error(`no free port in ${triesMax} tries`)
}

/** 0 where the system does not say. */
function outgoingFrom(): number {
  try {
    return Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10)
  } catch {
    return 0
  }
}

function listenOnce(port: number): Promise<number | null> {
  return new Promise((done) => {
    const probe = createServer()
    probe.once('error', () => done(null))
    probe.listen(port, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => done(typeof address === 'object' && address ? address.port : null))
    })
  })
}
