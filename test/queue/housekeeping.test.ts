/** What is done with leaves after its retention; what is not finished keeps its payload, whatever is asked of the database. */
import { randomBytes, randomUUID } from 'node:crypto'
import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sealEvents } from '../../src/audit/seal-events.ts'
import { verifyLog } from '../../src/audit/verify-log.ts'
import { createCheckpointSigner, generateCheckpointKey, parseCheckpointKey } from '../../src/crypto/checkpoint.ts'
import { type DeclarationState, declarationStates } from '../../src/domain/declaration.ts'
import { keepHouse } from '../../src/queue/housekeeping.ts'
import type { Database, Tx } from '../../src/storage/database.ts'
import { withQueue } from './harness.ts'

type Queue = Parameters<Parameters<typeof withQueue>[0]>[0]

const retention = {
  payload: { days: 90, reason: null },
  audit: { days: 365, reason: null },
  idempotencyKeysDays: 7,
  sessionsDays: 30,
}
const run = (q: Queue, really = true) =>
  keepHouse(
    { database: q.database, clock: { now: () => new Date() } },
    { retention, really, by: 'worker', signal: new AbortController().signal },
  )

/** Puts a declaration where a worker or a person would have left it, `days` ago; all columns that the state needs. */
async function place(q: Queue, id: string, state: DeclarationState, days: number): Promise<void> {
  const leased = state === 'claimed' || state === 'sent'
  const ended = ['accepted', 'rejected', 'cancelled', 'received'].includes(state)
  await q.sql`update declarations set state = ${state}, code = ${state === 'rejected' || state === 'parked' ? 'refused' : null},
    claimed_by = ${leased ? 'w' : null}, lease_until = ${leased ? q.sql`now()` : null},
    settled_at = ${ended ? q.sql`now() - ${days} * interval '1 day'` : null} where id = ${id}`
  await q.sql`update screenings set captured_at = now() - ${days} * interval '1 day', signed_at = now() - ${days} * interval '1 day'
    where version_id = (select version_id from declarations where id = ${id})`
}

const payloadOf = async (q: Queue, screeningId: string) =>
  (await q.sql`select octet_length(patient) > 0 as patient, octet_length(act) > 0 as act, key_ref, payload_left_at is not null as left
    from screenings where screening_id = ${screeningId} order by version`) as unknown as readonly {
    patient: boolean
    act: boolean
    key_ref: string
    left: boolean
  }[]

test('patient and act leave in every version, ninety days after the last declaration ended, under no key any more', () =>
  withQueue(async (q) => {
    const first = await q.addDeclaration()
    const second = await q.addDeclaration({ screeningId: first.screeningId, version: 2 })
    await place(q, first.id, 'accepted', 200)
    await q.sql`update screenings set status = 'superseded' where screening_id = ${first.screeningId} and version = 1`
    await place(q, second.id, 'accepted', 89)
    expect(await run(q)).toMatchObject({ payloads: 0 })
    await place(q, second.id, 'accepted', 91)
    expect(await run(q, false)).toMatchObject({ payloads: 1 })
    expect((await payloadOf(q, first.screeningId)).every((row) => row.patient)).toBe(true)
    expect(await run(q)).toEqual({ payloads: 1, idempotencyKeys: 0, sessions: 0, auditEvents: 0, more: false })
    const gone = { patient: false, act: false, key_ref: '00000000-0000-0000-0000-000000000000', left: true }
    expect(await payloadOf(q, first.screeningId)).toEqual([gone, gone])
    expect(await run(q)).toMatchObject({ payloads: 0 })
    const [event] =
      await q.sql`select details from audit_events where action = 'housekeeping.run' and (details ->> 'payloads')::int = 1`
    expect(event?.['details']).toMatchObject({ payloads: 1, payloadDays: 90, by: 'worker' })
  }))

test('tries at what left are kept as counts a day, and the accepted one as it was', () =>
  withQueue(async (q) => {
    const { id, screeningId } = await q.addDeclaration()
    await place(q, id, 'accepted', 91)
    const [row] = await q.sql`select pharmacy_id from declarations where id = ${id}`
    for (const [epoch, outcome, code] of [
      [1, 'transient', 'busy'],
      [2, 'transient', 'busy'],
      [3, 'ambiguous', 'answer-lost'],
      [4, 'accepted', null],
    ] as const)
      await q.sql`insert into attempts (declaration_id, epoch, pharmacy_id, worker, started_at, ended_at, outcome, code)
        values (${id}, ${epoch}, ${row?.['pharmacy_id']}, 'w', '2026-01-05T23:30:00Z', now(), ${outcome}, ${code})`
    await run(q)
    expect([...(await q.sql`select epoch::int, outcome from attempts where declaration_id = ${id}`)]).toEqual([
      { epoch: 4, outcome: 'accepted' },
    ])
    const counts = await q.sql`select day::text, outcome, code, count::int from attempt_counts order by outcome`
    expect([...counts]).toEqual([
      { day: '2026-01-06', outcome: 'ambiguous', code: 'answer-lost', count: 1 },
      { day: '2026-01-06', outcome: 'transient', code: 'busy', count: 2 },
    ])
    expect((await payloadOf(q, screeningId))[0]?.left).toBe(true)
  }))

