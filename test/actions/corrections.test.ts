/** Corrections and cancellations: what each destination hears of them, what stays of the old version, and who may. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openColumn } from '../../src/crypto/envelope.ts'
import type { CaptureInput } from '../../src/domain/capture-fields.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import { roleMay, roles } from '../../src/domain/roles.ts'
import { decideSettlement } from '../../src/domain/settlement.ts'
import { type Claim, claimDue, markSent, releaseClaims, settle } from '../../src/storage/queries.ts'
import { type ActionsWorld, legalFields, newKey, newRequest, openActionsWorld } from '../support/actions-fixture.ts'
import { createNeedleFinder } from '../support/needles.ts'

let the: ActionsWorld

beforeAll(async () => {
  the = await openActionsWorld()
})
afterAll(() => the?.close())

const corrected: CaptureInput = { ...legalFields, birthName: 'LENÔTRE', 'result.sars-cov-2': 'negative' }
const noneId = '00000000-0000-4000-8000-000000000000'

async function captured(fields = legalFields): Promise<string> {
  const input = { fields, idempotencyKey: newKey() }
  const done = await the.actions.captureScreening(the.person('pharmacist'), input, newRequest())
  if (!done.ok) throw new Error(JSON.stringify(done.problem))
  return done.value.screeningId
}

type Given = {
  version?: number
  fields?: CaptureInput
  reason?: string
  idempotencyKey?: string
  actor?: ReturnType<ActionsWorld['person']>
  actions?: ActionsWorld['actions']
}

function correct(screeningId: string, given: Given = {}) {
  const { version = 1, fields = corrected, reason = 'nom mal lu', idempotencyKey = newKey() } = given
  const { actor = the.person('pharmacist'), actions = the.actions } = given
  return actions.correctScreening(actor, { screeningId, version, fields, reason, idempotencyKey }, newRequest())
}

function cancel(screeningId: string, given: Given = {}) {
  const { version = 1, reason = 'saisie en double', idempotencyKey = newKey(), actor = the.person('pharmacist') } = given
  return (given.actions ?? the.actions).cancelScreening(actor, { screeningId, version, reason, idempotencyKey }, newRequest())
}

/** `[destination, version, kind, replaces, state]` of each declaration. */
async function declared(screeningId: string): Promise<unknown[][]> {
  const rows = await the.admin`select destination, version, kind, replaces_version, state from declarations
    where screening_id = ${screeningId} order by version, destination`
  return rows.map((row) => [row.destination, row.version, row.kind, row.replaces_version, row.state])
}
const versions = (screeningId: string) =>
  the.admin`select version, status from screenings where screening_id = ${screeningId} order by version`

/** Claims what is due at a destination, keeps this screening's and gives the others back. */
async function claim(screeningId: string, destination: string): Promise<Claim> {
  const turn = { worker: 'w', leaseMs: 60_000, destination, limit: 1000, turnAfter: noneId, endedSets: [] }
  const { claims } = await the.database.forWorker((tx) => claimDue(tx, turn))
  await the.database.forWorker((tx) =>
    releaseClaims(
      tx,
      claims.filter((one) => one.screeningId !== screeningId),
    ),
  )
  const mine = claims.find((one) => one.screeningId === screeningId)
  if (!mine) throw new Error(`nothing of it is due at ${destination}`)
  return mine
}

/** One whole try, as a worker makes it, with this outcome. */
async function tryOnce(
  screeningId: string,
  destination: string,
  outcome: Outcome,
  deduplicates: 'control-id' | 'none' = 'control-id',
) {
  const held = await claim(screeningId, destination)
  await the.database.forWorker((tx) => markSent(tx, [{ ...held, messageSha256: 'a'.repeat(64) }], 60_000))
  const policy = { baseMs: 1, capMs: 1, attemptsMax: 2 }
  const settlement = decideSettlement({ outcome, attemptCount: held.attemptCount, policy, deduplicates, random: () => 0 })
  const auditAction = 'declaration.settle'
  const settled = { ...held, attemptEpoch: held.epoch, outcome: outcome.class, settlement, auditAction, charge: null }
  const won = await the.database.forWorker((tx) => settle(tx, [settled as Parameters<typeof settle>[1][number]]))
  expect(won.size).toBe(1)
}
const accepted = { class: 'accepted', receipt: { reference: null, answerSha256: 'b'.repeat(64) } } as const
const refused = { class: 'permanent', code: 'ins-mismatch' } as const
const lost = { class: 'ambiguous', code: 'answer-lost' } as const
const busy = { class: 'transient', code: 'busy' } as const

