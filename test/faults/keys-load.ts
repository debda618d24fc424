/** The load of the keys' fault run: one that captures and one that opens, without a pause, each with the root key file of the moment. */
import { randomInt } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { systemClock } from '../../src/base/clock.ts'
import { randomId } from '../../src/base/ids.ts'
import { openColumn, sealColumn } from '../../src/crypto/envelope.ts'
import type { KeyRing } from '../../src/crypto/key-ring.ts'
import { keyRingLimits, openKeyRing } from '../../src/crypto/open-key-ring.ts'
import { openRootKeys } from '../../src/crypto/root-jwks.ts'
import type { Sealed } from '../../src/crypto/sealed.ts'
import type { KeysWorld } from '../bench/keys-world.ts'

const openedAtOnce = 50
const openedMax = 1000

type Row = { readonly ref: string; readonly pharmacyId: string; readonly rowId: string; readonly patient: Sealed<string> }
export type Tally = { captured: number; opened: number; readonly failed: string[] }

export type KeysLoad = {
  readonly tally: Tally
  /** One after the other, as replicas are restarted: resolves once both read with this file. */
  giveFile(jwks: string): Promise<void>
  /** Ends the load, then opens every row that was captured, with a ring that has cached nothing. */
  stop(): Promise<void>
}

export function startLoad(world: KeysWorld, jwks: string): KeysLoad {
  const tally: Tally = { captured: 0, opened: 0, failed: [] }
  const rows: Row[] = []
  const replicas = [
    startReplica(world, jwks, tally, (ring) => captureOne(ring, world, rows, tally)),
    startReplica(world, jwks, tally, (ring) => openSome(ring, rows, tally)),
  ]
  let file = jwks
  return {
    tally,
    giveFile: async (next) => {
      for (const replica of replicas) await replica.giveFile(next)
      file = next
    },
    stop: async () => {
      for (const replica of replicas) await replica.stop()
      const ring = openRing(world, file)
      for (let from = 0; from < rows.length; from += openedMax) await openRows(ring, rows.slice(from, from + openedMax))
      await ring.close()
    },
  }
}

function startReplica(world: KeysWorld, jwks: string, tally: Tally, run: (ring: KeyRing) => Promise<void>) {
  let running = true
  let next: { readonly jwks: string; taken(): void } | null = null
  async function loop(): Promise<void> {
    let ring = openRing(world, jwks)
    while (running) {
      if (next) {
        await ring.close()
        ring = openRing(world, next.jwks)
        next.taken()
        next = null
      }
      try {
        await run(ring)
      } catch (cause) {
        tally.failed.push(String(cause instanceof Error && cause.cause ? cause.cause : cause))
      }
      await wait(1)
    }
    await ring.close()
  }
  const ended = loop()
  return {
    giveFile: (file: string) =>
      new Promise<void>((taken) => {
        next = { jwks: file, taken }
      }),
    stop: () => {
      running = false
      return ended
    },
  }
}

/** No term on cached keys worth the name: each opening asks the key store in the middle of the rotation. */
function openRing(world: KeysWorld, jwks: string): KeyRing {
  const limits = { ...keyRingLimits, recordKeyTtlMs: 1, tenantKeyTtlMs: 1, outageGraceMs: 0, blockMin: 2, blockMax: 4 }
  return openKeyRing({ store: world.store, rootKeys: openRootKeys(jwks), clock: systemClock }, limits)
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
