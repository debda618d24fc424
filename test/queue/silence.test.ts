/** Silence: told once when it begins and once when it ends, and never where nobody usually speaks. */
import { expect, test } from 'vitest'
import { silenceJob } from '../../src/queue/silence.ts'
import { watchStanding } from '../../src/queue/standing.ts'
import { listSilences } from '../../src/storage/silences.ts'
import { waitUntil, withQueue } from './harness.ts'

type Queue = Parameters<Parameters<typeof withQueue>[0]>[0]

const rules = { silenceMinutes: 15, quietHours: 3, quietCapturesMin: 5 }
const pace = { perSecondMax: 100, rampFromPerSecond: 2, rampMs: 300_000 }

function watch(q: Queue): { told: string[]; look(): Promise<unknown> } {
  const told: string[] = []
  const events = {
    silenceBegan: ({ kind, subject }: { kind: string; subject: string }) => void told.push(`began ${kind} ${subject}`),
    silenceEnded: ({ kind, subject }: { kind: string; subject: string }) => void told.push(`ended ${kind} ${subject}`),
  }
  const job = silenceJob({ database: q.database, destinations: [{ id: 'sidep', pace }], events }, rules)
  return { told, look: () => job.run(new AbortController().signal) }
}

/** `count` captures in each of `weeks` past weeks, one hour before this time of day; and the last one `lastHours` ago. */
async function captures(
  q: Queue,
  weeks: readonly number[],
  options: { count?: number; lastHours?: number | null } = {},
): Promise<void> {
  const { count = 5, lastHours = null } = options
  const [declarationId = ''] = await q.addDeclarations(1)
  const [row] = await q.sql`select version_id as id from declarations where id = ${declarationId}`
  const id: string = row?.['id']
  await q.sql`update declarations set state = 'accepted', settled_at = now()`
  const copy = (at: ReturnType<Queue['sql']>, times: number) => q.sql`
    insert into screenings (version_id, screening_id, pharmacy_id, version, status, key_ref, patient, act, drafted_by, signed_by, signed_role, captured_at, signed_at)
    select gen_random_uuid(), gen_random_uuid(), pharmacy_id, 1, status, key_ref, patient, act, drafted_by, signed_by, signed_role, ${at}, signed_at
    from screenings, generate_series(1, ${times}) where version_id = ${id}`
  for (const week of weeks)
    await copy(
      q.sql`((now() at time zone 'Europe/Paris') - ${week} * interval '7 days' - interval '1 hour') at time zone 'Europe/Paris'`,
      count,
    )
  if (lastHours !== null) await copy(q.sql`now() - ${lastHours} * interval '1 hour'`, 1)
  await q.sql`update screenings set captured_at = now() - interval '300 days' where version_id = ${id}`
}

test('a pharmacy that is quiet in its usual hours is told once, and once when it captures again', () =>
  withQueue(async (q) => {
    const { told, look } = watch(q)
    await captures(q, [1, 2, 3], { lastHours: 4 })
    await look()
    await look()
    expect(told).toEqual([`began pharmacy-quiet ${q.pharmacyId}`])
    const [silence] = await q.database.forWorker(listSilences)
    expect(silence?.since).toBeInstanceOf(Date)
    await q.sql`update screenings set captured_at = now() where version_id = (select version_id from screenings limit 1)`
    await look()
    expect(told).toEqual([`began pharmacy-quiet ${q.pharmacyId}`, `ended pharmacy-quiet ${q.pharmacyId}`])
    expect(await q.database.forWorker(listSilences)).toEqual([])
  }))

test.for([
  ['two weeks of the four are no habit', [1, 2], 5],
  ['a few captures are no habit', [1, 2, 3, 4], 4],
  ['what was five weeks ago is no habit', [2, 3, 5, 6], 5],
] as const)('nobody is alarmed where nobody usually captures: %s', ([, weeks, count]) =>
  withQueue(async (q) => {
    const { told, look } = watch(q)
    await captures(q, weeks, { count })
    await look()
    expect(told).toEqual([])
  }),
)

test('a pharmacy out of service is not missed', () =>
  withQueue(async (q) => {
    const { told, look } = watch(q)
    await captures(q, [1, 2, 3, 4])
    await q.sql`update pharmacies set in_service = false`
    await look()
    expect(told).toEqual([])
  }))

test('a destination that acknowledges nothing while work is due is told; one with nothing to do, or that says why, is not', () =>
  withQueue(async (q) => {
    const { told, look } = watch(q)
    await look()
    const { id } = await q.addDeclaration()
    await q.sql`update declarations set created_at = now() - interval '14 minutes'`
    await look()
    expect(told).toEqual([])
    await q.sql`update declarations set created_at = now() - interval '16 minutes'`
    await look()
    expect(told).toEqual(['began destination-silent sidep'])
    // It is known to be away: that is an outage with a banner, no silence.
    await q.sql`insert into destination_controls (destination, breaker, hold_until) values ('sidep', 'open', now())
      on conflict (destination) do update set breaker = 'open', hold_until = now()`
    await look()
    expect(told).toEqual(['began destination-silent sidep', 'ended destination-silent sidep'])
    await q.sql`update declarations set state = 'accepted', settled_at = now() where id = ${id}`
  }))

