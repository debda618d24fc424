/** Reading: opened for its own pharmacy, recorded each time, and the same answer for what is not there and what is another's. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listLengthMax, progressOf } from '../../src/actions/list-screenings.ts'
import type { CaptureInput } from '../../src/domain/capture-fields.ts'
import { declarationStates } from '../../src/domain/declaration.ts'
import { parisDay } from '../../src/domain/paris-time.ts'
import { roleMay, roles } from '../../src/domain/roles.ts'
import type { Database } from '../../src/storage/database.ts'
import { type ActionsWorld, legalFields, newKey, newRequest, openActionsWorld } from '../support/actions-fixture.ts'

let the: ActionsWorld
let screeningId: string

beforeAll(async () => {
  the = await openActionsWorld()
  screeningId = await capture()
})
afterAll(() => the.close())

async function capture(fields: CaptureInput = {}, actor = the.person('pharmacist')): Promise<string> {
  const input = { fields: { ...legalFields, ...fields }, idempotencyKey: newKey() }
  const result = await the.actions.captureScreening(actor, input, newRequest())
  if (!result.ok) throw new Error(JSON.stringify(result.problem))
  return result.value.screeningId
}
const today = () => parisDay(the.world.clock.now())
const get = (id = screeningId, actor = the.person('pharmacist')) => the.actions.getScreening(actor, id, newRequest())
const list = (day = today(), actor = the.person('pharmacist'), actions = the.actions) =>
  actions.listScreenings(actor, day, newRequest())
const lastEvent = async () => (await the.events()).at(-1)
const stranger = () => the.person('titular', the.pharmacies[1])

/** A database whose second wall has fallen: every scope sees every row. */
function withoutWall(): Pick<Database, 'forPharmacy'> {
  return {
    forPharmacy: (pharmacyId, run) =>
      the.database.forPharmacy(pharmacyId, async (tx) => {
        await tx.execute(sql`select set_config('passerelle.scope', 'worker', true)`)
        return run(tx)
      }),
  }
}

