/** The pure decisions at a destination's door: breaker, shared slots and pace. */
import { describe, expect, test } from 'vitest'
import { type Ask, afterClaim, type Control, decideAdmission, type Limits, noNews, paceAt } from '../../src/queue/admission.ts'

const limits: Limits = {
  concurrencyMax: 8,
  breaker: { failuresMax: 3, holdMs: 10_000, holdCapMs: 60_000 },
  pace: { perSecondMax: 100, rampFromPerSecond: 2, rampMs: 100_000 },
}
const fresh: Control = {
  breaker: 'closed',
  failures: 0,
  openings: 0,
  openedAtMs: null,
  holdUntilMs: null,
  probeBy: null,
  closedAtMs: null,
  tokens: 100,
  tokensAtMs: 0,
  grants: [],
  turnAfter: '',
  drained: 0,
  drainedAtMs: 0,
  lastAcceptedAtMs: null,
}
const ask = (input: Partial<Ask> = {}): Ask => ({
  worker: 'a',
  nowMs: 1000,
  leaseMs: 30_000,
  wanted: 8,
  underWay: 0,
  room: 50,
  news: noNews,
  ...input,
})
const failures = (count: number) => ({ ...noNews, failures: count })

describe('the breaker', () => {
  test('opens after so many failures one after another, over any number of askings and workers', () => {
    const one = decideAdmission(fresh, ask({ news: failures(2) }), limits)
    expect(one).toMatchObject({ control: { breaker: 'closed', failures: 2 }, claimMax: 50 })
    const two = decideAdmission(one.control, ask({ worker: 'b', news: failures(1) }), limits)
    expect(two).toMatchObject({ control: { breaker: 'open', holdUntilMs: 11_000 }, claimMax: 0, slots: 0, againMs: 10_000 })
  })

  test('an answer in between starts the count anew, be it a refusal', () => {
    const answered = decideAdmission({ ...fresh, failures: 2 }, ask({ news: { ...failures(1), answered: true } }), limits)
    expect(answered.control).toMatchObject({ breaker: 'closed', failures: 1 })
  })

  test('a Retry-After opens it at once, for as long as was asked', () => {
    const held = decideAdmission(fresh, ask({ news: { ...failures(1), holdMs: 45_000 } }), limits)
    expect(held.control).toMatchObject({ breaker: 'open', holdUntilMs: 46_000 })
  })

  const open: Control = { ...fresh, breaker: 'open', failures: 3, openings: 1, openedAtMs: 0, holdUntilMs: 10_000 }

  test('ten workers that ask when the pause is over send one probe between them', () => {
    let control = open
    let claimable = 0
    for (let index = 0; index < 10; index++) {
      const admission = decideAdmission(control, ask({ worker: `w${index}`, nowMs: 10_000 + index }), limits)
      claimable += admission.claimMax
      control = afterClaim(
        admission,
        ask({ worker: `w${index}`, nowMs: 10_000 + index }),
        admission.claimMax,
        admission.claimMax,
      ).control
    }
    expect(claimable).toBe(1)
    expect(control).toMatchObject({ breaker: 'half-open', probeBy: 'w0' })
  })

  test('nobody probes before the pause is over', () => {
    expect(decideAdmission(open, ask({ nowMs: 9_999 }), limits)).toMatchObject({ claimMax: 0, againMs: 1 })
  })

  const probing: Control = { ...open, breaker: 'half-open', probeBy: 'a', holdUntilMs: 40_000 }

  test('a probe that fails doubles the pause, up to its cap', () => {
    let control = probing
    const pauses: number[] = []
    for (let round = 0; round < 4; round++) {
      const { control: after } = decideAdmission(
        { ...control, breaker: 'half-open', probeBy: 'a' },
        ask({ nowMs: 0, news: failures(1) }),
        limits,
      )
      pauses.push(after.holdUntilMs ?? 0)
      control = after
    }
    expect(pauses).toEqual([20_000, 40_000, 60_000, 60_000])
  })

  test('a probe that is answered closes it, and the pace climbs from low', () => {
    const { control, claimMax } = decideAdmission(probing, ask({ nowMs: 20_000, news: { ...noNews, answered: true } }), limits)
    expect(control).toMatchObject({ breaker: 'closed', failures: 0, closedAtMs: 20_000 })
    expect(claimMax).toBeLessThanOrEqual(2)
  })

  test("another worker's late answers neither close nor open it", () => {
    const late = decideAdmission(probing, ask({ worker: 'b', nowMs: 20_000, news: { ...noNews, answered: true } }), limits)
    expect(late.control).toMatchObject({ breaker: 'half-open', probeBy: 'a' })
    expect(late.claimMax).toBe(0)
  })

  test('a prober that died is replaced when its lease is over', () => {
    expect(decideAdmission(probing, ask({ worker: 'b', nowMs: 39_999 }), limits).claimMax).toBe(0)
    expect(decideAdmission(probing, ask({ worker: 'b', nowMs: 40_000 }), limits)).toMatchObject({
      claimMax: 1,
      control: { probeBy: 'b' },
    })
  })

  test('a probe for which there is no work is given back', () => {
    const asked = ask({ nowMs: 10_000 })
    const admission = decideAdmission(open, asked, limits)
    expect(afterClaim(admission, asked, 0, 0).control).toMatchObject({ breaker: 'open', probeBy: null })
  })
})

