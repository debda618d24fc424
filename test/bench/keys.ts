/** Benchmarks of the keys: sealing against bare AES-GCM, a rewrap of a million record keys, and captures while it runs. */
import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { openColumn, sealColumn } from '../../src/crypto/envelope.ts'
import { newRecordKey } from '../../src/crypto/record-keys.ts'
import { type Bench, type BenchResult, median } from './bench-result.ts'
import { act, countUnderOldKeys, type KeysWorld, measureCaptures, openKeysWorld, patient, startRotation } from './keys-world.ts'

/** Fewer for a quick look; the promise is about a million. */
const recordKeys = Number(process.env.BENCH_RECORD_KEYS ?? 1_000_000)
const rounds = 20
const screeningsPerRound = 500
const clients = 2
const warmMs = 3000
/** Turns of captures while the rotation goes on and while it rests; and what a batch under way when it is told to rest may take. */
const workTurnMs = 6000
const restTurnMs = 3000
const batchMs = 200

export const benches: readonly Bench[] = [
  { name: 'seal-open', run: async () => ({ results: benchSealOpen() }) },
  { name: 'rewrap', run: benchRewrap },
]

/** Patient and act of one screening, sealed and opened with a fresh record key, against the same JSON through the bare cipher. */
function benchSealOpen(): readonly BenchResult[] {
  const pharmacyId = randomUUID()
  const times = { ours: [] as number[], bare: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    // In turns, so that a busy machine slows both alike.
    times.ours.push(timeUs(() => sealAndOpen(pharmacyId)))
    times.bare.push(timeUs(bareSealAndOpen))
  }
  const [ours, bare] = [median(times.ours), median(times.bare)]
  return [
    {
      name: 'seal and open one screening',
      value: ours,
      unit: 'µs',
      ratio: ours / bare,
      against: 'the same JSON through createCipheriv',
    },
    { name: 'bare createCipheriv and createDecipheriv', value: bare, unit: 'µs' },
  ]
}

function sealAndOpen(pharmacyId: string): void {
  const key = newRecordKey(pharmacyId, randomUUID())
  const rowId = randomUUID()
  for (const [column, value] of [
    ['patient', patient],
    ['act', act],
  ] as const) {
    const cell = { pharmacyId, table: 'screenings', column, rowId }
    openColumn<unknown>(key, cell, sealColumn<unknown>(key, cell, value))
  }
}

function bareSealAndOpen(): void {
  const key = randomBytes(32)
  for (const value of [patient, act]) {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
    const data = Buffer.concat([cipher.update(JSON.stringify(value)), cipher.final()])
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
    decipher.setAuthTag(cipher.getAuthTag())
    JSON.parse(Buffer.concat([decipher.update(data), decipher.final()]).toString())
  }
}

function timeUs(run: () => void): number {
  const started = performance.now()
  for (let done = 0; done < screeningsPerRound; done++) run()
  return ((performance.now() - started) * 1000) / screeningsPerRound
}

/**
 * Captures run all the time, as fast as two clients can, which takes both cores; the rotation
 * runs beside them in its own process, at the low priority and with the rests of the command.
 */
async function benchRewrap(): Promise<{ readonly results: readonly BenchResult[] }> {
  const world = await openKeysWorld({ pharmacies: 350 })
  try {
    await world.addRecordKeys(recordKeys)
    await measureCaptures(world, clients, wait(warmMs))
    const { during, without, rotation } = await captureInTurns(world)
    const { cpuMs, serverCpuMs } = rotation
    const cpuSeconds = (cpuMs + (serverCpuMs ?? 0)) / 1000
    return {
      results: [
        {
          name: `rotate and rewrap ${recordKeys} record keys`,
          value: during.ms / 1000,
          unit: 's',
          ratio: during.ms / 120_000,
          against: '120 s',
        },
        // On a busy machine this tells more than the clock on the wall. Ten per cent of two cores for 120 s are 24 s.
        {
          name: 'processor time of the rotation, its process and the database’s',
          value: cpuSeconds,
          unit: 's',
          ratio: cpuSeconds / 24,
          against: 'a tenth of two cores for 120 s',
        },
        { name: 'rows left under an old key', value: await countUnderOldKeys(world), unit: 'rows' },
        {
          name: 'captures during the rotation',
          value: perSecond(during),
          unit: '/s',
          ratio: perSecond(during) / perSecond(without),
          against: 'without',
        },
        { name: 'captures without', value: perSecond(without), unit: '/s' },
        {
          name: 'p99 of a capture during the rotation',
          value: p99Of(during),
          unit: 'ms',
          ratio: p99Of(during) / p99Of(without),
          against: 'without',
        },
      ],
    }
  } finally {
    await world.close()
  }
}

type Captures = { times: number[]; ms: number }

/**
 * Captures without a pause, while the rotation goes on and rests in turns, so that whatever else the machine does slows both
 * alike. Its time is that of its turns alone.
 */
async function captureInTurns(world: KeysWorld) {
  const during: Captures = { times: [], ms: 0 }
  const without: Captures = { times: [], ms: 0 }
  const measure = async (into: Captures, stop: Promise<unknown>) => {
    const { times, ms } = await measureCaptures(world, clients, stop)
    into.ms += ms
    for (const time of times) into.times.push(time)
  }
  await measure(without, wait(restTurnMs))
  const rotation = startRotation(world, 'rotate,rewrap')
  let ended = false
  const end = rotation.figures.finally(() => {
    ended = true
  })
  end.catch(() => undefined) // awaited below
  while (!ended) {
    rotation.resume()
    await measure(during, Promise.race([wait(workTurnMs), end]))
    rotation.pause()
    await measureCaptures(world, clients, wait(batchMs)) // for nobody
    await measure(without, wait(restTurnMs))
  }
  return { during, without, rotation: await end }
}

function perSecond({ times, ms }: Captures): number {
  return (times.length * 1000) / ms
}

function p99Of({ times }: Captures): number {
  return times.toSorted((one, other) => one - other)[Math.floor(times.length * 0.99)] ?? 0
}
