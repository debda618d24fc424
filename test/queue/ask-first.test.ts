/** What may be there already is asked about before it is sent again: by a real receiver, and by ones that lie, hang or talk nonsense. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { openLookUp, readAnswer } from '../../src/destinations/look-up.ts'
import { askFirst } from '../../src/queue/ask-first.ts'
import { createTestDestination, withQueue } from './harness.ts'

type Queue = Parameters<Parameters<typeof withQueue>[0]>[0]
type Told = {
  readonly held: ReadonlyMap<string, string>
  readonly asked: string[]
  fault: null | ((response: ServerResponse, controlId: string) => void)
}

const retry = { baseMs: 1, capMs: 1000, attemptsMax: 3 }

/** A destination that forgets to answer, takes the same message each time it comes, and can be asked through real HTTP. */
async function withReceiver(
  run: (the: {
    told: Told
    destination: ReturnType<typeof createTestDestination> & { taken(): readonly string[] }
  }) => Promise<void>,
  q: Queue,
): Promise<void> {
  const held = new Map<string, string>()
  const told: Told = { held, asked: [], fault: null }
  const server = createServer((request, response) => {
    const controlId = request.url?.split('/').at(-1) ?? ''
    told.asked.push(controlId)
    if (told.fault) return told.fault(response, controlId)
    const digest = held.get(controlId)
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify(
        digest ? { controlId, held: true, messageSha256: digest, reference: `L-${controlId}` } : { controlId, held: false },
      ),
    )
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo // safe: it listens on TCP
  const lookUp = openLookUp(
    {
      kind: 'https',
      url: `http://127.0.0.1:${port}/oru`,
      timeoutMs: 1000,
      answerBytesMax: 1000,
      caFile: null,
      clientCertificateFile: null,
      clientKeyFile: null,
      insecureAllowPlainHttp: true,
      privateNetworks: ['127.0.0.0/8'],
    },
    { path: '/lookup/', timeoutMs: 300, askAfterMs: 0 },
  )
  const plain = createTestDestination({ deduplicates: 'look-up', retry })
  const deliver = plain.deliver
  const destination = Object.assign(plain, {
    deliver: askFirst({ database: q.database, ask: lookUp.ask }, deliver),
    taken: () => plain.arrivals.map((one) => one.controlId),
  })
  // What arrives is held, by its digest: that of the attempt that was opened for it.
  plain.onArrival = async () => {
    const arrived = plain.arrivals.at(-1)
    const [row] = await q.sql`select a.message_sha256 as digest from attempts a join declarations d on d.id = a.declaration_id
      where d.control_id = ${arrived?.controlId ?? ''} order by a.epoch desc limit 1`
    if (arrived && row) held.set(arrived.controlId, row['digest'])
  }
  try {
    await run({ told, destination })
  } finally {
    await lookUp.close()
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
}

async function sendOnce(q: Queue, destination: ReturnType<typeof createTestDestination>): Promise<void> {
  await q.makeDue()
  await q.worker(destination).runOnce()
}

test('a lost answer is asked about, and where the destination holds it that is the receipt: nothing is sent twice', () =>
  withQueue((q) =>
    withReceiver(async ({ told, destination }) => {
      const { id, controlId } = await q.addDeclaration()
      destination.fault = () => 'lose-answer'
      await sendOnce(q, destination)
      expect(await q.row(id)).toMatchObject({ state: 'queued', code: 'answer-lost' })
      expect(told.asked).toEqual([])
      await sendOnce(q, destination)
      expect(await q.row(id)).toMatchObject({ state: 'accepted' })
      expect(destination.taken()).toEqual([controlId])
      expect(told.asked).toEqual([controlId])
      expect(await q.sql`select reference from receipts`).toMatchObject([{ reference: `L-${controlId}` }])
      await q.checkInvariants()
    }, q),
  ))

test('a lost request is asked about, and sent again under the same control id where the destination does not hold it', () =>
  withQueue((q) =>
    withReceiver(async ({ told, destination }) => {
      const { id, controlId } = await q.addDeclaration()
      destination.fault = () => 'lose-request'
      await sendOnce(q, destination)
      destination.fault = () => null
      await sendOnce(q, destination)
      expect(await q.row(id)).toMatchObject({ state: 'accepted' })
      expect(told.asked).toEqual([controlId])
      expect(destination.taken()).toEqual([controlId])
      await q.checkInvariants()
    }, q),
  ))

test('what was refused because it is there already is asked about when it is sent again: the answer is the receipt', () =>
  withQueue((q) =>
    withReceiver(async ({ told, destination }) => {
      const { id, controlId } = await q.addDeclaration()
      destination.fault = () => 'refuse'
      await sendOnce(q, destination)
      await q.sql`update attempts set code = 'duplicate-key'`
      await q.sql`update declarations set state = 'queued', code = 'duplicate-key', settled_at = null`
      await sendOnce(q, destination)
      expect(await q.row(id)).toMatchObject({ state: 'accepted' })
      expect(destination.taken()).toEqual([controlId])
      expect(told.asked).toEqual([controlId])
    }, q),
  ))

test.for([
  ['hangs', (_: ServerResponse) => undefined],
  ['breaks off', (response: ServerResponse) => void response.destroy()],
  ['answers 500', (response: ServerResponse) => void response.writeHead(500).end('{}')],
  ['talks nonsense', (response: ServerResponse) => void response.end('MSH|^~\\&|')],
  [
    'answers about another',
    (response: ServerResponse) => void response.end(JSON.stringify({ controlId: 'OTHER0000000', held: false })),
  ],
  [
    'says that it holds other bytes',
    (response: ServerResponse, controlId: string) =>
      void response.end(JSON.stringify({ controlId, held: true, messageSha256: '0'.repeat(64) })),
  ],
  ['never ends', (response: ServerResponse) => void response.end(`{"controlId":"${'x'.repeat(1_000_000)}`)],
] as const)(
  'a destination that %s when it is asked gets nothing sent, and a person decides once the budget is spent',
  ([, fault]) =>
    withQueue((q) =>
      withReceiver(async ({ told, destination }) => {
        const { id, controlId } = await q.addDeclaration()
        destination.fault = () => 'lose-answer'
        await sendOnce(q, destination)
        told.fault = fault
        await sendOnce(q, destination)
        expect(await q.row(id)).toMatchObject({ state: 'queued', code: 'look-up-unclear' })
        await sendOnce(q, destination)
        expect(await q.row(id)).toMatchObject({ state: 'parked', code: 'retry-budget-spent' })
        expect(destination.taken()).toEqual([controlId])
        await q.checkInvariants()
      }, q),
    ),
)

describe('an answer to a question', () => {
  const digest = 'a'.repeat(64)
  const read = (value: unknown) =>
    readAnswer(new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value)), {
      controlId: 'C1',
      digests: [digest],
    }).kind

  test('is held or not held only where it says so of this message, in so many words', () => {
    expect(read({ controlId: 'C1', held: true, messageSha256: digest })).toBe('held')
    expect(read({ controlId: 'C1', held: false })).toBe('not-held')
    for (const said of [
      {},
      [],
      null,
      'no',
      '{"controlId":"C1"',
      { controlId: 'C1' },
      { held: false },
      { controlId: 'c1', held: false },
      { controlId: 'C1', held: 'false' },
      { controlId: 'C1', held: 0 },
      { controlId: 'C1', held: true },
      { controlId: 'C1', held: true, messageSha256: 'b'.repeat(64) },
      { controlId: 'C1', held: true, messageSha256: [digest] },
      { controlId: 'C1', held: true, messageSha256: digest, reference: 'a b' },
      { controlId: 'C1', held: true, messageSha256: digest, reference: 'x'.repeat(101) },
      [{ controlId: 'C1', held: false }],
    ])
      expect([said, read(said)]).toEqual([said, 'unclear'])
  })
})
