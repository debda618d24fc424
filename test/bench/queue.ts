/** Benchmarks of the forwarding queue: sealed screenings → HTTP on loopback → settled with attempt, receipt and audit event. */
import { setTimeout as wait } from 'node:timers/promises'
import { type Bench, median } from './bench-result.ts'
import { type ForwardingWorld, monotonicMs, openForwardingWorld } from './forwarding-world.ts'
import { cpuSeconds } from './processes.ts'
import { benchSize } from './size.ts'

const sized = (count: number) => Math.max(200, Math.round(count * benchSize))
const memoryMiBMax = 256

async function withWorld(
  run: (world: ForwardingWorld) => ReturnType<Bench['run']>,
  pharmacies?: number,
): ReturnType<Bench['run']> {
  const world = await openForwardingWorld(pharmacies === undefined ? {} : { pharmacies })
  try {
    return await run(world)
  } finally {
    await world.close()
  }
}

/** What a process does before it is measured: V8 compiles what is hot during the first thousands. */
export const warmUp = sized(10_000)

/** Declarations a second, from their commit to the last settlement; by `workers` (default one) that have warmed up. */
export async function measureForwarding(world: ForwardingWorld, count: number, workers = 1): Promise<number> {
  const [warm, prepared] = [await world.prepare({ count: warmUp * workers }), await world.prepare({ count })]
  const started = await Promise.all(Array.from({ length: workers }, () => world.startWorker()))
  await warm.commit()
  await world.untilSettled()
  await wait(200)
  const cpu = () => [
    started.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0),
    cpuSeconds(world.server.pid),
    cpuSeconds(world.receiver.pid),
  ]
  const before = cpu()
  const { settled } = world.expect(count)
  const from = await prepared.commit()
  const ms = (await settled) - from
  const [ours, theirs, far] = cpu().map((seconds, index) => Math.round(((seconds - (before[index] ?? 0)) / count) * 1e6))
  console.error(`  ${count} in ${Math.round(ms)} ms; processor µs each: worker ${ours}, PostgreSQL ${theirs}, receiver ${far}`)
  for (const worker of started) {
    memoryMiBMaxSeen = Math.max(memoryMiBMaxSeen, (await worker.ask({ kind: 'memory' }, 'memory')).rssMaxMiB)
    await worker.stop()
  }
  return count / (ms / 1000)
}
let memoryMiBMaxSeen = 0
const memory = () => ({
  name: 'memory of the worker, at most',
  value: memoryMiBMaxSeen,
  unit: 'MiB',
  ratio: memoryMiBMaxSeen / memoryMiBMax,
  against: `${memoryMiBMax} MiB`,
})

/** In turns: a machine that others use is now fast, now slow, by more than what is looked for. */
const turns = benchSize < 1 ? 1 : 5

const forwarding: Bench = {
  name: 'forwarding',
  run: () =>
    withWorld((empty) =>
      withWorld(async (full) => {
        const [accepted, parked] = [sized(1_000_000), sized(100_000)]
        await full.addPast({ accepted, parked })
        const rates: { empty: number; full: number }[] = []
        for (let turn = 0; turn < turns; turn++)
          rates.push({ empty: await measureForwarding(empty, sized(12_000)), full: await measureForwarding(full, sized(12_000)) })
        const [beside, alone] = [median(rates.map((rate) => rate.full)), median(rates.map((rate) => rate.empty))]
        return {
          results: [
            { name: `forwarded and settled (median of ${turns})`, value: alone, unit: '/s' },
            {
              name: `the same beside ${accepted} settled and ${parked} parked`,
              value: beside,
              unit: '/s',
              ratio: beside / alone,
              against: 'empty tables',
            },
            memory(),
          ],
        }
      }),
    ),
}

const backlog: Bench = {
  name: 'backlog',
  run: () =>
    withWorld(async (world) => {
      const short = await measureForwarding(world, sized(10_000))
      const long = await measureForwarding(world, sized(100_000))
      return {
        results: [
          { name: `a backlog of ${sized(10_000)}`, value: short, unit: '/s' },
          { name: `a backlog of ${sized(100_000)}`, value: long, unit: '/s', ratio: long / short, against: 'the short one' },
          memory(),
        ],
      }
    }),
}

/** Half of them refused for good, half of them again and again until their budget is spent. */
const poison: Bench = {
  name: 'poison',
  run: () =>
    withWorld(async (world) => {
      const count = sized(100_000)
      const clean = await measureForwarding(world, count)
      const commentOf = (index: number) => (index % 100 === 7 ? (index % 200 === 7 ? 'POISON-AE' : 'POISON-AR') : null)
      const prepared = [await world.prepare({ count: warmUp }), await world.prepare({ count, commentOf })] as const
      const worker = await world.startWorker()
      await prepared[0].commit()
      await world.untilSettled()
      const from = await prepared[1].commit()
      const healthy = count - Math.ceil(count / 100)
      const ms = (await untilAccepted(world, warmUp + count + warmUp + healthy)) - from
      await worker.stop()
      const perSecond = healthy / (ms / 1000)
      return {
        results: [
          { name: `${count} healthy ones`, value: clean, unit: '/s' },
          {
            name: 'the healthy ones beside 1 % poison',
            value: perSecond,
            unit: '/s',
            ratio: perSecond / clean,
            against: 'without',
          },
        ],
      }
    }),
}

