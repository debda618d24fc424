/** Answers that a destination should never give: whatever comes back over the wire, it is no receipt, and it stops nothing else. */
import { expect, onTestFinished, test } from 'vitest'
import { openDestinations } from '../../src/destinations/open-destinations.ts'
import type { OpenDeclaration } from '../../src/queue/run-declaration.ts'
import type { WorkerDeps } from '../../src/queue/worker.ts'
import { someDocument } from '../formats/documents.ts'
import type { FaultMode } from '../simulators/sidep/faults.ts'
import { startSidepSimulator } from '../simulators/sidep/simulator.ts'
import { createTestDestination, withQueue } from './harness.ts'

const openWhole: WorkerDeps['openForSending'] = async (claims) =>
  new Map(
    claims.map(({ id, controlId, screeningId }): [string, OpenDeclaration] => [
      id,
      () => ({ document: { ...someDocument, declarationId: id, controlId, screeningId } }),
    ]),
  )

/** Only what never comes to its end is waited for in vain; everywhere else the machine may be as slow as it likes. */
const timeoutMsFor = (mode: FaultMode) => (mode === 'one-byte-a-second' ? 4_000 : 20_000)

async function overTheWire(mode: FaultMode, deduplicates: 'control-id' | 'none') {
  const simulator = await startSidepSimulator({ deduplicates: deduplicates === 'control-id', hugeBytes: 2 ** 22 })
  const transport = {
    kind: 'https',
    url: simulator.url,
    timeoutMs: timeoutMsFor(mode),
    answerBytesMax: 65_536,
    caFile: null,
    clientCertificateFile: null,
    clientKeyFile: null,
    privateNetworks: ['127.0.0.0/8'],
    insecureAllowPlainHttp: true,
  } as const
  const destinations = openDestinations([{ id: 'sidep', format: 'sidep-oru', transport, concurrencyMax: 8 }], {
    clock: { now: () => new Date() },
  })
  onTestFinished(async () => {
    await destinations.close()
    await simulator.close()
  })
  simulator.faults.add({ mode })
  return { simulator, destination: { ...createTestDestination({ deduplicates }), deliver: destinations.deliver('sidep') } }
}

const hostile: readonly (readonly [FaultMode, string])[] = [
  ['lie', 'answer-for-another'],
  ['garbage', 'answer-unreadable'],
  ['huge', 'answer-too-large'],
  ['one-byte-a-second', 'answer-lost'],
]

for (const [mode, code] of hostile) {
  test(`hostile answer, ${mode}: without a promise it is parked, sent once, and its neighbour goes on`, () =>
    withQueue(async (q) => {
      const { simulator, destination } = await overTheWire(mode, 'none')
      const { id, controlId } = await q.addDeclaration()
      const worker = q.worker(destination, { deps: { openForSending: openWhole } })
      await worker.runOnce()
      const neighbour = await q.addDeclaration()
      await q.makeDue()
      await worker.runOnce()
      expect(await q.row(id)).toMatchObject({ state: 'parked', code })
      expect(await q.row(neighbour.id)).toMatchObject({ state: 'accepted' })
      expect(await q.count('receipts')).toBe(1)
      const received = simulator.received().find((one) => one.controlId === controlId)
      expect(received?.deliveries).toHaveLength(1)
      await q.checkInvariants()
    }))

  test(`hostile answer, ${mode}: under the promise it is sent again under the same control id, and taken once`, () =>
    withQueue(async (q) => {
      const { simulator, destination } = await overTheWire(mode, 'control-id')
      const { id, controlId } = await q.addDeclaration()
      const worker = q.worker(destination, { deps: { openForSending: openWhole } })
      await worker.runOnce()
      expect(await q.row(id)).toMatchObject({ state: 'queued', code })
      await q.makeDue()
      await worker.runOnce()
      expect(await q.row(id)).toMatchObject({ state: 'accepted', attempt_count: 2 })
      expect(simulator.received()).toMatchObject([{ controlId, taken: 1, deliveries: [{}, {}] }])
      await q.checkInvariants()
    }))
}
