/** Benchmark of the ledger page: what one pharmacy's page reads, beside everybody's past. */
import { randomUUID } from 'node:crypto'
import { getLedger } from '../../src/actions/get-ledger.ts'
import type { Professional } from '../../src/domain/actor.ts'
import type { Rpps } from '../../src/domain/rpps.ts'
import type { Bench, BenchResult } from './bench-result.ts'
import { now } from './ledger-rows.ts'
import { type LedgerWorld, sizeFromEnvironment, withLedgerWorld } from './ledger-world.ts'

const pagesRead = 400
const promiseMs = 50

export const benches: readonly Bench[] = [
  {
    name: 'ledger',
    run: async () => ({ results: await withLedgerWorld(sizeFromEnvironment({ pharmacies: 100, days: 100 }), readPages) }),
  },
]

/** What the page of the ledger reads, of one pharmacy after another. */
export async function readPages({ database, register, professionalId, charges }: LedgerWorld): Promise<readonly BenchResult[]> {
  const pharmacyIds = [...register.keys()]
  const read = getLedger({ database, clock: { now: () => now }, findDestination: () => null })
  const took: number[] = []
  for (let index = 0; index < pagesRead; index++) {
    const pharmacyId = pharmacyIds[index % pharmacyIds.length] ?? ''
    const started = performance.now()
    const ledger = await read(
      personAt(pharmacyId, professionalId),
      { month: null },
      { requestId: randomUUID(), clientAddress: '192.0.2.7' },
    )
    took.push(performance.now() - started)
    // Closed days are written here as they stand after one late movement: carried one, moved one.
    if (ledger.days.length !== 32 || !ledger.total.balanced) throw new Error('the generated ledger does not balance')
  }
  const sorted = took.toSorted((a, b) => a - b)
  const p95 = sorted[Math.ceil(0.95 * sorted.length) - 1] ?? 0
  const size = `${pharmacyIds.length} pharmacies, ${charges} charges`
  return [
    {
      name: `ledger page of one pharmacy, p95, beside ${size}`,
      value: p95,
      unit: 'ms',
      ratio: p95 / promiseMs,
      against: `${promiseMs} ms`,
    },
    { name: 'ledger page of one pharmacy, median', value: sorted[Math.floor(sorted.length / 2)] ?? 0, unit: 'ms' },
  ]
}

function personAt(pharmacyId: string, professionalId: string): Professional {
  return {
    kind: 'professional',
    professionalId,
    rpps: '10000000004' as Rpps,
    familyName: 'MARTIN',
    givenName: 'Alix',
    role: 'titular',
    pharmacyId,
    sessionId: randomUUID(),
  }
}