describe('a correction', () => {
  test('of what has not left takes it back at every destination and declares an original of the new version', async () => {
    const id = await captured()
    expect(await correct(id)).toEqual({ ok: true, value: { screeningId: id, replayed: false } })
    expect(await declared(id)).toEqual([
      ['dmp', 1, 'original', null, 'cancelled'],
      ['sidep', 1, 'original', null, 'cancelled'],
      ['dmp', 2, 'original', null, 'queued'],
      ['sidep', 2, 'original', null, 'queued'],
    ])
    expect(await versions(id)).toMatchObject([
      { version: 1, status: 'superseded' },
      { version: 2, status: 'signed' },
    ])
    const view = await the.actions.getScreening(the.person('pharmacist'), id, newRequest())
    expect(view).toMatchObject({ version: 2, status: 'signed', patient: { birthName: 'LENÔTRE' } })
  })

  test('is a replacement where the old version was accepted, and an original where it was refused', async () => {
    const id = await captured()
    await tryOnce(id, 'sidep', accepted)
    await tryOnce(id, 'dmp', refused)
    await correct(id)
    expect((await declared(id)).slice(2)).toEqual([
      ['dmp', 2, 'original', null, 'queued'],
      ['sidep', 2, 'replacement', 1, 'queued'],
    ])
    // A second one, before the first has left: what is held is still version 1.
    await correct(id, { version: 2, fields: { ...corrected, city: 'Lyon' } })
    expect((await declared(id)).slice(2)).toEqual([
      ['dmp', 2, 'original', null, 'cancelled'],
      ['sidep', 2, 'replacement', 1, 'cancelled'],
      ['dmp', 3, 'original', null, 'queued'],
      ['sidep', 3, 'replacement', 1, 'queued'],
    ])
  })

  // Protects the nation's file: what waits for its next try may be there, since the last answer was lost.
  test('takes nothing back whose last answer was lost: that goes first, and the new version follows it', async () => {
    const id = await captured()
    await tryOnce(id, 'sidep', lost)
    await correct(id)
    expect((await declared(id)).filter(([where]) => where === 'sidep')).toEqual([
      ['sidep', 1, 'original', null, 'queued'],
      ['sidep', 2, 'replacement', 1, 'queued'],
    ])
    expect((await claim(id, 'sidep')).version).toBe(1)
  })

  test('remembers a lost answer though later tries ended with nothing taken', async () => {
    const id = await captured()
    await tryOnce(id, 'sidep', lost)
    await the.admin`update declarations set due_at = now() where screening_id = ${id}`
    await tryOnce(id, 'sidep', busy)
    expect(await declared(id)).toContainEqual(['sidep', 1, 'original', null, 'parked'])
    await correct(id)
    expect(await declared(id)).toContainEqual(['sidep', 1, 'original', null, 'parked'])
    expect(await declared(id)).toContainEqual(['sidep', 2, 'replacement', 1, 'queued'])
  })

  test('frees what was stopped after tries that took nothing', async () => {
    const id = await captured()
    await tryOnce(id, 'sidep', busy)
    await the.admin`update declarations set due_at = now() where screening_id = ${id}`
    await tryOnce(id, 'sidep', busy)
    await correct(id)
    expect((await declared(id)).filter(([where]) => where === 'sidep')).toEqual([
      ['sidep', 1, 'original', null, 'cancelled'],
      ['sidep', 2, 'original', null, 'queued'],
    ])
  })

  test('takes back what waits for a destination that has been dropped, and is refused where none is left', async () => {
    const id = await captured()
    const [first] = the.destinations
    const only = the.withDeps({ destinationsOf: () => (first ? [first] : []) })
    await correct(id, { actions: only })
    expect(await declared(id)).toEqual([
      ['dmp', 1, 'original', null, 'cancelled'],
      ['sidep', 1, 'original', null, 'cancelled'],
      ['sidep', 2, 'original', null, 'queued'],
    ])
    const none = the.withDeps({ destinationsOf: () => [] })
    await expect(correct(id, { version: 2, actions: none })).rejects.toMatchObject({ code: 'unavailable' })
    await expect(cancel(id, { version: 2, actions: none })).rejects.toMatchObject({ code: 'unavailable' })
    expect(await versions(id)).toHaveLength(2)
  })

  test('keeps the kit that was used though the catalogue has dropped it, and takes no other that it lacks', async () => {
    const id = await captured()
    const emptied = the.withDeps({ findTestKit: () => null })
    expect(await correct(id, { actions: emptied })).toMatchObject({ ok: true })
    const other = await correct(id, { version: 2, actions: emptied, fields: { ...corrected, testKitId: 'double' } })
    expect(other).toMatchObject({ ok: false, problem: { fields: [{ field: 'testKitId', code: 'unknown-test-kit' }] } })
  })

  test('reports the fields and the reason together, and stores nothing', async () => {
    const id = await captured()
    const before = await the.counts()
    for (const [reason, problem] of [
      ['', 'required'],
      ['  \n ', 'required'],
      ['ab', 'too-short'],
      ['x'.repeat(301), 'too-long'],
      ['avec un \u202e piège', 'forbidden-character'],
    ] as const)
      expect(await correct(id, { reason, fields: { ...corrected, birthName: '' } })).toEqual({
        ok: false,
        problem: { fields: [{ field: 'birthName', code: 'required' }], reason: problem },
      })
    expect(await cancel(id, { reason: '' })).toEqual({ ok: false, problem: { fields: [], reason: 'required' } })
    expect(await the.counts()).toEqual(before)
    expect(await correct(id, { reason: ' colonne A\tcolonne B\r\nsuite ' })).toMatchObject({ ok: true })
    const [, second] = await the.actions.listVersions(the.person('pharmacist'), id, newRequest())
    expect(second?.reason).toBe('colonne A colonne B\nsuite')
  })

  test('may take a consent back and never give one', async () => {
    const id = await captured()
    expect(await correct(id, { fields: { ...corrected, consent: 'no' } })).toMatchObject({ ok: true })
    for (const consent of ['no', 'unanswered']) {
      const before = await captured({ ...legalFields, consent })
      expect(await correct(before, { fields: { ...corrected, consent: 'yes' } })).toEqual({
        ok: false,
        problem: { fields: [{ field: 'consent', code: 'consent-cannot-return' }], reason: null },
      })
    }
  })
})

