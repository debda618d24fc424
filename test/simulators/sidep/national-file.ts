/** The simulated national file: takes a message at most once for a control id, keeps versions in order, remembers on disk. */
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { judge, type Report } from './assumed-profile.ts'
import type { FaultMode } from './faults.ts'
import { controlIdOf, MessageRefused, type Refusal, readMessage } from './hl7-reader.ts'

/** One arrival of a message, whatever became of it. */
export type Delivery = {
  readonly at: string
  readonly controlId: string
  readonly sha256: string
  /** What was answered; null when nothing that is an acknowledgement was. */
  readonly answer: 'AA' | 'AE' | 'AR' | null
  /** The fault that this arrival met, null for none. */
  readonly fault: FaultMode | null
  readonly refusal: Refusal | null
  /** True when this very arrival changed the file; false for a refusal, and for one that had been taken before. */
  readonly effect: boolean
  readonly report: Report | null
}

/** Everything known of one control id. */
export type Received = {
  readonly controlId: string
  readonly deliveries: readonly Delivery[]
  /** Effects on the file: 1 is right, 0 refused, 2 a double declaration. */
  readonly taken: number
  readonly report: Report | null
}

/** The version that holds for a screening; `taken` counts the effects of each version by number. */
export type KeptScreening = {
  readonly current: Report
  readonly cancelled: boolean
  readonly taken: Readonly<Record<number, number>>
}

export type NationalFile = {
  /** Judges the message and takes it if it holds. */
  take(bytes: Uint8Array, fault: FaultMode | null): Delivery
  /** Writes down that it came, and takes nothing. */
  pass(bytes: Uint8Array, fault: FaultMode, answer: 'AE' | 'AR' | null): void
  received(): readonly Received[]
  screenings(): ReadonlyMap<string, KeptScreening>
}

type Kept = { current: Report; cancelled: boolean; taken: Record<number, number> }

/**
 * `deduplicates: false` makes a receiver that takes the same message again each time, to prove that a sender which was
 * promised nothing does not send twice. The journal is read back first: what was taken before a restart stays taken.
 */
export function openNationalFile(options: {
  readonly journalFile?: string | undefined
  readonly deduplicates: boolean
  readonly now: () => Date
}): NationalFile {
  const { journalFile, deduplicates, now } = options
  const byControlId = new Map<string, { deliveries: Delivery[]; taken: number; report: Report | null }>()
  const screenings = new Map<string, Kept>()

  const remember = (delivery: Delivery) => {
    const known = byControlId.get(delivery.controlId) ?? { deliveries: [], taken: 0, report: null }
    byControlId.set(delivery.controlId, known)
    known.deliveries.push(delivery)
    known.report = delivery.report ?? known.report
    if (!delivery.effect || !delivery.report) return
    known.taken += 1
    keep(screenings, delivery.report)
  }
  for (const delivery of journalled(journalFile)) remember(delivery)

  const record = (delivery: Delivery) => {
    if (journalFile) appendFileSync(journalFile, `${JSON.stringify(delivery)}\n`)
    remember(delivery)
    return delivery
  }
  const place = (report: Report): 'new' | 'taken-before' => {
    const takenBefore = (byControlId.get(report.controlId)?.taken ?? 0) > 0
    if (takenBefore && deduplicates) return 'taken-before'
    if (!takenBefore) ensureInOrder(screenings.get(report.screeningId), report)
    return 'new'
  }
  return {
    take: (bytes, fault) => record({ ...arrivalOf(bytes, now(), fault), ...consider(bytes, place) }),
    pass: (bytes, fault, answer) => {
      record({ ...arrivalOf(bytes, now(), fault), answer, refusal: null, effect: false, report: null })
    },
    received: () => [...byControlId].map(([controlId, known]) => ({ controlId, ...known })),
    screenings: () => screenings,
  }
}

function arrivalOf(bytes: Uint8Array, at: Date, fault: FaultMode | null) {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { at: at.toISOString(), controlId: controlIdOf(bytes), sha256, fault }
}

function consider(bytes: Uint8Array, place: (report: Report) => 'new' | 'taken-before') {
  let report: Report | null = null
  try {
    report = judge(readMessage(bytes))
    return { answer: 'AA', refusal: null, effect: place(report) === 'new', report } as const
  } catch (error) {
    if (!(error instanceof MessageRefused)) throw error
    return { answer: 'AE', refusal: error.refusal, effect: false, report } as const
  }
}

/** A version follows exactly the one that holds; anything else is 900, as for a document whose predecessor is not the last. */
function ensureInOrder(kept: Kept | undefined, report: Report): void {
  const wrong = (says: string) => new MessageRefused('900', 'ORC-3', says)
  if (report.kind === 'original') {
    if (kept) throw wrong('Ce dépistage est déjà connu.')
    return
  }
  if (!kept) throw wrong('Le dépistage à remplacer est inconnu.')
  if (kept.cancelled) throw wrong('Ce dépistage a été annulé.')
  if (report.replacesVersion !== kept.current.version || report.version <= kept.current.version)
    throw wrong(`La version en vigueur est la ${kept.current.version}.`)
}

function keep(screenings: Map<string, Kept>, report: Report): void {
  const kept = screenings.get(report.screeningId)
  const taken = kept?.taken ?? {}
  taken[report.version] = (taken[report.version] ?? 0) + 1
  screenings.set(report.screeningId, { current: report, cancelled: report.kind === 'cancellation', taken })
}

/** A line cut short by the end of the process that wrote it was never answered for: it is passed over. */
function journalled(journalFile: string | undefined): Delivery[] {
  if (!journalFile || !existsSync(journalFile)) return []
  const text = readFileSync(journalFile, 'utf8')
  if (text !== '' && !text.endsWith('\n')) appendFileSync(journalFile, '\n')
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as Delivery] // safe: only `record` writes here
    } catch {
      return []
    }
  })
}
