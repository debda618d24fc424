/** What every transport must do, whatever it carries over: run with a far side that has the simulator's fault switches. */
import { createHash } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { outcomeWithoutAnswer } from '../../src/destinations/classify.ts'
import type { EncodedMessage, Transport } from '../../src/destinations/destination.ts'
import { sentBytesMax } from '../../src/formats/format.ts'
import { sidepOru } from '../../src/formats/profiles/sidep-oru.ts'
import { someDocument } from '../formats/documents.ts'
import type { Fault } from '../simulators/sidep/faults.ts'
import type { Received } from '../simulators/sidep/national-file.ts'

/** Where the far side stays silent; everywhere else the machine may be as slow as it likes. */
const impatientMs = 1_500
const patientMs = 20_000
export const contractAnswerBytesMax = 65_536

export type FarSide = {
  /** A transport to the far side, with the bounds asked for. */
  readonly transport: Transport
  readonly faults: { add(fault: Fault & { readonly count?: number }): void }
  received(): readonly Received[]
  close(): Promise<void>
}

export type TransportUnderTest = {
  readonly name: string
  open(timeoutMs: number): Promise<FarSide>
  /** True where nothing tells that an answer was lost but its not coming: a file, with no connection to break. */
  readonly lossIsSilence?: boolean
  /** A transport to where nobody listens. */
  openToNobody(): Promise<Transport>
}

/** A message of its own: another control id and another screening for each number. */
export function messageNumber(number: number): EncodedMessage {
  const tail = String(number).padStart(12, '0')
  const document = { ...someDocument, controlId: `MSG${number}`, screeningId: `0f8fad5b-d9cb-469f-a165-${tail}` }
  const encoded = sidepOru.encode(document, new Date(document.signedAt))
  if (!encoded.ok) throw new Error(encoded.problem.code)
  return encoded.value
}

/** A message whose comment makes it as long as asked, and a little more. */
/** The largest that a format lets out, to the byte or one less. */
function largestMessage(): EncodedMessage {
  const written = (comment: string) => {
    const act = { ...someDocument.act, comment }
    const encoded = sidepOru.encode({ ...someDocument, act, controlId: 'LARGE1' }, new Date(someDocument.signedAt))
    if (!encoded.ok) throw new Error(encoded.problem.code)
    return encoded.value
  }
  const room = sentBytesMax - written('é').bytes.length
  return written('é'.repeat(1 + Math.floor(room / 2)))
}

export const never = () => new AbortController().signal