describe('a cancellation', () => {
  test('of what has not left sends nothing at all', async () => {
    const id = await captured()
    expect(await cancel(id)).toMatchObject({ ok: true })
    expect(await declared(id)).toEqual([
      ['dmp', 1, 'original', null, 'cancelled'],
      ['sidep', 1, 'original', null, 'cancelled'],
    ])
    await expect(claim(id, 'sidep')).rejects.toThrow('nothing of it is due')
  })

  test('of what was accepted, is under way or may have been taken is sent, and follows it; a refusal needs none', async () => {
    const taken = await captured()
    await tryOnce(taken, 'sidep', accepted)
    await tryOnce(taken, 'dmp', refused)
    await cancel(taken)
    expect((await declared(taken)).slice(2)).toEqual([['sidep', 2, 'cancellation', 1, 'queued']])
    const underWay = await captured()
    await claim(underWay, 'sidep')
    await tryOnce(underWay, 'dmp', lost)
    await cancel(underWay)
    expect(await declared(underWay)).toEqual([
      ['dmp', 1, 'original', null, 'queued'],
      ['sidep', 1, 'original', null, 'claimed'],
      ['dmp', 2, 'cancellation', 1, 'queued'],
      ['sidep', 2, 'cancellation', 1, 'queued'],
    ])
  })

  test('is the end: nothing can be corrected or cancelled after it, and it stays in the list of its day', async () => {
    const id = await captured()
    await tryOnce(id, 'sidep', accepted)
    await cancel(id)
    for (const version of [1, 2]) {
      await expect(correct(id, { version })).rejects.toMatchObject({ code: 'conflict' })
      await expect(cancel(id, { version })).rejects.toMatchObject({ code: 'conflict' })
    }
    for (const intent of ['correct', 'cancel'] as const)
      await expect(
        the.actions.previewChange(the.person('pharmacist'), { screeningId: id, intent }, newRequest()),
      ).rejects.toMatchObject({ code: 'conflict' })
    expect(await versions(id)).toMatchObject([{ status: 'superseded' }, { status: 'cancelled' }])
    const progress = async () => {
      const list = await the.actions.listScreenings(the.person('pharmacist'), '2026-03-02', newRequest())
      return list.items.filter((item) => item.screeningId === id).map((item) => [item.status, item.progress])
    }
    expect(await progress()).toEqual([['cancelled', 'queued']])
    await tryOnce(id, 'sidep', accepted)
    expect(await progress()).toEqual([['cancelled', 'cancelled']])
  })
})

