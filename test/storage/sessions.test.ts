import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { addMs } from '../../src/base/clock.ts'
import { randomId } from '../../src/base/ids.ts'
import { parseRpps, type Rpps } from '../../src/domain/rpps.ts'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import { listPharmaciesByFiness, saveMemberships, saveProfessional } from '../../src/storage/professionals.ts'
import {
  endLapsedSessions,
  endSession,
  findOpenSession,
  insertSession,
  listOpenSessions,
  setSessionActivity,
  touchSession,
} from '../../src/storage/sessions.ts'
import { insertSignIn, sweepSignIns, takeSignIn } from '../../src/storage/sign-ins.ts'
import { connect, createTestDatabases, type TestDatabases } from '../support/database.ts'

const pharmacyId = '00000000-0000-4000-8000-000000000075'
const start = new Date('2026-11-20T08:00:00Z')
let databases: TestDatabases
let database: Database

beforeAll(async () => {
  databases = await createTestDatabases(inject('postgresSuperUrl'))
  database = openDatabase(databases.appUrl, { connectionsMax: 4, statementTimeoutMs: 10_000 })
  const sql = connect(databases.appUrl)
  await sql`insert into pharmacies values (${pharmacyId}, '750000010', 'Pharmacie du Pont-Neuf', now())`
  await sql.end()
})
afterAll(async () => {
  await database.close()
  await databases.drop()
})

test('of two callbacks that take the same sign-in at once, one finds nothing', async () => {
  const tokenHash = randomBytes(32)
  await database.forNobody((tx) =>
    insertSignIn(tx, { tokenHash, sealed: randomBytes(60), createdAt: start, expiresAt: addMs(start, 60_000) }),
  )
  const taken = await Promise.all([1, 2].map(() => database.forNobody((tx) => takeSignIn(tx, tokenHash))))
  expect(taken.filter((row) => row !== null)).toHaveLength(1)
})

test('a sweep deletes what has lapsed, no more than its bound, and nothing else', async () => {
  const hashes = Array.from({ length: 5 }, () => randomBytes(32))
  for (const [index, tokenHash] of hashes.entries())
    await database.forNobody((tx) =>
      insertSignIn(tx, { tokenHash, sealed: randomBytes(60), createdAt: start, expiresAt: addMs(start, index * 1000) }),
    )
  await database.forNobody((tx) => sweepSignIns(tx, { now: addMs(start, 3000), limit: 3 }))
  const left: boolean[] = []
  for (const tokenHash of hashes) left.push((await database.forNobody((tx) => takeSignIn(tx, tokenHash))) !== null)
  expect(left).toEqual([false, false, false, true, true])
})

test('a professional is one row per RPPS, and keeps their id under a new subject and new names', async () => {
  const rpps = rppsOf('99900000011')
  const seen = { newId: randomId(), rpps, subject: 'f:a:1', familyName: 'AVANT', givenName: 'Anne', at: start }
  const first = await database.forNobody((tx) => saveProfessional(tx, seen))
  const later = { ...seen, newId: randomId(), subject: 'f:b:2', familyName: 'APRÈS', at: addMs(start, 1000) }
  const second = await database.forNobody((tx) => saveProfessional(tx, later))
  expect(first).toEqual({ id: seen.newId, subjectChanged: false })
  expect(second).toEqual({ id: seen.newId, subjectChanged: true })
  const sql = connect(databases.appUrl)
  const rows = await sql`select family_name, subject, created_at, last_signed_in_at from professionals where rpps = ${rpps}`
  await sql.end()
  expect([...rows]).toEqual([{ family_name: 'APRÈS', subject: 'f:b:2', created_at: start, last_signed_in_at: later.at }])
})

test('two first sign-ins of one person at once make one professional', async () => {
  const seen = { rpps: rppsOf('99900000029'), subject: 'f:a:9', familyName: 'DOUBLE', givenName: 'Ève', at: start }
  const both = await Promise.all(
    [1, 2].map(() => database.forNobody((tx) => saveProfessional(tx, { ...seen, newId: randomId() }))),
  )
  expect(both[0]?.id).toBe(both[1]?.id)
})

test('only pharmacies of this gateway are found by their FINESS', async () => {
  const found = await database.forNobody((tx) => listPharmaciesByFiness(tx, ['750000010', '690000021']))
  expect(found).toEqual([{ id: pharmacyId, finess: '750000010', name: 'Pharmacie du Pont-Neuf' }])
  expect(await database.forNobody((tx) => listPharmaciesByFiness(tx, []))).toEqual([])
})

test('a membership is moved on to the newest role', async () => {
  const professionalId = await someProfessional('99900000037')
  const seen = (role: 'pharmacist' | 'titular', at: Date) =>
    database.forNobody((tx) => saveMemberships(tx, { professionalId, activities: [{ pharmacyId, role }], at }))
  await seen('pharmacist', start)
  await seen('titular', addMs(start, 1000))
  const sql = connect(databases.appUrl)
  const rows = await sql`select role, seen_at from memberships where professional_id = ${professionalId}`
  await sql.end()
  expect([...rows]).toEqual([{ role: 'titular', seen_at: addMs(start, 1000) }])
})

