import { createHash } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openDestinations, type SendingSettings } from '../../src/destinations/open-destinations.ts'
import { ansOruCdaDefaults } from '../../src/domain/ans-oru-cda-settings.ts'
import type { DeclarationDocument } from '../../src/domain/declaration-document.ts'
import { formatNames } from '../../src/domain/destination-settings.ts'
import { sidepOru } from '../../src/formats/profiles/sidep-oru.ts'
import { someAct, someDocument } from '../formats/documents.ts'
import { startSidepSimulator } from '../simulators/sidep/simulator.ts'

const clock = { now: () => new Date('2026-01-15T10:00:00.000Z') }
const goAhead = { signal: new AbortController().signal, beforeSend: async () => true }

function settingsFor(url: string): SendingSettings {
  return {
    id: 'sidep',
    format: 'sidep-oru',
    transport: {
      kind: 'https',
      url,
      timeoutMs: 10_000,
      answerBytesMax: 65_536,
      caFile: null,
      clientCertificateFile: null,
      clientKeyFile: null,
      privateNetworks: ['127.0.0.0/8'],
      insecureAllowPlainHttp: true,
    },
    concurrencyMax: 4,
  }
}

async function withSimulator(options: { readonly deduplicates?: boolean } = {}) {
  const simulator = await startSidepSimulator(options)
  const destinations = openDestinations([settingsFor(simulator.url)], { clock })
  onTestFinished(async () => {
    await destinations.close()
    await simulator.close()
  })
  return { simulator, deliver: destinations.deliver('sidep') }
}

describe('delivering', () => {
  test('a declaration that is taken brings a receipt with the reference and the digest of the answer', async () => {
    const { deliver, simulator } = await withSimulator()
    const outcome = await deliver(someDocument, goAhead)
    if (outcome.class !== 'accepted') throw new Error(outcome.class)
    expect(outcome.receipt.reference).toBe(`R${someDocument.controlId}`)
    expect(outcome.receipt.answerSha256).toMatch(/^[0-9a-f]{64}$/)
    expect(simulator.received()).toMatchObject([{ controlId: someDocument.controlId, taken: 1 }])
  })

  test('a content on which our own code fails is refused for good before a byte leaves, and the fault is told', async () => {
    const faults: unknown[] = []
    const destinations = openDestinations([settingsFor('http://127.0.0.1:9/')], { clock, onFault: (cause) => faults.push(cause) })
    onTestFinished(() => destinations.close())
    const asked: string[] = []
    const options = { signal: goAhead.signal, beforeSend: async (digest: string) => asked.push(digest) > 0 }
    // A control id that no message can hold: an assertion of the format.
    const outcome = await destinations.deliver('sidep')({ ...someDocument, controlId: 'no such id' }, options)
    expect(outcome).toEqual({ class: 'permanent', code: 'unreadable-content', location: undefined })
    expect([asked.length, faults.length]).toEqual([0, 1])
  })

  test('before the first byte the digest of the message is handed over, and it is that of the bytes that arrive', async () => {
    const { deliver, simulator } = await withSimulator()
    const digests: string[] = []
    const receivedBefore: number[] = []
    const beforeSend = async (digest: string) => {
      receivedBefore.push(simulator.received().length)
      digests.push(digest)
      return true
    }
    await deliver(someDocument, { ...goAhead, beforeSend })
    expect(receivedBefore).toEqual([0])
    expect(simulator.received()[0]?.deliveries.map(({ sha256 }) => sha256)).toEqual(digests)
  })

  test('every attempt at a declaration sends the same bytes, and the far side takes them once', async () => {
    const { deliver, simulator } = await withSimulator()
    simulator.faults.add({ mode: 'lose-answer' })
    expect(await deliver(someDocument, goAhead)).toEqual({ class: 'ambiguous', code: 'answer-lost' })
    expect(await deliver(someDocument, goAhead)).toMatchObject({ class: 'accepted' })
    const [received] = simulator.received()
    expect(received?.taken).toBe(1)
    expect(new Set(received?.deliveries.map(({ sha256 }) => sha256)).size).toBe(1)
    expect(received?.deliveries).toHaveLength(2)
  })

  test.each([
    ['refuse', { class: 'permanent', code: 'wrong-version', location: 'PID-3' }],
    ['ar', { class: 'transient', code: 'refused-for-now' }],
    ['busy', { class: 'transient', code: 'busy', retryAfterMs: 3_000 }],
    ['lose-request', { class: 'ambiguous', code: 'answer-lost' }],
    ['lie', { class: 'ambiguous', code: 'answer-for-another' }],
    ['garbage', { class: 'ambiguous', code: 'answer-unreadable' }],
    ['html', { class: 'ambiguous', code: 'answer-unreadable' }],
    ['huge', { class: 'ambiguous', code: 'answer-too-large' }],
    ['answer-twice', { class: 'accepted' }],
  ] as const)('when the far side does %s, the outcome is %j', async (mode, outcome) => {
    const { deliver, simulator } = await withSimulator()
    simulator.faults.add({ mode, code: '900', ms: 3_000 })
    expect(await deliver(someDocument, goAhead)).toMatchObject(outcome)
  })

  test('when it is no longer ours, nothing is sent', async () => {
    const { deliver, simulator } = await withSimulator()
    expect(await deliver(someDocument, { ...goAhead, beforeSend: async () => false })).toEqual({ class: 'interrupted' })
    expect(simulator.received()).toEqual([])
  })

  test('stopped beforehand, it does not even ask', async () => {
    const { deliver, simulator } = await withSimulator()
    let asked = 0
    const beforeSend = async () => {
      asked += 1
      return true
    }
    expect(await deliver(someDocument, { signal: AbortSignal.abort(), beforeSend })).toEqual({ class: 'interrupted' })
    expect([asked, simulator.received().length]).toEqual([0, 0])
  })

  test('stopped while it asks, it sends nothing', async () => {
    const { deliver, simulator } = await withSimulator()
    const stop = new AbortController()
    const beforeSend = async () => {
      stop.abort()
      return true
    }
    expect(await deliver(someDocument, { signal: stop.signal, beforeSend })).toEqual({ class: 'interrupted' })
    expect(simulator.received()).toEqual([])
  })

  test('a document that must not be written is refused for good, and nothing is asked nor sent', async () => {
    const { deliver, simulator } = await withSimulator()
    const results = [{ analyte: 'sars-cov-2', result: 'perhaps' }]
    const document = { ...someDocument, act: { ...someAct, results } } as unknown as DeclarationDocument
    const beforeSend = async () => {
      throw new Error('asked')
    }
    expect(await deliver(document, { ...goAhead, beforeSend })).toEqual({
      class: 'permanent',
      code: 'unmapped-code',
      location: 'OBX-5',
    })
    expect(simulator.received()).toEqual([])
  })

  test('what fails in us is thrown, and nothing is sent', async () => {
    const { deliver, simulator } = await withSimulator()
    const beforeSend = async () => {
      throw new Error('database is down')
    }
    await expect(deliver(someDocument, { ...goAhead, beforeSend })).rejects.toThrow('database is down')
    expect(simulator.received()).toEqual([])
  })
})