test('what the page foretells is what happens', async () => {
  const id = await captured()
  await tryOnce(id, 'sidep', accepted)
  const foretold = async (intent: 'correct' | 'cancel') => {
    const { steps } = await the.actions.previewChange(the.person('pharmacist'), { screeningId: id, intent }, newRequest())
    return steps.map((step) => [step.destinationLabel, step.consequence])
  }
  expect(await foretold('correct')).toEqual([
    ['Récepteur sidep', 'correction-sent'],
    ['Récepteur dmp', 'sent-in-place-of-waiting'],
  ])
  expect(await foretold('cancel')).toEqual([
    ['Récepteur sidep', 'cancellation-sent'],
    ['Récepteur dmp', 'never-left'],
  ])
  await cancel(id)
  expect(await declared(id)).toEqual([
    ['dmp', 1, 'original', null, 'cancelled'],
    ['sidep', 1, 'original', null, 'accepted'],
    ['sidep', 2, 'cancellation', 1, 'queued'],
  ])
})

test('the list counts what the newest version came to, and an earlier one only while it holds that back', async () => {
  const progressOfOne = async (id: string) => {
    const list = await the.actions.listScreenings(the.person('pharmacist'), '2026-03-02', newRequest())
    return list.items.find((item) => item.screeningId === id)?.progress
  }
  const id = await captured()
  for (const where of ['sidep', 'dmp']) await tryOnce(id, where, refused)
  expect(await progressOfOne(id)).toBe('rejected')
  await correct(id)
  for (const where of ['sidep', 'dmp']) await tryOnce(id, where, accepted)
  expect(await progressOfOne(id)).toBe('accepted')
  const stopped = await captured()
  await tryOnce(stopped, 'sidep', lost, 'none')
  await correct(stopped)
  expect(await progressOfOne(stopped)).toBe('parked')
})

