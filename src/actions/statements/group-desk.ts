/** The pharmacies of a group: what the month comes to in all of them, a page of them with their statements, and each file. */
import { appendEvent } from '../../audit/append-event.ts'
import type { Professional, RequestContext } from '../../domain/actor.ts'
import { parisDay } from '../../domain/paris-time.ts'
import { roleMay } from '../../domain/roles.ts'
import type { ChargedDay } from '../../domain/statement.ts'
import { parisMonth } from '../../domain/tariff.ts'
import { type BilledDay, listBilledDays, listStatements, type StatementSummary } from '../../storage/statements.ts'
import { ensureMay } from '../ensure-may.ts'
import type { StatementDeps } from './deps.ts'
import { type FileWanted, openStatementFile, refuseFile, type StatementFile } from './open-file.ts'

/** A pharmacy where this person may read statements, as the session offers it: at most what one person exercises in and administers. */
export type Readable = {
  readonly pharmacyId: string
  readonly pharmacyName: string
  readonly finess: string
  readonly role: Professional['role']
}

export type GroupRow = {
  readonly pharmacyId: string
  readonly name: string
  readonly finess: string
  readonly receipts: number
  readonly netCents: number
  /** The newest, at most twelve. */
  readonly statements: readonly StatementSummary[]
  /** How many more there are. */
  readonly olderCount: number
}

/** A day of the month in all pharmacies together. */
export type GroupDay = { readonly day: string; readonly count: number; readonly netCents: number }

export type GroupView = {
  /** `YYYY-MM`. */
  readonly month: string
  /** Up to today, in Paris. */
  readonly today: string
  /** Of all pharmacies, whichever are shown; days without a receipt are left out. */
  readonly days: readonly GroupDay[]
  readonly receipts: number
  readonly netCents: number
  readonly pharmacyCount: number
  /** From 1. */
  readonly page: number
  readonly pages: number
  /** Place of the first row among all pharmacies, from 1. */
  readonly firstPlace: number
  /** By name. */
  readonly rows: readonly GroupRow[]
}

export type GroupFileWanted = FileWanted & { readonly finess: string }

/** All throw `GatewayError`: `forbidden` (the role may not), `not-found` (no such file, or none of this person's pharmacies). */
export type GroupDesk = {
  /** Of the pharmacies that the session offers, those in which the person may read statements. */
  viewGroup(
    actor: Professional,
    offered: readonly Readable[],
    input: { readonly page: number },
    request: RequestContext,
  ): Promise<GroupView>
  openGroupFile(
    actor: Professional,
    offered: readonly Readable[],
    file: GroupFileWanted,
    request: RequestContext,
  ): Promise<StatementFile>
}

export const groupPageLength = 20
const recentMax = 12
/** Of the ten connections that a process has: one person's page leaves the counter its own. */
const readsAtOnce = 3

export function bindGroupDesk(deps: StatementDeps): GroupDesk {
  return {
    viewGroup: async (actor, offered, { page: asked }, request) => {
      await ensureMay(deps, actor, 'statement.read', request, { action: 'statement.read' })
      const now = deps.clock.now()
      const month = parisMonth(now)
      const all = readableOf(offered).toSorted(byName)
      const pages = Math.max(1, Math.ceil(all.length / groupPageLength))
      const page = Math.min(Math.max(1, asked), pages)
      const first = (page - 1) * groupPageLength
      const read = await inSets(all, async (place, index) => {
        const isShown = index >= first && index < first + groupPageLength
        return { ...(await readPharmacy(deps, at(actor, place), { month, isShown, request })), place, isShown }
      })
      const rows = read
        .filter(({ isShown }) => isShown)
        .map(({ place: { pharmacyId, pharmacyName: name, finess }, days, statements }) => ({
          ...{ pharmacyId, name, finess },
          ...sumsOf(days),
          statements: statements.slice(0, recentMax),
          olderCount: Math.max(0, statements.length - recentMax),
        }))
      const days = read.flatMap((one) => one.days)
      return {
        ...{ month, today: parisDay(now), days: byDay(days), ...sumsOf(days) },
        ...{ pharmacyCount: all.length, page, pages, firstPlace: first + 1, rows },
      }
    },
    openGroupFile: async (actor, offered, { finess, ...file }, request) => {
      await ensureMay(deps, actor, 'statement.read', request, { action: 'statement.read' })
      const held = readableOf(offered).find((one) => one.finess === finess)
      if (!held) return refuseFile(deps, actor, request)
      return openStatementFile(deps, at(actor, held), file, request)
    },
  }
}

export function readableOf(offered: readonly Readable[]): readonly Readable[] {
  return offered.filter(({ role }) => roleMay(role, 'statement.read'))
}

export function sumsOf(days: readonly ChargedDay[]): { receipts: number; netCents: number } {
  return {
    receipts: days.reduce((sum, { count }) => sum + count, 0),
    netCents: days.reduce((sum, { count, unitCents }) => sum + count * unitCents, 0),
  }
}

/** As whom the person acts there. */
function at(actor: Professional, { pharmacyId, role }: Readable): Professional {
  return { ...actor, pharmacyId, role }
}

/** In its own scope and with its own trace: row-level security stands for a group as for one. */
async function readPharmacy(
  deps: StatementDeps,
  actor: Professional,
  { month, isShown, request }: { readonly month: string; readonly isShown: boolean; readonly request: RequestContext },
): Promise<{ readonly days: readonly BilledDay[]; readonly statements: readonly StatementSummary[] }> {
  const { pharmacyId } = actor
  return deps.database.forPharmacy(pharmacyId, async (tx) => {
    await appendEvent(tx, { at: deps.clock.now(), actor, action: 'statement.read', outcome: 'done', request })
    const days = await listBilledDays(tx, { month, pharmacyIds: [pharmacyId] })
    return { days, statements: isShown ? await listStatements(tx, pharmacyId) : [] }
  })
}

/** Some at a time, in their order. */
async function inSets<Given, Value>(
  all: readonly Given[],
  read: (one: Given, index: number) => Promise<Value>,
): Promise<readonly Value[]> {
  const done: Value[] = []
  while (done.length < all.length) {
    const from = done.length
    done.push(...(await Promise.all(all.slice(from, from + readsAtOnce).map((one, index) => read(one, from + index)))))
  }
  return done
}

function byDay(days: readonly ChargedDay[]): readonly GroupDay[] {
  return [...Map.groupBy(days, ({ day }) => day)]
    .map(([day, ofDay]) => ({ day, count: sumsOf(ofDay).receipts, netCents: sumsOf(ofDay).netCents }))
    .toSorted((a, b) => a.day.localeCompare(b.day))
}

/** FINESS numbers tell two of one name apart, so that no pharmacy moves between two pages. */
function byName(a: Readable, b: Readable): number {
  return a.pharmacyName.localeCompare(b.pharmacyName, 'fr') || a.finess.localeCompare(b.finess)
}