export function transportContract({ name, lossIsSilence = false, open, openToNobody }: TransportUnderTest): void {
  const farSide = async (timeoutMs = patientMs) => {
    const far = await open(timeoutMs)
    onTestFinished(async () => {
      await far.transport.close()
      await far.close()
    })
    return far
  }
  const takenOf = (far: FarSide, controlId: string) => far.received().find((one) => one.controlId === controlId)?.taken ?? 0

  describe(`${name}, as every transport`, () => {
    test('brings back the answer, and the message arrives byte for byte', async () => {
      const far = await farSide()
      const message = messageNumber(1)
      const result = await far.transport.send(message, { signal: never() })
      if (result.kind !== 'answer') throw new Error(result.kind)
      expect(sidepOru.readAnswer(result.bytes, 'MSG1').class).toBe('accepted')
      expect(far.received()).toMatchObject([{ controlId: 'MSG1', taken: 1 }])
    })

    test("brings back a refusal as an answer: it is the format's to read", async () => {
      const far = await farSide()
      far.faults.add({ mode: 'refuse', code: '904' })
      const result = await far.transport.send(messageNumber(1), { signal: never() })
      if (result.kind !== 'answer') throw new Error(result.kind)
      expect(sidepOru.readAnswer(result.bytes, 'MSG1')).toEqual({ class: 'permanent', code: 'ins-mismatch', location: 'PID-3' })
    })

    test('says not-sent where nobody listens', async () => {
      const transport = await openToNobody()
      onTestFinished(() => transport.close())
      expect(await transport.send(messageNumber(1), { signal: never() })).toEqual({ kind: 'not-sent', code: 'unreachable' })
    })

    test('a refusal for now is an answer too, and the same message may be sent again', async () => {
      const far = await farSide()
      far.faults.add({ mode: 'ar' })
      const outcomes: unknown[] = []
      for (let attempt = 0; attempt < 2; attempt++) {
        const result = await far.transport.send(messageNumber(1), { signal: never() })
        if (result.kind !== 'answer') throw new Error(result.kind)
        outcomes.push(sidepOru.readAnswer(result.bytes, 'MSG1').class)
      }
      expect(outcomes).toEqual(['transient', 'accepted'])
      expect(takenOf(far, 'MSG1')).toBe(1)
    })

    test('an answer about another message is never taken for its own', async () => {
      const far = await farSide()
      far.faults.add({ mode: 'lie' })
      const result = await far.transport.send(messageNumber(1), { signal: never() })
      if (result.kind !== 'answer') throw new Error(result.kind)
      expect(sidepOru.readAnswer(result.bytes, 'MSG1')).toEqual({ class: 'ambiguous', code: 'answer-for-another' })
    })

    test.each(['garbage', 'html'] as const)('an answer of %s is doubtful, never a receipt', async (mode) => {
      const far = await farSide(3_000)
      far.faults.add({ mode })
      const result = await far.transport.send(messageNumber(1), { signal: never() })
      const outcome = result.kind === 'answer' ? sidepOru.readAnswer(result.bytes, 'MSG1') : outcomeWithoutAnswer(result)
      expect(outcome).toMatchObject({ class: 'ambiguous' })
    })

    test('carries a message of 600 KB whole', async () => {
      const far = await farSide()
      const large = largestMessage()
      expect(large.bytes.length).toBeGreaterThan(599_000)
      const result = await far.transport.send(large, { signal: never() })
      expect(result.kind).toBe('answer')
      const sha256 = createHash('sha256').update(large.bytes).digest('hex')
      expect(far.received().map(({ deliveries }) => deliveries[0]?.sha256)).toEqual([sha256])
    })

    test.each([
      ['lose-answer', 1, lossIsSilence ? impatientMs : patientMs],
      ['lose-request', 0, lossIsSilence ? impatientMs : patientMs],
      ['hang', 0, impatientMs],
      ['half-open', 1, impatientMs],
    ] as const)(
      'after %s says answer-lost, for the far side may or may not have taken it (here: %i)',
      async (mode, taken, timeoutMs) => {
        const far = await farSide(timeoutMs)
        far.faults.add({ mode })
        expect(await far.transport.send(messageNumber(1), { signal: never() })).toEqual({
          kind: 'answer-lost',
          code: 'answer-lost',
        })
        expect(takenOf(far, 'MSG1')).toBe(taken)
      },
    )

    test('does not wait for an answer that comes byte by byte beyond its time', async () => {
      const far = await farSide(impatientMs)
      far.faults.add({ mode: 'one-byte-a-second', ms: 50 })
      const startedAt = performance.now()
      expect(await far.transport.send(messageNumber(1), { signal: never() })).toEqual({
        kind: 'answer-lost',
        code: 'answer-lost',
      })
      expect(performance.now() - startedAt).toBeLessThan(impatientMs * 10)
    })

    test('does not read an answer beyond its bound', async () => {
      const far = await farSide()
      far.faults.add({ mode: 'huge' })
      expect(await far.transport.send(messageNumber(1), { signal: never() })).toEqual({
        kind: 'answer-lost',
        code: 'answer-too-large',
      })
    })

    test('sends nothing when stopped beforehand', async () => {
      const far = await farSide()
      expect(await far.transport.send(messageNumber(1), { signal: AbortSignal.abort() })).toEqual({ kind: 'interrupted' })
      expect(far.received()).toEqual([])
    })

    test('stopped after bytes left, says answer-lost at once', async () => {
      const far = await farSide()
      far.faults.add({ mode: 'half-open' })
      const stop = new AbortController()
      const result = far.transport.send(messageNumber(1), { signal: stop.signal })
      await expect.poll(() => takenOf(far, 'MSG1')).toBe(1)
      stop.abort()
      expect(await result).toEqual({ kind: 'answer-lost', code: 'answer-lost' })
    })

    // What is left over from one exchange must never be read as the answer to the next.
    test.each(['answer-twice', 'huge', 'one-byte-a-second', 'slow', 'half-open', 'lie', 'garbage', 'lose-answer'] as const)(
      'after %s, the next message still gets its own answer',
      async (mode) => {
        const far = await farSide(2_000)
        far.faults.add({ mode, ms: 500 })
        await far.transport.send(messageNumber(1), { signal: never() })
        for (const number of [2, 3]) {
          const result = await far.transport.send(messageNumber(number), { signal: never() })
          if (result.kind !== 'answer') throw new Error(result.kind)
          expect(sidepOru.readAnswer(result.bytes, `MSG${number}`).class).toBe('accepted')
        }
      },
    )

    test('gives each of many messages under way at once its own answer', async () => {
      const far = await farSide()
      const numbers = Array.from({ length: 40 }, (_, index) => index)
      const classes = await Promise.all(
        numbers.map(async (number) => {
          const result = await far.transport.send(messageNumber(number), { signal: never() })
          return result.kind === 'answer' ? sidepOru.readAnswer(result.bytes, `MSG${number}`).class : result.kind
        }),
      )
      expect(new Set(classes)).toEqual(new Set(['accepted']))
      expect(far.received().every(({ taken }) => taken === 1)).toBe(true)
      expect(far.received()).toHaveLength(40)
    })

    test('closes though nothing was ever sent, and after it was', async () => {
      const unused = await open(patientMs)
      await unused.transport.close()
      await unused.close()
      const used = await open(patientMs)
      await used.transport.send(messageNumber(1), { signal: never() })
      await used.transport.close()
      await used.close()
    })
  })
}