describe('versions at the far side', () => {
  const versions = [
    { ...someDocument, controlId: 'V1' },
    { ...someDocument, controlId: 'V2', kind: 'replacement', version: 2, replacesVersion: 1 },
    { ...someDocument, controlId: 'V3', kind: 'cancellation', version: 3, replacesVersion: 2 },
  ] as const

  test('an original, its replacement and its cancellation are taken in turn', async () => {
    const { deliver, simulator } = await withSimulator()
    for (const version of versions) expect(await deliver(version, goAhead)).toMatchObject({ class: 'accepted' })
    const kept = simulator.screenings().get(someDocument.screeningId)
    expect(kept).toMatchObject({ cancelled: true, current: { version: 3 }, taken: { 1: 1, 2: 1, 3: 1 } })
  })

  test('a replacement that overtakes its original is refused for good as a wrong version', async () => {
    const { deliver } = await withSimulator()
    expect(await deliver(versions[1], goAhead)).toMatchObject({ class: 'permanent', code: 'wrong-version' })
  })
})

describe('opening', () => {
  test('a destination that was not configured has no delivery', () => {
    const destinations = openDestinations([], { clock })
    expect(() => destinations.deliver('sidep')).toThrow('no such destination')
  })

  test('a format that this release does not have is named at the start, not at the first declaration', () => {
    const settings = { ...settingsFor('http://127.0.0.1/oru'), format: 'fax' } as unknown as SendingSettings
    expect(() => openDestinations([settings], { clock })).toThrow('destination sidep: format fax is not available')
  })

  test('every published format can be opened, ans-oru-cda with its own settings or none', async () => {
    const base = settingsFor('http://127.0.0.1/oru')
    const named = formatNames.map((format) => ({ ...base, id: format, format }))
    const flagged = {
      ...base,
      id: 'flagged',
      format: 'ans-oru-cda' as const,
      ansOruCda: { ...ansOruCdaDefaults, publishToDmp: true },
    }
    const destinations = openDestinations([...named, flagged], { clock })
    for (const { id } of [...named, flagged]) expect(destinations.deliver(id)).toBeTypeOf('function')
    await destinations.close()
  })

  test('a destination that cannot be opened is named', () => {
    const settings = settingsFor('http://127.0.0.1/oru')
    const secure = { ...settings, transport: { ...settings.transport, insecureAllowPlainHttp: false } }
    expect(() => openDestinations([secure], { clock })).toThrow('destination sidep: its transport cannot be opened')
  })

  test('the digest of a message is SHA-256 of its bytes', async () => {
    const { deliver } = await withSimulator()
    const encoded = sidepOru.encode(someDocument, new Date(someDocument.signedAt))
    if (!encoded.ok) throw new Error(encoded.problem.code)
    const expected = createHash('sha256').update(encoded.value.bytes).digest('hex')
    await deliver(someDocument, {
      ...goAhead,
      beforeSend: async (digest) => {
        expect(digest).toBe(expected)
        return true
      },
    })
    expect.assertions(1)
  })
})