/** Monotonic ms of the receipt that made it `count`. Looks seldom, since each look counts them all. */
async function untilAccepted(world: ForwardingWorld, count: number): Promise<number> {
  for (;;) {
    const [row] = await world.sql<{ count: number; ms: number }[]>`
      select count(*)::int as count, (extract(epoch from max(received_at)) * 1000)::float8 as ms from receipts`
    if (row && row.count >= count) return monotonicMs() - (Date.now() - row.ms)
    await wait(500)
  }
}

const quantile = (sorted: readonly number[], q: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0

/** One declaration at a time, committed while nothing else happens: until its first byte arrives. */
const idleLatency: Bench = {
  name: 'idle-latency',
  run: () =>
    withWorld(async (world) => {
      const worker = await world.startWorker()
      world.receiver.send({ kind: 'trace', on: true })
      const delays: number[] = []
      const prepared = await world.prepare({ count: Math.max(60, Math.round(300 * benchSize)) })
      for (const { controlId } of prepared.rows) {
        const arrived = world.receiver.news('arrived')
        const from = await prepared.commit([controlId])
        delays.push((await arrived).ms - from)
        await wait(20)
      }
      await worker.stop()
      const sorted = delays.slice(10).toSorted((a, b) => a - b)
      return {
        results: [
          { name: 'commit to first byte, median', value: quantile(sorted, 0.5), unit: 'ms' },
          {
            name: 'commit to first byte, p99',
            value: quantile(sorted, 0.99),
            unit: 'ms',
            ratio: quantile(sorted, 0.99) / 50,
            against: '50 ms',
          },
        ],
      }
    }, 10),
}

/**
 * Ten pharmacies, of which nine send their usual work at a usual pace: first the tenth does too, then it floods. What counts is
 * by how much the others' waiting grows, from their commit to their first byte.
 */
const fairness: Bench = {
  name: 'fairness',
  run: () =>
    withWorld(async (world) => {
      const usual = await othersDelay(world, 1)
      const flooded = await othersDelay(world, 100)
      return {
        results: [
          { name: 'p99 delay of nine pharmacies, all ten alike', value: usual, unit: 'ms' },
          {
            name: 'p99 delay of the nine, the tenth with 100 × the load',
            value: flooded,
            unit: 'ms',
            ratio: flooded / usual,
            against: 'all alike',
          },
        ],
      }
    }, 10),
}

/**
 * In bursts, as a busy evening brings them: each burst commits `perPharmacy` for the nine and `times` as many for the tenth. All of it
 * together is what one worker can send here: beyond that the tenth's own backlog would be measured against the machine.
 */
async function othersDelay(world: ForwardingWorld, times: number): Promise<number> {
  const [bursts, perPharmacy] = [Math.max(4, Math.round(20 * benchSize)), 3]
  const heavy = world.pharmacies[0]
  const worker = await world.startWorker()
  const warm = await world.prepare({ count: warmUp })
  await warm.commit()
  await world.untilSettled()
  const perBurst = perPharmacy * 9 + perPharmacy * times
  const prepared = await world.prepare({
    count: perBurst * bursts,
    pharmacyOf: (index) => {
      const place = index % perBurst
      const pharmacy = place < perPharmacy * 9 ? world.pharmacies[1 + (place % 9)] : heavy
      if (!pharmacy) throw new Error('no pharmacy')
      return pharmacy
    },
  })
  world.receiver.send({ kind: 'reset' })
  world.receiver.send({ kind: 'trace', on: true })
  const committedAt = new Map<string, number>()
  for (let burst = 0; burst < bursts; burst++) {
    const rows = prepared.rows.slice(burst * perBurst, (burst + 1) * perBurst)
    const at = await prepared.commit(rows.map(({ controlId }) => controlId))
    for (const row of rows) if (row.pharmacyId !== heavy?.id) committedAt.set(row.controlId, at)
    await wait(250)
  }
  await world.untilSettled()
  world.receiver.send({ kind: 'trace', on: false })
  const { arrivals } = await world.receiver.ask({ kind: 'read' }, 'read')
  await worker.stop()
  const delays = arrivals.flatMap(([controlId, ms]) => {
    const from = committedAt.get(controlId)
    return from === undefined ? [] : [ms - from]
  })
  return quantile(
    delays.toSorted((a, b) => a - b),
    0.99,
  )
}

/** The worker's memory where each thing that it may hold is large: batches at their most, and a long backlog. */
const workerMemory: Bench = {
  name: 'worker-memory',
  run: () =>
    withWorld(async (world) => {
      await measureForwarding(world, sized(40_000))
      return { results: [memory()] }
    }),
}

export const benches: readonly Bench[] = [forwarding, backlog, poison, idleLatency, fairness, workerMemory]
