/** Audit events: written in the caller's transaction or not at all, with who, what, when, from where and how it ended. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type AuditEvent, appendEvent, appendEvents, auditActions } from '../../src/audit/append-event.ts'
import { AssertionError } from '../../src/base/assert.ts'
import type { Professional } from '../../src/domain/actor.ts'
import type { Rpps } from '../../src/domain/rpps.ts'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import { type TenantRows, writeTenantRows } from '../storage/tenant-rows.ts'
import { connect, createTestDatabases, type TestDatabases } from '../support/database.ts'

let databases: TestDatabases
let database: Database
let admin: ReturnType<typeof connect>
let ids: TenantRows
const at = new Date('2026-07-15T10:00:00.123Z')

beforeAll(async () => {
  databases = await createTestDatabases(inject('postgresSuperUrl'))
  admin = connect(databases.superUrl)
  ids = await writeTenantRows(admin, { finess: '750023459' })
  await admin`truncate audit_events`
  database = openDatabase(databases.appUrl)
})
afterAll(async () => {
  await database.close()
  await admin.end()
  await databases.drop()
})

const professional = (): Professional => ({
  kind: 'professional',
  professionalId: ids.professionalId,
  rpps: '10123456781' as Rpps,
  familyName: 'MARTIN',
  givenName: 'Alix',
  role: 'pharmacist',
  pharmacyId: ids.pharmacyId,
  sessionId: '6f1f0c5a-9f0e-4f0e-8a77-0123456789ab',
})
const access = (more: Partial<AuditEvent> = {}): AuditEvent => ({
  at,
  actor: professional(),
  action: 'access',
  outcome: 'denied',
  request: { requestId: randomUUID(), clientAddress: '2001:db8::7' },
  ...more,
})
const write = (event: AuditEvent) => database.forNobody((tx) => appendEvent(tx, event))
async function lastRow(): Promise<Record<string, unknown>> {
  const [row] = await admin`select * from audit_events order by seq desc limit 1`
  if (!row) throw new Error('there is no event')
  return row
}

test('an event says who, in which session and pharmacy, did what to what, when, from where, and how it ended', async () => {
  const request = { requestId: randomUUID(), clientAddress: '2001:db8::7' }
  const object = { type: 'screening', id: ids.screeningId } as const
  await write(
    access({ action: 'screening.read', outcome: 'failed', code: 'unavailable', object, request, details: { versions: 2 } }),
  )
  expect(await lastRow()).toEqual({
    seq: expect.any(String),
    at,
    actor_kind: 'professional',
    professional_id: ids.professionalId,
    session_id: '6f1f0c5a-9f0e-4f0e-8a77-0123456789ab',
    pharmacy_id: ids.pharmacyId,
    action: 'screening.read',
    outcome: 'failed',
    code: 'unavailable',
    object_type: 'screening',
    object_id: ids.screeningId,
    request_id: request.requestId,
    client_address: '2001:db8::7',
    details: { versions: 2 },
  })
})

test('it names no person: names and RPPS stay in the register', async () => {
  await write(access())
  expect(JSON.stringify(await lastRow())).not.toMatch(/MARTIN|Alix|10123456781/)
})

test('the system is named with the part of it that acted, also where details would say otherwise', async () => {
  await write(access({ actor: { kind: 'system', name: 'command-line' }, request: null, details: { by: 'worker', keys: 3 } }))
  expect(await lastRow()).toMatchObject({
    actor_kind: 'system',
    professional_id: null,
    session_id: null,
    pharmacy_id: null,
    request_id: null,
    client_address: null,
    details: { by: 'command-line', keys: 3 },
  })
})

test('nobody in particular can be denied too, and the pharmacy concerned can be named', async () => {
  await write(access({ actor: { kind: 'anonymous' } }))
  expect(await lastRow()).toMatchObject({ actor_kind: 'anonymous', professional_id: null, pharmacy_id: null, details: {} })
  await write(access({ actor: { kind: 'anonymous' }, pharmacyId: ids.pharmacyId }))
  expect(await lastRow()).toMatchObject({ actor_kind: 'anonymous', pharmacy_id: ids.pharmacyId })
})

test('each action of the list can be written', async () => {
  for (const action of auditActions) await write(access({ action }))
  expect(await admin`select distinct action from audit_events order by action`).toEqual(
    [...auditActions].sort().map((action) => ({ action })),
  )
})

test('an event of a transaction that is undone is undone with it', async () => {
  const [before] = await admin`select count(*) as count from audit_events`
  const undone = database.forNobody(async (tx) => {
    await appendEvent(tx, access())
    throw new Error('undone')
  })
  await expect(undone).rejects.toThrow('undone')
  expect(await admin`select count(*) as count from audit_events`).toEqual([before])
})

test.for([
  ['an address that is none', { request: { requestId: randomUUID(), clientAddress: 'localhost; --' } }],
  ['an object that has no id', { object: { type: 'screening', id: 'abc' } }],
  ['a person who is not in the register', { actor: 'stranger' }],
] as const)('an event that cannot be written, for %s, takes the change of its transaction with it', async ([, wrong]) => {
  const event = access(
    'actor' in wrong ? { actor: { ...professional(), professionalId: randomUUID() } } : (wrong as Partial<AuditEvent>),
  )
  const change = database.forPharmacy(ids.pharmacyId, async (tx) => {
    await tx.execute(`update screenings set captured_at = now()`)
    await appendEvent(tx, event)
  })
  await expect(change).rejects.toThrow()
  expect(await admin`select captured_at as at from screenings`).toEqual([{ at: new Date('2026-07-15T10:00:00Z') }])
})

test('a set is written by one statement in its order, up to its bound', async () => {
  await admin`truncate audit_events restart identity`
  const events = Array.from({ length: 1000 }, (_, index) => access({ details: { index } }))
  await database.forNobody((tx) => appendEvents(tx, events))
  const rows = await admin<{ index: number }[]>`select (details ->> 'index')::int as index from audit_events order by seq`
  expect(rows.map((row) => row.index)).toEqual(events.map((_, index) => index))
  await database.forNobody((tx) => appendEvents(tx, []))
  const tooMany = database.forNobody((tx) => appendEvents(tx, [...events, access()]))
  await expect(tooMany).rejects.toThrow(AssertionError)
  expect(await admin`select count(*)::int as count from audit_events`).toEqual([{ count: 1000 }])
})
