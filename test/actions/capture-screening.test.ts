/** Capturing: who may, what is stored in the one commit, and that whatever fails on the way leaves nothing. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type CaptureInput, captureFields } from '../../src/domain/capture-fields.ts'
import { controlIdFrom } from '../../src/domain/control-id.ts'
import { roleMay, roles } from '../../src/domain/roles.ts'
import { type ActionsWorld, legalFields, newKey, newRequest, openActionsWorld } from '../support/actions-fixture.ts'
import { createNeedleFinder } from '../support/needles.ts'

let the: ActionsWorld
let before: Record<string, number>

beforeAll(async () => {
  the = await openActionsWorld()
})
afterAll(() => the.close())
beforeEach(async () => {
  before = await the.counts()
})
afterEach(() => {
  the.store.cut = false
})

/** What has been added since the test began. */
async function added(): Promise<Record<string, number>> {
  const now = await the.counts()
  return Object.fromEntries(Object.keys(now).map((table) => [table, (now[table] ?? 0) - (before[table] ?? 0)]))
}
const nothing = { screenings: 0, declarations: 0, idempotency_keys: 0, audit_events: 0 }
const oneSigned = { screenings: 1, declarations: 2, idempotency_keys: 1, audit_events: 1 }
const oneDraft = { ...oneSigned, declarations: 0 }

const capture = (
  fields: CaptureInput = legalFields,
  idempotencyKey = newKey(),
  actor = the.person('pharmacist'),
  actions = the.actions,
) => actions.captureScreening(actor, { fields, idempotencyKey }, newRequest())
const captured = async (...given: Parameters<typeof capture>) => {
  const result = await capture(...given)
  if (!result.ok) throw new Error(JSON.stringify(result.problem))
  return result.value
}
const lastEvent = async () => (await the.events()).at(-1)

describe('a capture that is in order', () => {
  test('stores one signed version, one declaration a destination, its trace and its key, in the same commit', async () => {
    const actor = the.person('pharmacist')
    const { screeningId, status, replayed } = await captured()
    expect({ status, replayed, ...(await added()) }).toEqual({ status: 'signed', replayed: false, ...oneSigned })
    const [version] = await the.admin`select * from screenings where screening_id = ${screeningId}`
    expect(version).toMatchObject({ pharmacy_id: actor.pharmacyId, version: 1, status: 'signed', reason: null })
    expect(version).toMatchObject({
      drafted_by: actor.professionalId,
      signed_by: actor.professionalId,
      signed_role: 'pharmacist',
    })
    const declared = await the.admin`select * from declarations where screening_id = ${screeningId} order by destination`
    expect(declared.map((row) => [row.destination, row.kind, row.state, row.version, row.version_id])).toEqual(
      ['dmp', 'sidep'].map((id) => [id, 'original', 'queued', 1, version?.version_id]),
    )
    expect(new Set(declared.map((row) => row.control_id)).size).toBe(2)
    // The ids of what names a patient tell neither order nor time; a declaration's may.
    const idsVersion = (id: string) => id[14]
    expect([screeningId, version?.version_id, version?.key_ref].map(idsVersion)).toEqual(['4', '4', '4'])
    expect(declared.map((row) => idsVersion(row.id))).toEqual(['7', '7'])
    expect(await lastEvent()).toEqual({
      action: 'screening.capture',
      outcome: 'done',
      code: null,
      objectId: screeningId,
      actor: actor.professionalId,
      details: { declarations: 2 },
    })
    // One commit: all of it was written by one transaction.
    const stamps = await the.admin<{ stamp: string }[]>`
      select xmin::text as stamp from screenings where screening_id = ${screeningId}
      union all select xmin::text from declarations where screening_id = ${screeningId}
      union all select xmin::text from audit_events where object_id = ${screeningId}
      union all select xmin::text from idempotency_keys where screening_id = ${screeningId}`
    expect(stamps).toHaveLength(5)
    expect(new Set(stamps.map((row) => row.stamp)).size).toBe(1)
  })

  test('leaves nothing of the patient or the act readable in any row', async () => {
    const { screeningId } = await captured()
    const rows =
      await the.admin`select row_to_json(s)::text as text, patient, act from screenings s where screening_id = ${screeningId}
      union all select row_to_json(d)::text, null, null from declarations d where screening_id = ${screeningId}
      union all select row_to_json(i)::text, null, null from idempotency_keys i where screening_id = ${screeningId}
      union all select row_to_json(a)::text, null, null from audit_events a where object_id = ${screeningId}`
    const find = createNeedleFinder([
      "N'GUYEN VAN THÉO",
      'NGUYEN',
      'Ðorđe',
      '1979-03-12',
      '279035121518989',
      'positive',
      'onset-0-1',
      '<script>',
    ])
    expect(rows).toHaveLength(5)
    for (const row of rows)
      for (const part of [row.text, row.patient, row.act]) if (part !== null) expect(find(Buffer.from(part))).toEqual([])
  })

  test('tells no more of the time than the minute', async () => {
    the.world.clock.move(12_345)
    const { screeningId } = await captured()
    const [row] = await the.admin<{ captured: Date; signed: Date }[]>`
      select captured_at as captured, signed_at as signed from screenings where screening_id = ${screeningId}`
    for (const time of [row?.captured, row?.signed])
      expect(time?.getTime()).toBe(Math.floor(the.world.clock.now().getTime() / 60_000) * 60_000)
  })

  test('by a preparer waits as a draft: nothing is declared', async () => {
    const { screeningId, status } = await captured(legalFields, newKey(), the.person('preparer'))
    expect({ status, ...(await added()) }).toEqual({ status: 'draft', ...oneDraft })
    expect(await lastEvent()).toMatchObject({ action: 'screening.draft', objectId: screeningId, details: { declarations: 0 } })
    const [row] =
      await the.admin`select status, signed_by, signed_at, signed_role from screenings where screening_id = ${screeningId}`
    expect(row).toEqual({ status: 'draft', signed_by: null, signed_at: null, signed_role: null })
  })

  test('under each role that signs is signed in that role', async () => {
    for (const role of ['titular', 'pharmacist', 'student'] as const) {
      const { screeningId } = await captured(legalFields, newKey(), the.person(role))
      expect(await the.admin`select signed_role as role from screenings where screening_id = ${screeningId}`).toEqual([{ role }])
    }
  })

  test('while the key store is away still goes through, on keys reserved before', async () => {
    await captured()
    the.store.cut = true
    await captured()
    expect(await added()).toEqual({ screenings: 2, declarations: 4, idempotency_keys: 2, audit_events: 2 })
  })
})