describe('one screening', () => {
  test('is opened as it was captured, with who signed it and how far its declarations are; the reading is recorded', async () => {
    const view = await get()
    const actor = the.person('pharmacist')
    expect(view).toMatchObject({ screeningId, version: 1, status: 'signed' })
    expect(view.patient).toMatchObject({ birthName: "N'GUYEN VAN THÉO", birthFirstName: 'Ðorđe', birthDate: '1979-03-12' })
    expect(view.act).toMatchObject({ comment: 'A|B^C~D\\E&F <script>', results: [{ analyte: 'sars-cov-2', result: 'positive' }] })
    expect(view.signedBy).toEqual({ familyName: actor.familyName, givenName: actor.givenName })
    expect(view.declarations.map((one) => [one.destinationLabel, one.assumedFormat, one.state, one.receipt])).toEqual([
      ['Récepteur dmp', false, 'queued', null],
      ['Récepteur sidep', true, 'queued', null],
    ])
    expect(await lastEvent()).toMatchObject({
      action: 'screening.read',
      outcome: 'done',
      objectId: screeningId,
      actor: actor.professionalId,
    })
  })

  test('is opened for the roles of the table, and refused to the others with a trace', async () => {
    for (const role of roles) {
      const reading = get(screeningId, the.person(role))
      if (roleMay(role, 'screening.read')) {
        expect((await reading).screeningId).toBe(screeningId)
        continue
      }
      await expect(reading).rejects.toMatchObject({ code: 'forbidden' })
      expect(await lastEvent()).toMatchObject({
        action: 'screening.read',
        outcome: 'denied',
        code: 'forbidden',
        objectId: screeningId,
      })
    }
  })

  test('of another pharmacy is not there, by the same answer as one that never was; both are recorded', async () => {
    const theirs = await get(screeningId, stranger()).catch((error: unknown) => error)
    expect(await lastEvent()).toMatchObject({
      outcome: 'denied',
      code: 'not-found',
      objectId: screeningId,
      actor: stranger().professionalId,
    })
    const never = await get('00000000-0000-4000-8000-000000000000', stranger()).catch((error: unknown) => error)
    expect(theirs).toMatchObject({ code: 'not-found' })
    expect({ ...(theirs as object) }).toEqual({ ...(never as object) })
    await expect(get("'; --", stranger())).rejects.toMatchObject({ code: 'not-found' })
    expect(await lastEvent()).toMatchObject({ outcome: 'denied', code: 'not-found', objectId: null })
  })

  test('of another pharmacy stays shut though row-level security had fallen', async () => {
    const actions = the.withDeps({ database: { ...the.database, ...withoutWall() } })
    await expect(actions.getScreening(stranger(), screeningId, newRequest())).rejects.toMatchObject({ code: 'not-found' })
  })

  test('that cannot be recorded as read is not shown', async () => {
    await the.admin`alter table audit_events add constraint no_reads check (action <> 'screening.read') not valid`
    await expect(get()).rejects.toMatchObject({ cause: { code: '23514' } })
    await the.admin`alter table audit_events drop constraint no_reads`
    expect((await get()).screeningId).toBe(screeningId)
  })

  test('whose ciphertext was swapped with another’s of the same pharmacy does not open', async () => {
    const one = await capture({ birthName: 'PREMIER' })
    const other = await capture({ birthName: 'SECOND' })
    await the.admin`update screenings s set patient = o.patient from screenings o where s.screening_id = ${one} and o.screening_id = ${other}`
    await expect(get(one)).rejects.toThrow('did not open')
    // What does not open is shown to nobody; it must not hide the rest of the day (below), so it is taken away again.
    await the.admin`delete from declarations where screening_id = ${one}`
    await the.admin`delete from screenings where screening_id = ${one}`
  })

  test('whose key was erased is not there any more, to anyone', async () => {
    const erased = await capture()
    const [row] = await the.admin<{ ref: string }[]>`select key_ref as ref from screenings where screening_id = ${erased}`
    await the.world.store.sql`delete from record_keys where ref = ${row?.ref ?? ''}`
    the.keyRing.forgetRecordKeys([row?.ref ?? ''])
    await expect(get(erased)).rejects.toMatchObject({ code: 'not-found' })
    expect((await list()).items.map((item) => item.screeningId)).not.toContain(erased)
  })

  test('while no key can be had is unavailable', async () => {
    const actions = the.withDeps({ keyRing: the.world.ring({ store: the.store }) })
    the.store.cut = true
    await expect(actions.getScreening(the.person('pharmacist'), screeningId, newRequest())).rejects.toMatchObject({
      code: 'unavailable',
    })
    await expect(actions.listScreenings(the.person('pharmacist'), today(), newRequest())).rejects.toMatchObject({
      code: 'unavailable',
    })
    the.store.cut = false
  })
})