describe('slots', () => {
  test('never sum to more than the destination takes, in any order of asking', () => {
    let control: Control = fresh
    let seed = 7
    const random = () => {
      seed = (seed * 1103515245 + 12345) % 2147483648
      return seed / 2147483648
    }
    const underWay = new Map<string, number>()
    for (let step = 0; step < 5000; step++) {
      const worker = `w${Math.floor(random() * 12)}`
      const running = underWay.get(worker) ?? 0
      const asked = ask({ worker, nowMs: 1000 + step, underWay: running, wanted: random() < 0.3 ? 0 : 8, room: 1 })
      const admission = decideAdmission(control, asked, limits)
      const after = afterClaim(admission, asked, 1, 20)
      control = after.control
      expect(control.grants.reduce((sum, grant) => sum + grant.slots, 0)).toBeLessThanOrEqual(limits.concurrencyMax)
      underWay.set(worker, Math.floor(random() * (after.slots + 1)))
    }
  })

  test('one worker alone gets them all; a second one gets half as they come free', () => {
    const alone = decideAdmission(fresh, ask(), limits)
    expect(alone.slots).toBe(8)
    const second = decideAdmission(alone.control, ask({ worker: 'b' }), limits)
    expect(second).toMatchObject({ slots: 0, againMs: 500 })
    const shrunk = decideAdmission(second.control, ask({ underWay: 2 }), limits)
    expect(shrunk.slots).toBe(4)
    expect(decideAdmission(shrunk.control, ask({ worker: 'b' }), limits).slots).toBe(4)
  })

  test("a dead worker's are free when its lease is over", () => {
    const dead = { ...fresh, grants: [{ worker: 'dead', slots: 8, wanted: 8, untilMs: 5000 }] }
    expect(decideAdmission(dead, ask({ nowMs: 4999 }), limits).slots).toBe(0)
    expect(decideAdmission(dead, ask({ nowMs: 5000 }), limits).slots).toBe(8)
  })
})

describe('the pace', () => {
  test('climbs in a line from the first second after an outage to the cap', () => {
    const pace = (ms: number) => paceAt({ closedAtMs: 0 }, ms, limits.pace)
    expect([pace(0), pace(50_000), pace(100_000), pace(1e9)]).toEqual([2, 51, 100, 100])
    expect(paceAt({ closedAtMs: null }, 0, limits.pace)).toBe(100)
  })

  test('is shared: what one worker claims, the others have no more', () => {
    const asked = ask({ room: 80, nowMs: 0, wanted: 4 })
    const first = decideAdmission({ ...fresh, tokens: 100 }, asked, limits)
    expect(first.claimMax).toBe(80)
    const spent = afterClaim(first, asked, 80, 80).control
    expect(decideAdmission(spent, ask({ worker: 'b', nowMs: 0, room: 80 }), limits).claimMax).toBe(20)
  })

  test('lets no more than a second of it pile up while idle', () => {
    expect(
      decideAdmission({ ...fresh, tokens: 0, tokensAtMs: 0 }, ask({ nowMs: 3_600_000, room: 10_000 }), limits).claimMax,
    ).toBe(100)
  })

  test('a clock that steps back spends nothing and breaks nothing', () => {
    const back = decideAdmission({ ...fresh, tokens: 5, tokensAtMs: 9000, drainedAtMs: 9000 }, ask({ nowMs: 1000 }), limits)
    expect(back).toMatchObject({ claimMax: 5, control: { tokensAtMs: 9000 } })
  })
})