test('what dead workers left claimed or sent is due work: it is told like what waits', () =>
  withQueue(async (q) => {
    const { told, look } = watch(q)
    const [claimed = '', sent = ''] = await q.addDeclarations(2)
    const leave = (id: string, state: string) => q.sql`update declarations set state = ${state}, claimed_by = 'dead',
      created_at = now() - interval '3 hours', lease_until = now() - interval '2 hours' where id = ${id}`
    await leave(claimed, 'claimed')
    await look()
    expect(told).toEqual(['began destination-silent sidep'])
    await q.sql`update declarations set state = 'accepted', claimed_by = null, lease_until = null, settled_at = now()`
    await q.sql`update declarations set state = 'queued', settled_at = null, created_at = now() where id = ${sent}`
    await look()
    await leave(sent, 'sent')
    await look()
    expect(told).toEqual(['began', 'ended', 'began'].map((what) => `${what} destination-silent sidep`))
  }))

test('what waits behind a parked version of its screening raises no alarm, and is counted for its pharmacy as held', () =>
  withQueue(async (q) => {
    const { told, look } = watch(q)
    const { id, screeningId } = await q.addDeclaration()
    await q.addDeclaration({ screeningId, version: 2 })
    await q.addDeclaration({ screeningId, version: 3 })
    await q.addDeclaration({ screeningId, version: 2, destination: 'other' })
    await q.sql`update declarations set created_at = now() - interval '3 days' where destination = 'sidep'`
    await q.sql`update declarations set state = 'parked', code = 'answer-lost' where id = ${id}`
    await look()
    expect(told).toEqual([])
    const standing = watchStanding(
      { database: q.database, wait: waitUntil, onFailure: () => undefined },
      [{ id: 'sidep', label: 'Fichier national', pace, serves: () => true }],
      { silenceMs: 900_000 },
    )
    await standing.refresh()
    expect(standing.of(q.pharmacyId)).toMatchObject({ stopped: 1, held: 2, destinations: [{ label: 'other', waiting: 1 }] })
    // Decided: from here on they are due, and nobody sends them.
    await q.sql`update declarations set state = 'received', settled_at = now() where id = ${id}`
    await look()
    expect(told).toEqual(['began destination-silent sidep'])
  }))

test('a pharmacy whose work has waited for minutes is told so though no delay can be foreseen, and one without work is not', () =>
  withQueue(async (q) => {
    const other = await q.addPharmacy()
    await q.addDeclaration()
    const standing = watchStanding(
      { database: q.database, wait: waitUntil, onFailure: () => undefined },
      [{ id: 'sidep', label: 'Fichier national', pace, serves: () => true }],
      { silenceMs: 900_000 },
    )
    await standing.refresh()
    expect(standing.of(q.pharmacyId)?.destinations).toEqual([])
    await q.sql`update declarations set created_at = now() - interval '3 minutes'`
    await standing.refresh()
    expect(standing.of(q.pharmacyId)?.destinations).toMatchObject([{ state: 'delayed', waiting: 1, expectedDelayMs: null }])
    expect(standing.of(other)?.destinations).toEqual([])
  }))

test('pages are told how it stands for their own pharmacy: what waits, what stopped, and a destination that is away', () =>
  withQueue(async (q) => {
    const other = await q.addPharmacy()
    await q.addDeclarations(3)
    const [parked = ''] = await q.addDeclarations(1)
    await q.sql`update declarations set state = 'parked', code = 'answer-lost' where id = ${parked}`
    await q.addDeclarations(5, { pharmacyId: other })
    let nowMs = 0
    const failures: unknown[] = []
    const standing = watchStanding(
      { database: q.database, wait: waitUntil, monotonicMs: () => nowMs, onFailure: (error) => failures.push(error) },
      [{ id: 'sidep', label: 'Fichier national', pace, serves: () => true }],
      { silenceMs: 900_000 },
    )
    expect(standing.of(q.pharmacyId)).toBeNull()
    await standing.refresh()
    expect(standing.of(q.pharmacyId)).toEqual({ stopped: 1, held: 0, quietSince: null, destinations: [] })
    await q.sql`insert into destination_controls (destination, breaker, hold_until, opened_at) values ('sidep', 'open', now(), now() - interval '12 minutes')
      on conflict (destination) do update set breaker = 'open', hold_until = now(), opened_at = now() - interval '12 minutes'`
    await standing.refresh()
    expect(standing.of(q.pharmacyId)?.destinations).toMatchObject([{ state: 'paused', waiting: 3, expectedDelayMs: null }])
    expect(standing.of(other)?.destinations).toMatchObject([{ state: 'paused', waiting: 5 }])
    // An old reading says nothing any more.
    nowMs = 61_000
    expect(standing.of(q.pharmacyId)).toBeNull()
    expect(failures).toEqual([])
  }))