describe('the screenings of a day', () => {
  test('are listed newest first, each with its progress; the reading is one event with its count', async () => {
    the.world.clock.move(120_000)
    const draft = await capture({}, the.person('preparer'))
    const { day, items, truncated } = await list()
    expect({ day, truncated }).toEqual({ day: today(), truncated: false })
    expect(items[0]).toMatchObject({ screeningId: draft, status: 'draft', progress: 'draft', birthName: "N'GUYEN VAN THÉO" })
    expect(items.find((item) => item.screeningId === screeningId)).toMatchObject({ status: 'signed', progress: 'queued' })
    const times = items.map((item) => item.capturedAt.getTime())
    expect(times).toEqual([...times].sort((a, b) => b - a))
    expect(await lastEvent()).toMatchObject({ action: 'screening.list', outcome: 'done', objectId: null })
  })

  test('are a pharmacy’s own, also where row-level security had fallen', async () => {
    expect((await list(today(), stranger())).items).toEqual([])
    const actions = the.withDeps({ database: { ...the.database, ...withoutWall() } })
    expect((await list(today(), stranger(), actions)).items).toEqual([])
    const theirs = await capture({}, stranger())
    expect((await list(today(), stranger(), actions)).items.map((item) => item.screeningId)).toEqual([theirs])
  })

  test('begin and end at midnight in Paris', async () => {
    const at = async (time: string) => {
      const id = await capture()
      await the.admin`update screenings set captured_at = ${new Date(time)} where screening_id = ${id}`
      return id
    }
    const [eve, first, last, next] = [
      await at('2026-01-14T22:59:00Z'),
      await at('2026-01-14T23:00:00Z'),
      await at('2026-01-15T22:59:00Z'),
      await at('2026-01-15T23:00:00Z'),
    ]
    const ids = async (day: string) => (await list(day)).items.map((item) => item.screeningId)
    expect(await ids('2026-01-14')).toEqual([eve])
    expect(await ids('2026-01-15')).toEqual([last, first])
    expect(await ids('2026-01-16')).toEqual([next])
  })

  test.for(['', 'today', '2026-02-30', '0050-01-01', '2026-01-15T00:00', "2026-01-15'--"])(
    'of %j are a bad request',
    async (day) => {
      await expect(list(day)).rejects.toMatchObject({ code: 'bad-request' })
    },
  )

  test('are refused to the roles that read no patient', async () => {
    for (const role of roles.filter((one) => !roleMay(one, 'screening.read'))) {
      await expect(list(today(), the.person(role))).rejects.toMatchObject({ code: 'forbidden' })
      expect(await lastEvent()).toMatchObject({ action: 'screening.list', outcome: 'denied', code: 'forbidden' })
    }
  })

  test('beyond the bound are cut, and the answer says so', async () => {
    const [row] = await the.admin<{ count: number }[]>`
      insert into screenings (version_id, screening_id, pharmacy_id, version, status, key_ref, patient, act, drafted_by, signed_by, signed_role,
        captured_at, signed_at)
      select gen_random_uuid(), gen_random_uuid(), pharmacy_id, 1, status, key_ref, patient, act, drafted_by, signed_by, signed_role,
        '2026-01-20T10:00:00Z', signed_at
      from screenings, generate_series(1, ${listLengthMax + 1}) where screening_id = ${screeningId} returning 1 as count`
    expect(row).toBeDefined()
    // Copies do not open: what is asked for here is how many are read.
    await expect(list('2026-01-20')).rejects.toThrow('did not open')
    expect(await lastEvent()).toMatchObject({ action: 'screening.list', details: { count: listLengthMax } })
  })
})

test('the state that needs a person most speaks for a screening; being claimed is no news to anyone', () => {
  expect(progressOf('draft', ['accepted'])).toBe('draft')
  expect(progressOf('signed', [])).toBe('cancelled')
  for (const state of declarationStates) expect(progressOf('signed', [state, state])).toBe(state === 'claimed' ? 'queued' : state)
  const urgency = ['rejected', 'parked', 'queued', 'claimed', 'sent', 'received', 'accepted', 'cancelled'] as const
  urgency.forEach((state, index) => {
    for (const calmer of urgency.slice(index + 1))
      for (const pair of [
        [state, calmer],
        [calmer, state],
      ] as const)
        expect(progressOf('signed', pair)).toBe(state === 'claimed' ? 'queued' : state)
  })
})

describe('a door that stayed shut', () => {
  test('is recorded with its route and its reason, for a person and for nobody', async () => {
    const actor = the.person('dpo')
    await the.actions.recordDenial({ actor, route: 'GET /depistages/:id', code: 'forbidden' }, newRequest())
    expect(await lastEvent()).toMatchObject({
      action: 'access',
      outcome: 'denied',
      code: 'forbidden',
      actor: actor.professionalId,
      details: { route: 'GET /depistages/:id' },
    })
    await the.actions.recordDenial({ actor: null, route: 'POST /depistages', code: 'not-signed-in' }, newRequest())
    expect(await lastEvent()).toMatchObject({ action: 'access', actor: null, code: 'not-signed-in' })
  })

  test('stays shut though the trace fails: the failure is told aside, and nothing is thrown', async () => {
    const request = { requestId: newRequest().requestId, clientAddress: 'not an address' }
    await the.actions.recordDenial({ actor: null, route: 'GET /', code: 'not-signed-in' }, request)
    expect(the.auditFailures).toHaveLength(1)
  })
})