test('whatever becomes of a screening’s declarations, one that is not finished keeps its payload', () =>
  withQueue(async (q) => {
    const open: readonly DeclarationState[] = ['queued', 'claimed', 'sent', 'parked']
    const history = fc.array(
      fc.record({
        state: fc.constantFrom(...declarationStates),
        // Not the very instant of the bound, which passes while the test runs.
        days: fc.integer({ min: 0, max: 400 }).filter((days) => days !== 90),
      }),
      {
        minLength: 1,
        maxLength: 4,
      },
    )
    await fc.assert(
      fc.asyncProperty(history, async (versions) => {
        const ids: string[] = []
        let screeningId: string | undefined
        for (const [index] of versions.entries()) {
          const added = await q.addDeclaration({ ...(screeningId ? { screeningId } : {}), version: index + 1 })
          screeningId = added.screeningId
          ids.push(added.id)
        }
        for (const [index, { state, days }] of versions.entries()) await place(q, ids[index] ?? '', state, days)
        await q.sql`update screenings set status = case when version = ${versions.length} then 'signed' else 'superseded' end where screening_id = ${screeningId ?? ''}`
        await run(q)
        const kept = (await payloadOf(q, screeningId ?? '')).map((row) => row.patient && row.act)
        const finished =
          versions.every(({ state, days }) => !open.includes(state) && days > 90) && versions.at(-1)?.state !== 'rejected'
        expect(kept).toEqual(versions.map(() => !finished))
      }),
      { numRuns: 60 },
    )
  }))

test('a draft stays, however old, and so does a screening that nothing was declared of', () =>
  withQueue(async (q) => {
    const { id, screeningId } = await q.addDeclaration()
    await place(q, id, 'accepted', 400)
    await q.sql`update screenings set status = 'draft', signed_by = null, signed_at = null, signed_role = null where screening_id = ${screeningId}`
    await run(q)
    expect((await payloadOf(q, screeningId))[0]).toMatchObject({ patient: true, left: false })
    await q.sql`update screenings set status = 'signed', signed_by = drafted_by, signed_at = now() - interval '400 days', signed_role = 'titular' where screening_id = ${screeningId}`
    await q.sql`delete from declarations where id = ${id}`
    await run(q)
    expect((await payloadOf(q, screeningId))[0]).toMatchObject({ patient: true, left: false })
  }))

test('the database itself refuses to empty unfinished work, by any statement and for its owner too', () =>
  withQueue(async (q) => {
    const { screeningId } = await q.addDeclaration()
    const empty = q.sql`update screenings set patient = '', payload_left_at = now() where screening_id = ${screeningId}`
    await expect(empty).rejects.toThrow('not finished stays')
    const [pharmacy] = await q.sql`select pharmacy_id as id from screenings where screening_id = ${screeningId}`
    const asPharmacy = q.database.forPharmacy(pharmacy?.['id'], (tx) =>
      tx.execute(`update screenings set act = '' where screening_id = '${screeningId}'`),
    )
    await expect(asPharmacy).rejects.toMatchObject({
      cause: { message: 'the payload of a screening that is not finished stays' },
    })
    for (const call of ['drop_payloads', 'forget_keys', 'forget_sessions']) {
      const now = q.database.forWorker((tx) => tx.execute(`select passerelle_${call}(now(), 10, true)`))
      await expect(now, call).rejects.toThrow()
    }
  }))

test('keys of requests and ended sessions leave after their days, and an open session never', () =>
  withQueue(async (q) => {
    const { screeningId } = await q.addDeclaration()
    const [row] = await q.sql`select pharmacy_id, drafted_by from screenings where screening_id = ${screeningId}`
    for (const days of [1, 6, 8, 100])
      await q.sql`insert into idempotency_keys values (${row?.['pharmacy_id']}, ${randomBytes(32)}, ${randomBytes(32)}, ${screeningId},
        now() - ${days} * interval '1 day')`
    for (const [ended, reason] of [
      [null, null],
      [29, 'idle'],
      [31, 'signed-out'],
    ] as const)
      await q.sql`insert into sessions (id, token_hash, professional_id, activities, created_at, last_seen_at, expires_at, ended_at, end_reason)
        values (${randomUUID()}, ${randomBytes(32)}, ${row?.['drafted_by']}, '[]', now() - interval '99 days', now(), now(),
          ${ended === null ? null : q.sql`now() - ${ended} * interval '1 day'`}, ${reason})`
    expect(await run(q, false)).toMatchObject({ idempotencyKeys: 2, sessions: 1 })
    expect(await run(q)).toMatchObject({ idempotencyKeys: 2, sessions: 1 })
    expect(await q.sql`select 1 from idempotency_keys`).toHaveLength(2)
    expect(await q.sql`select 1 from sessions`).toHaveLength(2)
  }))

