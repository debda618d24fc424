/** `erase patient`: every screening of one person made unreadable, old backups included; a preview unless told, resumable. */
import { readFileSync } from 'node:fs'
import { appendEvent } from '../audit/append-event.ts'
import { systemClock } from '../base/clock.ts'
import { eraseRecords } from '../crypto/erasure.ts'
import type { KeyStoreAdmin } from '../crypto/key-store-admin.ts'
import type { PatientIdentity } from '../crypto/patient-indexes.ts'
import { parseNir } from '../domain/nir.ts'
import { parisDay } from '../domain/paris-time.ts'
import { clearIndexes } from '../storage/blind-indexes.ts'
import type { Database } from '../storage/database.ts'
import type { ErasableScreening } from '../storage/erasure.ts'
import { type FindPersonDeps, type FoundPerson, findPerson } from './find-person.ts'
import { note, say } from './say.ts'

const inputCharsMax = 2000
const listedMax = 100

/** Four lines, so that neither the list of processes nor the shell's history ever shows who is meant. */
export const personHelp = `The person is read from standard input, one line each: birth name, first birth name, birth date
(YYYY-MM-DD), national number (INS; the fourth line may be empty or left out).`

export function readPerson(text: string = readFileSync(0, 'utf8')): PatientIdentity {
  if (text.length > inputCharsMax) throw new Error('the person: expected four short lines')
  const [birthName = '', birthFirstName = '', birthDate = '', number = '', ...more] = text
    .split(/\r?\n/)
    .map((line) => line.trim())
  if (more.some((line) => line !== '')) throw new Error('the person: expected four lines at most')
  if (birthName === '' || birthFirstName === '') throw new Error('the person: expected the birth name, then the first birth name')
  if (!/^\d{4}-\d{2}-\d{2}$/.test(birthDate))
    throw new Error('the person: expected the birth date, as YYYY-MM-DD, on the third line')
  if (number === '') return { birthName, birthFirstName, birthDate, insMatricule: null }
  const ins = parseNir(number.replaceAll(' ', ''))
  if (!ins.ok) throw new Error('the person: the fourth line is no national number with its key (15 characters)')
  return { birthName, birthFirstName, birthDate, insMatricule: ins.value }
}

export type ErasePersonDeps = FindPersonDeps & { readonly admin: Pick<KeyStoreAdmin, 'eraseRecordKeys'> }

/** Finds, says what there is, and with `confirmed` erases. Throws, with nothing erased, where the person is not clear or not done with. */
export async function erasePerson(deps: ErasePersonDeps, person: PatientIdentity, confirmed: boolean): Promise<void> {
  const found = await findPerson(deps, person)
  describe(found)
  if (found.numbers > 1)
    throw new Error(
      `these screenings carry ${found.numbers} national numbers: several people; give the number; nothing was erased`,
    )
  const open = found.screenings.filter((one) => one.unsent > 0)
  // What is erased cannot be sent, corrected or cancelled any more: first the nation, then the erasure.
  if (open.length > 0)
    throw new Error(`still being transmitted: ${open.map((one) => one.screeningId).join(', ')}; nothing was erased`)
  if (!confirmed) return say('nothing was erased: run again with --yes to erase them for good, in every copy')
  for (const screening of found.unfinished) await finishErasure(deps.database, screening)
  let keys = 0
  for (const [index, screening] of found.screenings.entries()) {
    // Commit point: from here this screening opens nowhere. If we die on the next line, the next run writes its trace.
    keys += (await eraseRecords({ admin: deps.admin, ring: null }, screening.keyRefs)).erased.length
    await finishErasure(deps.database, screening)
    note(`erased ${index + 1}/${found.screenings.length}`)
  }
  say(`erased ${found.screenings.length} screenings, ${keys} record keys; traced ${found.unfinished.length} of an earlier run`)
  say('a running gateway may show them from its cache for up to five minutes; the key store’s own backups expire by their term')
}

function describe({ screenings, unfinished, putRight, otherNumber }: FoundPerson): void {
  const pharmacies = new Set(screenings.map((one) => one.pharmacyId)).size
  say(
    `found ${screenings.length} screenings in ${pharmacies} pharmacies, ${screenings.flatMap((one) => one.keyRefs).length} record keys`,
  )
  for (const one of screenings.slice(0, listedMax)) {
    const why = one.byNumber ? 'national number' : 'names and birth date'
    say(`  ${one.screeningId}  captured ${parisDay(one.capturedAt)}, by ${why}`)
  }
  if (screenings.length > listedMax) say(`  and ${screenings.length - listedMax} more`)
  if (unfinished.length > 0) say(`${unfinished.length} screenings whose erasure was cut off: their trace will be written`)
  if (otherNumber.length > 0)
    say(`left alone: ${otherNumber.length} screenings of the same names and date under another national number`)
  if (putRight.length > 0)
    say(`left alone, to be judged by a person: corrected from this person to somebody else: ${putRight.join(', ')}`)
}

/** After the deed, which another database holds: the trace, by ids alone, and no digest of the person left. */
export async function finishErasure(
  database: Pick<Database, 'forPharmacy'>,
  { screeningId, pharmacyId, keyRefs }: ErasableScreening,
): Promise<void> {
  await database.forPharmacy(pharmacyId, async (tx) => {
    await clearIndexes(tx, screeningId)
    await appendEvent(tx, {
      at: systemClock.now(),
      actor: { kind: 'system', name: 'command-line' },
      action: 'screening.erase',
      outcome: 'done',
      object: { type: 'screening', id: screeningId },
      pharmacyId,
      request: null,
      details: { keys: keyRefs.length },
    })
  })
}