test('each role may capture or is refused as the table says; a refusal is recorded and stores nothing else', async () => {
  for (const role of roles) {
    before = await the.counts()
    const actor = the.person(role)
    if (roleMay(role, 'screening.draft')) {
      await captured(legalFields, newKey(), actor)
      continue
    }
    await expect(capture(legalFields, newKey(), actor)).rejects.toMatchObject({ code: 'forbidden' })
    expect(await added()).toEqual({ ...nothing, audit_events: 1 })
    expect(await lastEvent()).toMatchObject({
      action: 'screening.capture',
      outcome: 'denied',
      code: 'forbidden',
      actor: actor.professionalId,
    })
  }
})

describe('a capture that is not in order', () => {
  const hostile = [
    '|',
    '^~\\&',
    'A\rMSH|^~\\&|',
    '<script>alert(1)</script>',
    '😀',
    'A\0B',
    'A\u202eB',
    'x'.repeat(10_000),
    "'; drop table screenings; --",
  ]

  test('answers every problem beside its field and stores nothing', async () => {
    expect(await capture({ ...legalFields, birthName: '', sampledAt: '2026-03-02T12:00', testKitId: 'unknown' })).toEqual({
      ok: false,
      problem: [
        { field: 'birthName', code: 'required' },
        { field: 'sampledAt', code: 'time-in-future' },
        { field: 'testKitId', code: 'unknown-test-kit' },
      ],
    })
    expect(await added()).toEqual(nothing)
  })

  test('hostile text in any field is refused beside it, or kept whole; never by half', async () => {
    for (const field of captureFields) {
      for (const text of hostile) {
        before = await the.counts()
        const result = await capture({ ...legalFields, [field]: text })
        if (result.ok) {
          expect(await added()).toEqual(oneSigned)
          const view = await the.actions.getScreening(the.person('pharmacist'), result.value.screeningId, newRequest())
          expect(JSON.stringify([view.patient, view.act])).toContain(JSON.stringify(text.replace('\r', '\n')).slice(1, -1))
        } else {
          expect(result.problem.map((problem) => problem.field)).toContain(field)
          expect(await added()).toEqual(nothing)
        }
      }
    }
  })

  test.for(['', 'short', 'a'.repeat(65), 'with spaces in the key', 'é'.repeat(20), '../../../../etc/passwd'])(
    'under the idempotency key %j is a bad request',
    async (key) => {
      await expect(capture(legalFields, key)).rejects.toMatchObject({ code: 'bad-request' })
      expect(await added()).toEqual(nothing)
    },
  )
})