test('a session is found by its digest alone, with its professional and its offer, until it ends', async () => {
  const { id, tokenHash, professionalId } = await someSession('99900000045')
  const find = () => database.forNobody((tx) => findOpenSession(tx, tokenHash))
  expect(await find()).toMatchObject({
    id,
    professionalId,
    rpps: '99900000045',
    activities: [{ pharmacyId, role: 'preparer' }],
    lastSeenAt: start,
  })
  expect(await database.forNobody((tx) => findOpenSession(tx, randomBytes(32)))).toBeNull()
  expect(await database.forNobody((tx) => endSession(tx, { id, at: start, reason: 'signed-out' }))).toBe(true)
  expect(await find()).toBeNull()
})

test('of two that end a session at once, one is told that it did', async () => {
  const { id } = await someSession('99900000052')
  const won = await Promise.all(
    (['signed-out', 'idle'] as const).map((reason) => database.forNobody((tx) => endSession(tx, { id, at: start, reason }))),
  )
  expect(won.filter(Boolean)).toHaveLength(1)
})

test('a session that has ended is neither touched nor given an activity', async () => {
  const { id } = await someSession('99900000060')
  await database.forNobody((tx) => endSession(tx, { id, at: start, reason: 'revoked' }))
  await database.forNobody((tx) => touchSession(tx, { id, at: addMs(start, 60_000) }))
  expect(await database.forNobody((tx) => setSessionActivity(tx, { id, pharmacyId, role: 'preparer' }))).toBe(false)
  const sql = connect(databases.appUrl)
  const rows = await sql`select last_seen_at, pharmacy_id, end_reason, sealed_id_token from sessions where id = ${id}`
  await sql.end()
  expect([...rows]).toEqual([{ last_seen_at: start, pharmacy_id: null, end_reason: 'revoked', sealed_id_token: null }])
})

test('the sweep of sessions tells expired from idle, leaves the living, and keeps to its bound', async () => {
  const expired = await someSession('99900000078', { expiresAt: addMs(start, 1000) })
  const idle = await someSession('99900000086', { expiresAt: addMs(start, 90_000_000) })
  const living = await someSession('99900000094', { expiresAt: addMs(start, 90_000_000) })
  const now = addMs(start, 3_600_000)
  await database.forNobody((tx) => touchSession(tx, { id: living.id, at: now }))
  const sweep = (limit: number) =>
    database.forNobody((tx) => endLapsedSessions(tx, { now, idleSince: addMs(now, -900_000), limit }))
  expect(await sweep(1)).toHaveLength(1)
  const rest = await sweep(100)
  expect(rest.map((one) => one.id)).not.toContain(living.id)
  const sql = connect(databases.appUrl)
  const ids = [expired.id, idle.id, living.id]
  const rows = await sql`select id, end_reason, sealed_id_token is null as forgotten from sessions where id in ${sql(ids)}`
  await sql.end()
  const reasons = new Map(rows.map((row) => [row.id, [row.end_reason, row.forgotten]]))
  expect(ids.map((id) => reasons.get(id))).toEqual([
    ['expired', true],
    ['idle', true],
    [null, false],
  ])
})

test('the sessions of one professional are listed without those that ended', async () => {
  const one = await someSession('99900000102')
  const other = await someSession('99900000102')
  await database.forNobody((tx) => endSession(tx, { id: one.id, at: start, reason: 'idle' }))
  const { professionalId } = other
  const open = await database.forNobody((tx) => listOpenSessions(tx, { professionalId, limit: 10 }))
  expect(open.map((session) => session.id)).toEqual([other.id])
})

test('what runs at every request and in the sweep goes by an index', async () => {
  const sql = connect(databases.superUrl)
  try {
    const explain = async (statement: string): Promise<string> =>
      sql.begin(async (tx) => {
        await tx`set local enable_seqscan = off`
        const rows = await tx.unsafe(`explain ${statement}`)
        return rows.map((row) => row['QUERY PLAN']).join('\n')
      })
    expect(await explain(`select * from sessions where token_hash = '\\x00' and ended_at is null`)).toMatch(
      /sessions_token_hash_key/,
    )
    expect(await explain(`delete from sign_ins where token_hash = '\\x00'`)).toMatch(/sign_ins_pkey/)
    expect(await explain('select * from sign_ins where expires_at <= now() order by expires_at limit 20')).toMatch(
      /sign_ins_expiry/,
    )
    expect(
      await explain(
        'select * from sessions where ended_at is null and (expires_at <= now() or last_seen_at <= now()) order by expires_at limit 20',
      ),
    ).toMatch(/sessions_open/)
  } finally {
    await sql.end()
  }
})

function rppsOf(text: string): Rpps {
  const parsed = parseRpps(text)
  if (!parsed.ok) throw new Error(parsed.problem)
  return parsed.value
}

async function someProfessional(rpps: string): Promise<string> {
  const seen = { newId: randomId(), rpps: rppsOf(rpps), subject: `f:a:${rpps}`, familyName: 'ESSAI', givenName: 'Zoé', at: start }
  return (await database.forNobody((tx) => saveProfessional(tx, seen))).id
}

async function someSession(rpps: string, change: { expiresAt?: Date } = {}) {
  const professionalId = await someProfessional(rpps)
  const [id, tokenHash] = [randomId(), randomBytes(32)]
  const activities = [{ pharmacyId, role: 'preparer' }] as const
  const expiresAt = change.expiresAt ?? addMs(start, 3_600_000)
  const session = { id, tokenHash, professionalId, pharmacyId: null, role: null, activities, sealedIdToken: randomBytes(60) }
  await database.forNobody((tx) => insertSession(tx, { ...session, createdAt: start, expiresAt }))
  return { id, tokenHash, professionalId }
}
