/** Erasing a person: all of theirs, in every pharmacy and every copy, nobody else's, and again after any interruption. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { erasePerson, readPerson } from '../../src/commands/erase-patient.ts'
import type { PatientIdentity } from '../../src/crypto/patient-indexes.ts'
import type { CaptureInput } from '../../src/domain/capture-fields.ts'
import { createKeyStoreAdmin } from '../../src/storage/keystore-admin.ts'
import { type ActionsWorld, legalFields, newKey, newRequest, openActionsWorld } from '../support/actions-fixture.ts'

let the: ActionsWorld
let said: string[]
beforeEach(async () => {
  the = await openActionsWorld()
  said = []
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      said.push(String(text))
      return true
    })
})
afterEach(async () => {
  vi.restoreAllMocks()
  await the.close()
})

const { insMatricule: _ins, identityStatus: _status, ...withoutIns } = legalFields
const person: PatientIdentity = {
  birthName: 'N’Guyen-Van Théo',
  birthFirstName: 'dorde',
  birthDate: '1979-03-12',
  insMatricule: '279035121518989',
}

async function capture(fields: CaptureInput, elsewhere = false): Promise<string> {
  const actor = the.person('pharmacist', the.pharmacies[elsewhere ? 1 : 0])
  const result = await the.actions.captureScreening(actor, { fields, idempotencyKey: newKey() }, newRequest())
  if (!result.ok) throw new Error(JSON.stringify(result.problem))
  return result.value.screeningId
}
const sent = () => the.admin`update declarations set state = 'accepted'`
const deps = () => ({ database: the.database, ring: the.world.ring(), admin: createKeyStoreAdmin(the.world.store.sql) })
const erase = (wanted = person, confirmed = true) => erasePerson(deps(), wanted, confirmed)
async function readable(): Promise<string[]> {
  const rows = await the.admin<{ id: string; ref: string }[]>`select screening_id as id, key_ref as ref from screenings`
  const keys = await the.world.ring().findRecordKeys(rows.map((row) => row.ref))
  return [...new Set(rows.filter((row) => keys.has(row.ref)).map((row) => row.id))].sort()
}
const erasures = async () =>
  (await the.events()).filter((event) => event.action === 'screening.erase').map((event) => event.objectId)

describe('erasing a person', () => {
  test('is previewed first, then reaches every pharmacy, version and spelling, and leaves everyone else', async () => {
    const theirs = [
      await capture(legalFields),
      await capture({ ...withoutIns, birthName: 'NGUYEN VAN THEO' }, true),
      await capture({ ...legalFields, birthName: 'MARTIN', birthFirstName: 'Zoé' }), // their number under another name
    ].sort()
    const others = [
      await capture({ ...withoutIns, birthFirstName: 'Ana' }), // a twin
      await capture({ ...withoutIns, birthDate: '1979-03-13' }, true),
    ]
    await sent()
    await erase(person, false)
    expect(said.join('')).toContain('found 3 screenings in 2 pharmacies')
    expect(await readable()).toEqual([...theirs, ...others].sort())
    await erase()
    expect(await readable()).toEqual(others.sort())
    expect((await erasures()).sort()).toEqual(theirs)
    const [left] = await the.admin`select count(*)::int as rows from screenings
      where screening_id = any(${theirs}::uuid[]) and (identity_index is not null or ins_index is not null)`
    expect(left?.rows).toBe(0)
    said = []
    await erase()
    expect(said.join('')).toContain('found 0 screenings')
  })

  test('finds what a release before indexes stored', async () => {
    const old = await capture(withoutIns)
    const other = await capture({ ...withoutIns, birthName: 'PETIT' })
    await sent()
    await the.admin`update screenings set identity_index = null, ins_index = null`
    await erase()
    expect(await readable()).toEqual([other])
    expect(await erasures()).toEqual([old])
  })

  test('finds what was indexed with another length, after the declared population changed', async () => {
    const actor = the.person('pharmacist')
    const longer = the.withDeps({ blindIndexBits: 9 })
    const done = await longer.captureScreening(actor, { fields: legalFields, idempotencyKey: newKey() }, newRequest())
    await capture(legalFields)
    await sent()
    expect(done.ok).toBe(true)
    await erase()
    expect(await readable()).toEqual([])
  })

  test('is refused whole while a declaration of theirs is open', async () => {
    const id = await capture(legalFields)
    await expect(erase()).rejects.toThrow('still being transmitted')
    expect(await readable()).toEqual([id])
    expect(await erasures()).toEqual([])
  })

  test('without a number is refused where several people bear the names and the date', async () => {
    await capture(legalFields)
    await capture({ ...legalFields, insMatricule: '279035121519088' })
    await sent()
    const before = await readable()
    await expect(erase({ ...person, insMatricule: null })).rejects.toThrow('several people')
    expect(await readable()).toEqual(before)
  })

  test('with the number leaves a namesake of another number, and says so', async () => {
    await capture(legalFields)
    const namesake = await capture({ ...legalFields, insMatricule: '279035121519088' })
    await sent()
    await erase()
    expect(await readable()).toEqual([namesake])
    expect(said.join('')).toContain('left alone: 1 screenings of the same names and date under another national number')
  })

  test('leaves a screening that was corrected to somebody else to a person', async () => {
    const id = await capture(withoutIns)
    const corrected = await the.actions.correctScreening(
      the.person('pharmacist'),
      {
        screeningId: id,
        version: 1,
        fields: { ...withoutIns, birthName: 'ROBERT' },
        reason: 'autre patient',
        idempotencyKey: newKey(),
      },
      newRequest(),
    )
    expect(corrected.ok).toBe(true)
    await sent()
    await erase()
    expect(await readable()).toEqual([id])
    expect(said.join('')).toContain(`corrected from this person to somebody else: ${id}`)
  })

  test.each([1, 2, 3])('killed after erasure %i and run again ends the same, each screening traced once', async (at) => {
    const theirs = [await capture(legalFields), await capture(legalFields), await capture(legalFields, true)].sort()
    await sent()
    const { admin, ...rest } = deps()
    let calls = 0
    const eraseRecordKeys = async (refs: readonly string[]) => {
      const gone = await admin.eraseRecordKeys(refs)
      // The key has gone, and then the process: no trace of this one.
      if (++calls === at) throw new Error('killed')
      return gone
    }
    await expect(erasePerson({ ...rest, admin: { eraseRecordKeys } }, person, true)).rejects.toThrow('killed')
    expect(await erasures()).toHaveLength(at - 1)
    await erase()
    expect(await readable()).toEqual([])
    expect((await erasures()).sort()).toEqual(theirs)
  })

  test('traces and prints ids alone: no name, no date of birth, no number', async () => {
    await capture(legalFields)
    await sent()
    await erase()
    const text = `${said.join('')}${JSON.stringify(await the.events())}`
    for (const trait of ['guyen', 'dorde', 'Ðorđe', '1979-03', '279035121518989'])
      expect(text.toLowerCase()).not.toContain(trait.toLowerCase())
  })
})

describe('the person', () => {
  test('is read from four lines, of which the number may be left out', () => {
    expect(readPerson('DUPONT\nAnne \r\n1980-01-31\n2 79 03 51 215 189 89\n')).toEqual({
      birthName: 'DUPONT',
      birthFirstName: 'Anne',
      birthDate: '1980-01-31',
      insMatricule: '279035121518989',
    })
    expect(readPerson('DUPONT\nAnne\n1980-01-31').insMatricule).toBe(null)
  })

  test.each([
    '',
    'DUPONT',
    'DUPONT\nAnne',
    'DUPONT\nAnne\n31/01/1980',
    'DUPONT\nAnne\n1980-01-31\n279035121518988',
    'A\nB\n1980-01-31\n\nX',
  ])('is refused without a word of what was typed: %j', (text) => {
    const refused = (() => {
      try {
        return readPerson(text)
      } catch (cause) {
        return String(cause)
      }
    })()
    expect(refused).toMatch(/^Error: the person: /)
    expect(refused).not.toMatch(/DUPONT|Anne|1980|279035/)
  })
})