test('a run that is told to stop has done what it did, and says that there is more', () =>
  withQueue(async (q) => {
    const { id } = await q.addDeclaration()
    await place(q, id, 'accepted', 91)
    const stopped = new AbortController()
    stopped.abort()
    const report = await keepHouse(
      { database: q.database, clock: { now: () => new Date() } },
      { retention, really: true, by: 'worker', signal: stopped.signal },
    )
    expect(report).toMatchObject({ payloads: 0, more: true })
    expect(await run(q)).toMatchObject({ payloads: 1, more: false })
  }))

test('however much must stay, each set reads what one set may read, and what is done with behind it leaves in the same run', () =>
  withQueue(async (q) => {
    const refused = 1_200
    const { screeningId } = await q.addDeclaration()
    await q.sql`insert into screenings (version_id, screening_id, pharmacy_id, version, status, key_ref, patient, act, drafted_by, signed_by,
        signed_role, captured_at, signed_at)
      select gen_random_uuid(), gen_random_uuid(), pharmacy_id, 1, 'signed', key_ref, patient, act, drafted_by, signed_by, signed_role,
        now() - interval '300 days' + (n / 3) * interval '1 microsecond', now() - interval '300 days'
      from screenings cross join generate_series(1, ${refused}) n where screening_id = ${screeningId}`
    await q.sql`insert into declarations (id, pharmacy_id, screening_id, version_id, version, destination, kind, state, code, settled_at, control_id)
      select gen_random_uuid(), pharmacy_id, screening_id, version_id, 1, 'sidep', 'original', 'rejected', 'refused', now() - interval '300 days',
        lpad((row_number() over ())::text, 20, '0')
      from screenings where screening_id <> ${screeningId}`
    const done = await Promise.all([q.addDeclaration(), q.addDeclaration()])
    for (const { id } of done) await place(q, id, 'accepted', 91)
    await q.sql`vacuum analyze screenings`
    await q.sql`vacuum analyze declarations`

    const reads: number[] = []
    const readSoFar = async (tx: Tx) => {
      const [row] = await tx.execute<{ rows: string }>(sql`
        select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) as rows from pg_stat_xact_user_tables
        where relname in ('screenings', 'declarations')`)
      return Number(row?.rows)
    }
    const counting: Pick<Database, 'forWorker'> = {
      forWorker: (work) =>
        q.database.forWorker(async (tx) => {
          const before = await readSoFar(tx)
          const value = await work(tx)
          reads.push((await readSoFar(tx)) - before)
          return value
        }),
    }
    for (const really of [false, true]) {
      const clock = { now: () => new Date() }
      const { signal } = new AbortController()
      const report = await keepHouse({ database: counting, clock }, { retention, really, by: 'worker', signal })
      expect(report).toMatchObject({ payloads: 2, more: false })
    }
    const setSize = 200
    // Nine or so look-ups for each version that a set looks at.
    expect(Math.max(...reads)).toBeLessThan(15 * setSize)
    expect(reads.length).toBeGreaterThan((2 * refused) / setSize)
    expect((await payloadOf(q, done[1].screeningId))[0]?.left).toBe(true)
    expect(
      await q.sql`select 1 from screenings where payload_left_at is null and captured_at < now() - interval '200 days'`,
    ).toHaveLength(refused)
  }))

test('traces stay through their last day; then whole segments leave, hourly, and the log still verifies with its anchors', () =>
  withQueue(async (q) => {
    const key = parseCheckpointKey(generateCheckpointKey())
    if (!key) throw new Error('a new key is a key')
    const signer = createCheckpointSigner(key, 'passerelle.exemple.test/audit')
    const clock = { now: () => new Date() }
    const seal = async () => (await sealEvents({ database: q.database, signer, clock })).checkpoint ?? ''
    const write = async (count: number) => {
      for (let event = 0; event < count; event++) await run(q)
    }
    const verify = (anchors: readonly string[]) =>
      verifyLog({ database: q.database }, { verifierKeys: [signer.verifierKey], anchors })
    const age = (index: number, hours: number) =>
      q.sql`update audit_segments set last_at = now() - ${hours} * interval '1 hour' where first_index = ${index}`
    await write(4)
    const first = await seal()
    const { events: old } = await verify([first])
    await write(3)
    const second = await seal()
    const { events: all } = await verify([first, second])
    expect([old, all - old]).toEqual([4, 3])

    await age(0, 365 * 24 - 1)
    expect(await run(q)).toMatchObject({ auditEvents: 0 })
    await age(0, 365 * 24 + 1)
    expect(await run(q, false)).toMatchObject({ auditEvents: old })
    expect(await run(q)).toMatchObject({ auditEvents: old, more: false })
    expect(await run(q)).toMatchObject({ auditEvents: 0 })
    await seal()
    expect(await verify([first, second])).toMatchObject({ purged: old, problems: [] })

    // One event more than a segment's worth is still an event deleted.
    await q.sql`delete from audit_events where seq = (select max(seqs[1]) from audit_segments where purged_at is null)`
    expect((await verify([first, second])).problems.map(({ kind }) => kind)).toContain('deleted')
  }))
