/** A process of its own that rotates keys, as the command does: it can be killed at any moment, and started again. */
import { readFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { systemClock } from '../../src/base/clock.ts'
import { randomId } from '../../src/base/ids.ts'
import { createJwksRootKeys, parseRootKeys } from '../../src/crypto/root-jwks.ts'
import type { RootKeys } from '../../src/crypto/root-keys.ts'
import { destroyReplacedKeys, rewrap, rotateTenantKeys } from '../../src/crypto/rotation.ts'
import { openKeyStore } from '../../src/storage/keystore.ts'
import { createKeyStoreAdmin } from '../../src/storage/keystore-admin.ts'

const {
  KEYS_URL: url = '',
  KEYS_JWKS: jwks = '',
  KEYS_STEPS: steps = 'rotate,rewrap,destroy',
  KEYS_BATCH: batch,
  KEYS_PACE: pace,
  KEYS_ROOT_MS: rootMs = '0',
} = process.env
const read = parseRootKeys(jwks)
if (!read.ok) throw new Error('bad root keys')
const store = openKeyStore(url, { timeoutMs: 60_000 })
const deps = {
  store,
  admin: createKeyStoreAdmin(store.sql),
  rootKeys: asSlowAsAService(createJwksRootKeys(read.value), Number(rootMs)),
  clock: systemClock,
  newId: randomId,
}
/** Whoever started us may say `pause` and `resume`, which take effect between two batches; a rest goes on where it was interrupted. */
let going = Promise.withResolvers<void>()
going.resolve()
process.on('message', (word) => {
  if (word === 'pause') going = Promise.withResolvers()
  if (word === 'resume') going.resolve()
})
const sliceMs = 20

async function restWhileGoing(ms: number): Promise<void> {
  let left = ms
  while (left > 0) {
    await going.promise
    const begun = performance.now()
    await wait(Math.min(left, sliceMs))
    left -= performance.now() - begun
  }
  await going.promise
}

const options = {
  // Whoever kills us waits for the first of these, so that no life was in vain.
  onProgress: () => process.send?.('progress', undefined, {}, () => undefined),
  ...(batch ? { batchRows: Number(batch) } : {}),
  ...(pace ? { pace: { rowsPerSecond: Number(pace), wait: restWhileGoing } } : {}),
}
setPriority(10) // captures come first
const started = performance.now()
const startedAt = new Date()
const cpuMs = () => (process.cpuUsage().user + process.cpuUsage().system) / 1000
console.log(JSON.stringify({ step: 'started' }))
for (const step of steps.split(',')) {
  if (step === 'rotate') await rotateTenantKeys(deps, options)
  if (step === 'rewrap') console.log(JSON.stringify({ step, ...(await rewrap(deps, options)) }))
  if (step === 'destroy') await destroyReplacedKeys(deps, options)
}
console.log(JSON.stringify({ step: 'ended', ms: performance.now() - started, cpuMs: cpuMs(), serverCpuMs: await serverCpuMs() }))
await store.close()
process.disconnect?.()

/** A key service answers in tens of milliseconds, a file at once: with the delay, a rewrap of tenant keys can be cut off in its middle. */
function asSlowAsAService(rootKeys: RootKeys, ms: number): RootKeys {
  return {
    ...rootKeys,
    wrap: async (payload) => {
      await wait(ms)
      return rootKeys.wrap(payload)
    },
    unwrap: async (kid, wrapped) => {
      await wait(ms)
      return rootKeys.unwrap(kid, wrapped)
    },
  }
}

/** Processor time of the database's processes that served this one; null where there is no /proc. */
async function serverCpuMs(): Promise<number | null> {
  const backends = await store.sql<{ pid: number }[]>`select pid from pg_stat_activity
    where application_name = 'passerelle-keys' and backend_start >= ${startedAt}`
  try {
    const ticks = backends.map(({ pid }) => {
      const [user = '0', system = '0'] = (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1] ?? '').split(' ').slice(11, 13)
      return Number(user) + Number(system)
    })
    return ticks.reduce((sum, one) => sum + one, 0) * 10 // USER_HZ is 100 on every Linux
  } catch {
    return null
  }
}
