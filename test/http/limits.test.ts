import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findClientAddress, limitKeyOf, parseTrustedProxies } from '../../src/http/client-address.ts'
import { withDeadline } from '../../src/http/deadline.ts'
import { createRateLimiter } from '../../src/http/rate-limit.ts'
import { openHouse } from '../web/sample-house.ts'
import { cookieOf, get, ownForm, post } from './ask.ts'

function limiterAt(limit: { burst: number; perSecond: number; keysMax: number }) {
  const time = { ms: 0 }
  return { time, limiter: createRateLimiter({ clock: { now: () => new Date(time.ms) } }, limit) }
}

test('a bucket gives its burst at once, then its rate, and says when to come back', () => {
  const { time, limiter } = limiterAt({ burst: 3, perSecond: 0.5, keysMax: 10 })
  expect([1, 2, 3, 4].map(() => limiter.take('a'))).toEqual([null, null, null, 2])
  time.ms += 1_999
  expect(limiter.take('a')).toBe(1)
  time.ms += 1
  expect(limiter.take('a')).toBeNull()
  expect(limiter.take('b')).toBeNull()
})

test('a bucket never gives more than its burst and its rate allow, whatever the rhythm', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 200 }), (waits) => {
      const { time, limiter } = limiterAt({ burst: 5, perSecond: 2, keysMax: 1 })
      let given = 0
      for (const wait of waits) {
        time.ms += wait
        if (limiter.take('a') === null) given += 1
      }
      expect(given).toBeLessThanOrEqual(5 + (time.ms / 1000) * 2)
    }),
  )
})

test('the memory of a limiter is bounded, and forgets the one longest unused first', () => {
  const { limiter } = limiterAt({ burst: 1, perSecond: 0.001, keysMax: 2 })
  expect(limiter.take('a')).toBeNull()
  expect(limiter.take('b')).toBeNull()
  expect(limiter.take('a')).not.toBeNull() // used again: `b` is now the older one
  expect(limiter.take('c')).toBeNull()
  expect(limiter.take('a')).not.toBeNull()
  expect(limiter.take('b')).toBeNull()
})

test('one session is slowed down alone, and told when to come back', async () => {
  const house = openHouse({ limits: { perSession: { burst: 2, perSecond: 0.1 } } })
  const statuses = []
  for (let turn = 0; turn < 4; turn++) statuses.push((await get(house, '/depistages', 'pharmacist')).status)
  expect(statuses).toEqual([200, 200, 429, 429])
  const refused = await get(house, '/depistages', 'pharmacist')
  expect(refused.headers.get('retry-after')).toBe('10')
  expect((await get(house, '/depistages', 'preparer')).status).toBe(200)
  house.clockMs += 10_000
  expect((await get(house, '/depistages', 'pharmacist')).status).toBe(200)
})

test('a body is refused as soon as it passes the bound, whether it says its length or not', async () => {
  const house = openHouse()
  const said = await post(house, '/officine', 'unchosen', { pharmacyId: 'x'.repeat(65 * 1024) })
  expect(said.status).toBe(413)
  let pulled = 0
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      pulled += 1
      controller.enqueue(new TextEncoder().encode('x'.repeat(16 * 1024)))
    },
  })
  const init = { method: 'POST', headers: { ...ownForm, ...cookieOf('unchosen') }, body: endless, duplex: 'half' }
  const unsaid = await house.app.request('/officine', init as RequestInit)
  expect(unsaid.status).toBe(413)
  expect(pulled).toBeLessThan(10)
})

test('no body is read before its sender may send one', async () => {
  const house = openHouse()
  let pulled = 0
  const body = () =>
    new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          pulled += 1
          controller.enqueue(new Uint8Array(1024))
        },
      },
      { highWaterMark: 0 },
    )
  const send = (headers: Record<string, string>) =>
    house.app.request('/depistages/nouveau', { method: 'POST', headers, body: body(), duplex: 'half' } as RequestInit)
  expect((await send({ ...ownForm, ...cookieOf('pharmacist'), Origin: 'https://evil.example' })).status).toBe(403)
  expect((await send(ownForm)).status).toBe(401)
  expect((await send({ ...ownForm, ...cookieOf('dpo') })).status).toBe(403)
  expect(pulled).toBe(0)
})

test('an answer that takes too long becomes "try again"', async () => {
  const never = new Promise<string>(() => undefined)
  await expect(withDeadline(never, 5, () => new Error('late'))).rejects.toThrow('late')
  expect(await withDeadline(Promise.resolve('in time'), 5_000, () => new Error('late'))).toBe('in time')
  const house = openHouse({ limits: { answerTimeoutMs: 30 } })
  house.captureFault = 'no-answer'
  const answer = await post(house, '/depistages/nouveau', 'pharmacist', { idempotencyKey: 'k'.repeat(20) })
  expect([answer.status, house.failures]).toEqual([503, []])
})

test('the client is the peer, unless a trusted proxy says otherwise', () => {
  const trusted = parseTrustedProxies(['10.0.0.0/8', 'fd00::/8', '192.0.2.7'])
  const cases: readonly [string, string | null, string][] = [
    ['203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['10.1.2.3', '198.51.100.1', '198.51.100.1'],
    ['10.1.2.3', '1.1.1.1, 198.51.100.1', '198.51.100.1'],
    ['10.1.2.3', '1.1.1.1, 198.51.100.1, 10.9.9.9', '198.51.100.1'],
    ['::ffff:10.1.2.3', '198.51.100.1', '198.51.100.1'],
    ['fd00::1', '2001:db8::1', '2001:db8::1'],
    ['10.1.2.3', 'unknown', '10.1.2.3'],
    ['10.1.2.3', '198.51.100.1, <script>', '10.1.2.3'],
    ['10.1.2.3', null, '10.1.2.3'],
    ['10.1.2.3', '10.0.0.1, 10.0.0.2', '10.0.0.1'],
  ]
  for (const [peer, header, expected] of cases)
    expect([peer, header, findClientAddress(peer, header, trusted)]).toEqual([peer, header, expected])
  expect(findClientAddress(null, '1.1.1.1', trusted)).toBeNull()
  expect(() => parseTrustedProxies(['not-an-address'])).toThrow(RangeError)
})

test('addresses of one IPv6 subscriber share a bucket; IPv4 addresses and other blocks do not', () => {
  expect(limitKeyOf('2001:db8:1:2::1')).toBe(limitKeyOf('2001:0db8:0001:0002:ffff:ffff:ffff:ffff'))
  expect(limitKeyOf('2001:db8:1:2::1')).not.toBe(limitKeyOf('2001:db8:1:3::1'))
  expect(limitKeyOf('::1')).toBe('0:0:0:0::/64')
  expect(limitKeyOf('198.51.100.1')).not.toBe(limitKeyOf('198.51.100.2'))
})