describe('the same request a second time', () => {
  test('answers the same screening and stores nothing more', async () => {
    const key = newKey()
    const first = await captured(legalFields, key)
    expect(await captured(legalFields, key)).toEqual({ ...first, replayed: true })
    expect(await added()).toEqual(oneSigned)
  })

  test('of a draft says draft', async () => {
    const key = newKey()
    const actor = the.person('preparer')
    const first = await captured(legalFields, key, actor)
    expect(await captured(legalFields, key, actor)).toEqual({ ...first, status: 'draft', replayed: true })
  })

  test('with another body is a conflict, whichever field differs', async () => {
    const key = newKey()
    await captured(legalFields, key)
    for (const change of [
      { comment: 'other' },
      { birthName: 'AUTRE' },
      { 'result.sars-cov-2': 'negative' },
      { kitLot: 'L1' },
    ] as const)
      await expect(capture({ ...legalFields, ...change }, key)).rejects.toMatchObject({ code: 'conflict' })
    expect(await added()).toEqual(oneSigned)
  })

  test('by somebody else is a conflict: nobody is answered with another person’s draft', async () => {
    const key = newKey()
    await captured(legalFields, key, the.person('preparer'))
    await expect(capture(legalFields, key, the.person('pharmacist'))).rejects.toMatchObject({ code: 'conflict' })
    expect(await added()).toEqual(oneDraft)
  })

  test('in another pharmacy is another request', async () => {
    const key = newKey()
    const here = await captured(legalFields, key)
    const there = await captured(legalFields, key, the.person('pharmacist', the.pharmacies[1]))
    expect(there.replayed).toBe(false)
    expect(there.screeningId).not.toBe(here.screeningId)
  })

  test('fifty times at once stores one, and answers all fifty with it', async () => {
    const key = newKey()
    const answers = await Promise.all(Array.from({ length: 50 }, () => captured(legalFields, key)))
    expect(new Set(answers.map((answer) => answer.screeningId)).size).toBe(1)
    expect(answers.filter((answer) => !answer.replayed)).toHaveLength(1)
    expect(await added()).toEqual(oneSigned)
  })

  test('fifty bodies at once under one key store one; the others are conflicts', async () => {
    const key = newKey()
    const ends = await Promise.allSettled(
      Array.from({ length: 50 }, (_, index) => captured({ ...legalFields, comment: `n° ${index}` }, key)),
    )
    expect(ends.filter((end) => end.status === 'fulfilled')).toHaveLength(1)
    for (const end of ends) if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'conflict' })
    expect(await added()).toEqual(oneSigned)
  })

  test('leaves no digest in the clear that a known person’s traits would give', async () => {
    const key = newKey()
    const { screeningId } = await captured(legalFields, key)
    const there = await captured(legalFields, key, the.person('pharmacist', the.pharmacies[1]))
    const macs = await the.admin<{ mac: Uint8Array }[]>`
      select body_mac as mac from idempotency_keys where screening_id in ${the.admin([screeningId, there.screeningId])}`
    expect(new Set(macs.map((row) => Buffer.from(row.mac).toString('hex'))).size).toBe(2)
  })
})

describe('what fails on the way', () => {
  test('without any key to seal with, the capture is unavailable and nothing is stored; later the same request goes through', async () => {
    const fresh = the.world.ring({ store: the.store })
    const actions = the.withDeps({ keyRing: fresh })
    the.store.cut = true
    const key = newKey()
    await expect(capture(legalFields, key, the.person('pharmacist'), actions)).rejects.toMatchObject({
      name: 'GatewayError',
      code: 'unavailable',
    })
    expect(await added()).toEqual(nothing)
    the.store.cut = false
    // The reserve pauses after a failure before it asks again.
    the.world.clock.move(60_000)
    expect((await captured(legalFields, key, the.person('pharmacist'), actions)).replayed).toBe(false)
    expect(await added()).toEqual(oneSigned)
  })

  test('where a pharmacy has no destination nothing is signed: it would never be forwarded, and nobody would know', async () => {
    const actions = the.withDeps({ destinationsOf: () => [] })
    await expect(capture(legalFields, newKey(), the.person('pharmacist'), actions)).rejects.toMatchObject({
      name: 'GatewayError',
      code: 'unavailable',
    })
    expect(await added()).toEqual(nothing)
    expect((await captured(legalFields, newKey(), the.person('preparer'), actions)).status).toBe('draft')
  })

  test('two declarations can never share a control id: the second capture is undone', async () => {
    const randomBytes = () => new Uint8Array(20).fill(7)
    const actions = the.withDeps({ randomBytes, destinationsOf: () => the.destinations.slice(0, 1) })
    await captured(legalFields, newKey(), the.person('pharmacist'), actions)
    before = await the.counts()
    await expect(capture(legalFields, newKey(), the.person('pharmacist'), actions)).rejects.toMatchObject({
      cause: { code: '23505' },
    })
    expect(await added()).toEqual(nothing)
    expect(await the.admin`select 1 from declarations where control_id = ${controlIdFrom(randomBytes())}`).toHaveLength(1)
  })
})