describe('two at once', () => {
  test('a correction made from a version that a colleague has corrected is a conflict, and takes nothing away', async () => {
    const id = await captured()
    await correct(id, { fields: { ...legalFields, city: 'Lyon' } })
    await expect(correct(id)).rejects.toMatchObject({ code: 'conflict' })
    await expect(cancel(id)).rejects.toMatchObject({ code: 'conflict' })
    const view = await the.actions.getScreening(the.person('pharmacist'), id, newRequest())
    expect(view).toMatchObject({ version: 2, patient: { address: { city: 'Lyon' } } })
  })

  test('of corrections and cancellations at the same moment one is stored, whole', async () => {
    const id = await captured()
    const ends = await Promise.allSettled([correct(id), correct(id), cancel(id)])
    expect(ends.filter((end) => end.status === 'fulfilled')).toHaveLength(1)
    for (const end of ends) if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'conflict' })
    expect(await versions(id)).toHaveLength(2)
  })

  test('a claim and a correction at the same moment: either nothing left, or it is replaced in its turn', async () => {
    for (let round = 0; round < 8; round++) {
      const id = await captured()
      const [claimed] = await Promise.allSettled([claim(id, 'sidep'), correct(id)])
      const rows = (await declared(id)).filter(([where]) => where === 'sidep')
      // The claim was first, the correction was first, or the claim came last and took the new version.
      expect([
        [
          ['sidep', 1, 'original', null, 'claimed'],
          ['sidep', 2, 'replacement', 1, 'queued'],
        ],
        [
          ['sidep', 1, 'original', null, 'cancelled'],
          ['sidep', 2, 'original', null, 'queued'],
        ],
        [
          ['sidep', 1, 'original', null, 'cancelled'],
          ['sidep', 2, 'original', null, 'claimed'],
        ],
      ]).toContainEqual(rows)
      if (claimed.status === 'rejected') expect(String(claimed.reason)).toContain('nothing of it is due')
    }
  })

  test('the same request again changes nothing and answers the same; the key for another request is a conflict', async () => {
    const id = await captured()
    const idempotencyKey = newKey()
    await correct(id, { idempotencyKey })
    const before = await the.counts()
    expect(await correct(id, { idempotencyKey })).toEqual({ ok: true, value: { screeningId: id, replayed: true } })
    await expect(correct(id, { idempotencyKey, reason: 'un autre motif' })).rejects.toMatchObject({ code: 'conflict' })
    await expect(correct(id, { idempotencyKey, version: 2 })).rejects.toMatchObject({ code: 'conflict' })
    expect(await the.counts()).toEqual(before)
    const twice = newKey()
    const both = await Promise.all([
      cancel(id, { version: 2, idempotencyKey: twice }),
      cancel(id, { version: 2, idempotencyKey: twice }),
    ])
    expect(both.map((end) => end.ok && end.value.replayed).sort()).toEqual([false, true])
    expect(await versions(id)).toHaveLength(3)
  })
})

test('the same request sent again while its first sending is still under way is answered the same, and is no conflict', async () => {
  const id = await captured()
  const idempotencyKey = newKey()
  // The first sending ends in the moment after the second has looked whether it was done before.
  let calls = 0
  const forPharmacy: typeof the.database.forPharmacy = async (pharmacyId, run) => {
    calls += 1
    if (calls === 2) await correct(id, { idempotencyKey })
    return the.database.forPharmacy(pharmacyId, run)
  }
  const actions = the.withDeps({ database: { ...the.database, forPharmacy } })
  expect(await correct(id, { idempotencyKey, actions })).toEqual({ ok: true, value: { screeningId: id, replayed: true } })
  expect(await versions(id)).toHaveLength(2)
})

describe('who may', () => {
  test('each role corrects and cancels, or is refused and the refusal recorded, as the table says', async () => {
    for (const role of roles) {
      const actor = the.person(role)
      for (const [action, ask] of [
        ['screening.correct', correct],
        ['screening.cancel', cancel],
      ] as const) {
        const id = await captured()
        const asked = ask(id, { actor })
        if (roleMay(role, 'screening.correct')) {
          expect((await asked).ok).toBe(true)
          continue
        }
        await expect(asked).rejects.toMatchObject({ code: 'forbidden' })
        expect((await the.events()).at(-1)).toMatchObject({ action, outcome: 'denied', code: 'forbidden', objectId: id })
        expect(await versions(id)).toMatchObject([{ status: 'signed' }])
      }
    }
  })

  test('another pharmacy finds nothing, and neither does a word that is no id', async () => {
    const id = await captured()
    const actor = the.person('titular', the.pharmacies[1])
    for (const wanted of [id, randomUUID(), "' or 1=1"]) {
      await expect(correct(wanted, { actor })).rejects.toMatchObject({ code: 'not-found' })
      await expect(cancel(wanted, { actor })).rejects.toMatchObject({ code: 'not-found' })
      await expect(the.actions.listVersions(actor, wanted, newRequest())).rejects.toMatchObject({ code: 'not-found' })
      for (const intent of ['correct', 'cancel'] as const)
        await expect(the.actions.previewChange(actor, { screeningId: wanted, intent }, newRequest())).rejects.toMatchObject({
          code: 'not-found',
        })
    }
    await expect(correct("' or 1=1", { actor: the.person('dpo') })).rejects.toMatchObject({ code: 'forbidden' })
    expect(await declared(id)).toHaveLength(2)
    const last = (await the.events()).filter((event) => event.objectId === id).at(-1)
    expect(last).toMatchObject({ outcome: 'denied', code: 'not-found', actor: actor.professionalId })
  })

  test('a draft is signed, not corrected', async () => {
    const input = { fields: legalFields, idempotencyKey: newKey() }
    const draft = await the.actions.captureScreening(the.person('preparer'), input, newRequest())
    if (!draft.ok) throw new Error('the draft is in order')
    await expect(correct(draft.value.screeningId)).rejects.toMatchObject({ code: 'conflict' })
    await expect(cancel(draft.value.screeningId)).rejects.toMatchObject({ code: 'conflict' })
  })
})

