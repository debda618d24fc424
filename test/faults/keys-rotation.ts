/** Fault run: tenant keys rotate over and over, killed every two seconds, while captures and openings never stop or fail. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { systemClock } from '../../src/base/clock.ts'
import { randomId } from '../../src/base/ids.ts'
import { openColumn, sealColumn } from '../../src/crypto/envelope.ts'
import type { KeyRing } from '../../src/crypto/key-ring.ts'
import { keyRingLimits, openKeyRing } from '../../src/crypto/open-key-ring.ts'
import { createJwksRootKeys, parseRootKeys } from '../../src/crypto/root-jwks.ts'
import type { Sealed } from '../../src/crypto/sealed.ts'
import { type KeysWorld, openKeysWorld } from '../bench/keys-world.ts'

const killEveryMs = 2000
const kills = Number(process.env.FAULT_KILLS ?? 10)
const recordKeys = 40_000
const openedAtOnce = 50

type Row = { readonly ref: string; readonly pharmacyId: string; readonly rowId: string; readonly patient: Sealed<string> }
type Tally = { captured: number; opened: number; failed: string[] }

export const faults = [{ name: 'keys-rotation', run: rotateUnderKills }]

async function rotateUnderKills(): Promise<{ readonly results: readonly { name: string; value: number; unit: string }[] }> {
  const world = await openKeysWorld({ pharmacies: 20 })
  const rings = [openRing(world), openRing(world)] as const
  try {
    await world.addRecordKeys(recordKeys)
    const tally: Tally = { captured: 0, opened: 0, failed: [] }
    const rows: Row[] = []
    let running = true
    const load = Promise.all([
      repeat(
        () => running,
        tally,
        () => captureOne(rings[0], world, rows, tally),
      ),
      repeat(
        () => running,
        tally,
        () => openSome(rings[1], rows, tally),
      ),
    ])
    const cutOff = await killAgainAndAgain(world)
    const ended = start(world)
    const code = await exitOf(ended)
    running = false
    await load
    const left = await countLeft(world)
    if (code !== 0) throw new Error(`the last rotation ended with ${code}`)
    if (tally.failed.length > 0) throw new Error(`${tally.failed.length} reads or writes failed: ${tally.failed[0]}`)
    if (left !== 0) throw new Error(`${left} rows were left under an old key`)
    await openAll(world, rows)
    return {
      results: [
        { name: 'kills -9 of a running rotation', value: cutOff, unit: 'kills' },
        { name: 'captures meanwhile', value: tally.captured, unit: 'rows' },
        { name: 'openings meanwhile', value: tally.opened, unit: 'rows' },
        { name: 'failed reads or writes', value: tally.failed.length, unit: 'rows' },
        { name: 'rows left under an old key', value: left, unit: 'rows' },
      ],
    }
  } finally {
    for (const ring of rings) await ring.close()
    await world.close()
  }
}

/** No term on cached keys worth the name: each opening asks the key store in the middle of the rotation. */
function openRing(world: KeysWorld): KeyRing {
  const read = parseRootKeys(world.jwks)
  if (!read.ok) throw new Error('bad root keys')
  const limits = { ...keyRingLimits, recordKeyTtlMs: 1, tenantKeyTtlMs: 1, outageGraceMs: 0, blockMin: 2, blockMax: 4 }
  return openKeyRing({ store: world.store, rootKeys: createJwksRootKeys(read.value), clock: systemClock }, limits)
}

async function repeat(holds: () => boolean, tally: Tally, run: () => Promise<void>): Promise<void> {
  while (holds()) {
    try {
      await run()
    } catch (cause) {
      tally.failed.push(String(cause instanceof Error && cause.cause ? cause.cause : cause))
    }
    await wait(1)
  }
}

const cellOf = (row: Omit<Row, 'patient'>) => ({
  pharmacyId: row.pharmacyId,
  table: 'screenings',
  column: 'patient',
  rowId: row.rowId,
})

async function captureOne(ring: KeyRing, world: KeysWorld, rows: Row[], tally: Tally): Promise<void> {
  const pharmacyId = world.pharmacies[randomInt(world.pharmacies.length)] ?? ''
  const key = await ring.takeRecordKey(pharmacyId)
  const row = { ref: key.ref, pharmacyId, rowId: randomId() }
  rows.push({ ...row, patient: sealColumn(key, cellOf(row), row.rowId) })
  tally.captured++
}

async function openSome(ring: KeyRing, rows: readonly Row[], tally: Tally): Promise<void> {
  const some = Array.from({ length: Math.min(openedAtOnce, rows.length) }, () => rows[randomInt(rows.length)]).filter(
    (row) => row !== undefined,
  )
  await openRows(ring, some)
  tally.opened += some.length
}

async function openRows(ring: KeyRing, rows: readonly Row[]): Promise<void> {
  const keys = await ring.findRecordKeys(rows.map((row) => row.ref))
  for (const row of rows) {
    const key = keys.get(row.ref)
    if (!key) throw new Error('a record key was lost')
    if (openColumn(key, cellOf(row), row.patient) !== row.rowId) throw new Error('a row opened to something else')
  }
}

async function openAll(world: KeysWorld, rows: readonly Row[]): Promise<void> {
  const ring = openRing(world)
  for (let from = 0; from < rows.length; from += 1000) await openRows(ring, rows.slice(from, from + 1000))
  await ring.close()
}

/** A run that ends before its kill is followed by the next rotation, so that there is always one to kill. */
async function killAgainAndAgain(world: KeysWorld): Promise<number> {
  let cutOff = 0
  for (let tries = 0; cutOff < kills && tries < kills * 10; tries++) {
    const child = start(world)
    const due = wait(killEveryMs).then(() => child.kill('SIGKILL'))
    await exitOf(child)
    if (child.signalCode === 'SIGKILL') cutOff++
    await due
  }
  return cutOff
}

function start(world: KeysWorld): ChildProcess {
  const script = new URL('./keys-child.ts', import.meta.url).pathname
  const env = { ...process.env, KEYS_URL: world.keystoreUrl, KEYS_JWKS: world.jwks, KEYS_BATCH: '500' }
  return spawn(process.execPath, [script], { env, stdio: ['ignore', 'ignore', 'inherit'] })
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((done) => child.once('close', done))
}

async function countLeft(world: KeysWorld): Promise<number> {
  const [row] = await world.store.sql<{ rows: number }[]>`select count(*)::int as rows from record_keys
    join tenant_keys as key on key.id = tenant_key_id where not key.is_primary`
  return row?.rows ?? -1
}

if (import.meta.main) {
  for (const fault of faults) console.log(JSON.stringify({ name: fault.name, ...(await fault.run()) }, null, 2))
}