describe('what stays', () => {
  test('every version with its author, time and reason; each change and each reading leaves its trace', async () => {
    const id = await captured()
    await correct(id, { actor: the.person('titular'), reason: 'nom de naissance mal lu' })
    await cancel(id, { version: 2, reason: 'mauvais patient' })
    const found = await the.actions.listVersions(the.person('preparer'), id, newRequest())
    expect(
      found.map(({ version, status, reason, patient, signedBy }) => [
        version,
        status,
        reason,
        patient.birthName,
        signedBy?.familyName,
      ]),
    ).toEqual([
      [1, 'superseded', null, "N'GUYEN VAN THÉO", 'MARTIN-PHARMACIST'],
      [2, 'superseded', 'nom de naissance mal lu', 'LENÔTRE', 'MARTIN-TITULAR'],
      [3, 'cancelled', 'mauvais patient', 'LENÔTRE', 'MARTIN-PHARMACIST'],
    ])
    const traces = (await the.events()).filter((event) => event.objectId === id)
    expect(traces.map(({ action, outcome, details }) => [action, outcome, details])).toEqual([
      ['screening.capture', 'done', { declarations: 2 }],
      ['screening.correct', 'done', { version: 2, declarations: 2, cancelled: 2 }],
      ['screening.cancel', 'done', { version: 3, declarations: 0, cancelled: 2 }],
      ['screening.read', 'done', { versions: 3 }],
    ])
  })

  test('of more versions than the page shows, the newest', async () => {
    const id = await captured()
    for (let version = 1; version <= 51; version++)
      expect(await correct(id, { version, fields: { ...corrected, city: `Ville ${version % 7}` } })).toMatchObject({ ok: true })
    const found = await the.actions.listVersions(the.person('pharmacist'), id, newRequest())
    expect([found[0]?.version, found.at(-1)?.version, found.length]).toEqual([3, 52, 50])
  }, 60_000)

  test('the reason is sealed in its own cell: no row tells it, and no other cell opens it', async () => {
    const id = await captured()
    const reason = 'confondue avec Mme QUÉMÉNEUR, test positif'
    await correct(id, { reason })
    const rows = await the.admin`
      select row_to_json(s)::text as text, reason, patient, act from screenings s where screening_id = ${id}
      union all select row_to_json(d)::text, null, null, null from declarations d where screening_id = ${id}
      union all select row_to_json(i)::text, null, null, null from idempotency_keys i where screening_id = ${id}
      union all select row_to_json(a)::text, null, null, null from audit_events a where object_id = ${id}`
    const find = createNeedleFinder([reason, 'QUÉMÉNEUR', 'confondue', 'LENÔTRE'])
    expect(rows.length).toBeGreaterThan(7)
    for (const row of rows)
      for (const part of [row.text, row.reason, row.patient, row.act])
        if (part !== null) expect(find(Buffer.from(part))).toEqual([])
    const [second] = await the.admin`select * from screenings where screening_id = ${id} and version = 2`
    const key = (await the.keyRing.findRecordKeys([second?.key_ref])).get(second?.key_ref)
    if (!key) throw new Error('its key is there')
    const cell = (column: string, rowId: string) => ({ pharmacyId: second?.pharmacy_id, table: 'screenings', column, rowId })
    expect(openColumn(key, cell('reason', second?.version_id), second?.reason)).toBe(reason)
    expect(() => openColumn(key, cell('act', second?.version_id), second?.reason)).toThrow()
    expect(() => openColumn(key, cell('reason', randomUUID()), second?.reason)).toThrow()
  })
})
