/**
 * Holds three accounts against each other: what clients were told, what the tables say, and what the receivers took.
 * Lost: told, and neither in effect nor parked or rejected with a reason. Doubled: an effect taken more than once, or one
 * that nobody was told of. Misordered: a replacement or cancellation that left before what it replaces was taken.
 */
import type postgres from 'postgres'
import type { KeptScreening, Received } from '../simulators/sidep/national-file.ts'
import type { Told } from './clients.ts'

export type Receiver = {
  readonly destination: string
  /** True where it promises to know a control id again: then nothing need ever be parked there. */
  readonly deduplicates: boolean
  readonly received: readonly Received[]
  readonly screenings: ReadonlyMap<string, KeptScreening>
}

export type DeclarationFacts = {
  readonly id: string
  readonly screeningId: string
  readonly version: number
  readonly destination: string
  readonly state: string
  readonly code: string | null
  readonly controlId: string
  readonly receipts: number
  /** Tries that sent it and of which nobody knows what became: what alone may park it. */
  readonly unknownEnds: number
}
export type Facts = {
  readonly declarations: readonly DeclarationFacts[]
  /** The newest version of each screening. */
  readonly screenings: readonly { readonly screeningId: string; readonly version: number; readonly status: string }[]
  /** All screenings that the tables hold, of earlier rounds too. */
  readonly screeningCount: number
}

export type Verdict = {
  readonly lost: readonly string[]
  readonly doubled: readonly string[]
  readonly misordered: readonly string[]
  /** Declarations by what became of them; `held` waits behind a parked one. */
  readonly counts: Readonly<Record<'declared' | 'accepted' | 'parked' | 'held' | 'cancelled' | 'rejected' | 'receipts', number>>
}

const chunk = 5_000

/** Reads the facts about these screenings as superuser: past row-level security. */
export async function readFacts(sql: postgres.Sql, screeningIds: readonly string[]): Promise<Facts> {
  const declarations: DeclarationFacts[] = []
  const screenings: Facts['screenings'][number][] = []
  for (let from = 0; from < screeningIds.length; from += chunk) {
    const ids = `{${screeningIds.slice(from, from + chunk).join(',')}}`
    declarations.push(
      ...(await sql<DeclarationFacts[]>`
        select d.id, d.screening_id as "screeningId", d.version, d.destination, d.state, d.code, d.control_id as "controlId",
          (select count(*)::int from receipts r where r.declaration_id = d.id) as receipts,
          (select count(*)::int from attempts a where a.declaration_id = d.id and a.message_sha256 is not null
            and (a.outcome is null or a.outcome = 'ambiguous')) as "unknownEnds"
        from declarations d where d.screening_id = any(${ids}::text::uuid[])`),
    )
    screenings.push(
      ...(await sql<Facts['screenings'][number][]>`
        select distinct on (screening_id) screening_id as "screeningId", version, status
        from screenings where screening_id = any(${ids}::text::uuid[]) order by screening_id, version desc`),
    )
  }
  const [count] = await sql<{ count: number }[]>`select count(*)::int as count from screenings where version = 1`
  return { declarations, screenings, screeningCount: count?.count ?? 0 }
}

/** Declarations that still have somewhere to go: all but the ended, the parked, and what waits behind a parked one. */
export async function countUnsettled(sql: postgres.Sql): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int as count from declarations d
    where d.state in ('queued', 'claimed', 'sent') and not (d.state = 'queued' and exists (
      select from declarations earlier where earlier.screening_id = d.screening_id and earlier.destination = d.destination
        and earlier.version < d.version and earlier.state = 'parked'))`
  return row?.count ?? -1
}

/** What became of tries, by the queue's own trace: what rescue found and made of it, and how tries ended. */
export function readStatesMet(sql: postgres.Sql): PromiseLike<readonly [string, number][]> {
  return sql<{ met: string; times: number }[]>`
    select concat_ws(' ', 'rescued to', e.details ->> 'state', e.code) as met, count(*)::int as times
    from audit_events e where e.action = 'declaration.rescue' group by 1
    union all
    select concat_ws(' ', 'tried:', coalesce(a.outcome, 'never ended'), a.code), count(*)::int from attempts a group by 1
  `.then((rows) => rows.map(({ met, times }): [string, number] => [met, times]))
}

/** `toldBefore`: captures of earlier rounds, whose screenings stand in the tables too. */
export function judge(input: {
  readonly told: readonly Told[]
  readonly toldBefore: number
  readonly facts: Facts
  readonly receivers: readonly Receiver[]
}): Verdict {
  const { told, toldBefore, facts, receivers } = input
  const verdict = { lost: [] as string[], doubled: [] as string[], misordered: [] as string[] }
  const last = new Map<string, Told>()
  for (const one of told) if (one.version >= (last.get(one.screeningId)?.version ?? 0)) last.set(one.screeningId, one)
  const surplus = facts.screeningCount - toldBefore - last.size
  if (surplus > 0) verdict.doubled.push(`${surplus} screenings are stored that no client was told of`)
  judgeStored(last, facts, verdict)
  const at = Map.groupBy(facts.declarations, (one) => one.destination)
  const counts = { declared: 0, accepted: 0, parked: 0, held: 0, cancelled: 0, rejected: 0, receipts: 0 }
  for (const receiver of receivers) {
    const declared = at.get(receiver.destination) ?? []
    judgeEffects(receiver, declared, verdict)
    judgeOrder(receiver, verdict)
    const open = judgeDeclarations(receiver, declared, { verdict, counts })
    judgeEndState(receiver, last, { open, verdict })
  }
  return { ...verdict, counts }
}

type Findings = { readonly lost: string[]; readonly doubled: string[]; readonly misordered: string[] }

/** Each promise stands in the tables, in its newest version. */
function judgeStored(last: ReadonlyMap<string, Told>, facts: Facts, { lost, doubled }: Findings): void {
  const stored = new Map(facts.screenings.map((one) => [one.screeningId, one]))
  for (const [screeningId, { version, kind }] of last) {
    const found = stored.get(screeningId)
    if (!found || found.version < version) lost.push(`${screeningId} version ${version}: told, not stored`)
    else if (found.version > version) doubled.push(`${screeningId} version ${found.version}: stored, told to nobody`)
    else if ((found.status === 'cancelled') !== (kind === 'cancel')) lost.push(`${screeningId}: stored as ${found.status}`)
  }
}

/** What the receiver took is what was declared, once each. */
function judgeEffects(receiver: Receiver, declared: readonly DeclarationFacts[], { doubled }: Findings): void {
  const known = new Map(declared.map((one) => [one.controlId, one]))
  for (const { controlId, taken } of receiver.received) {
    if (taken > 1) doubled.push(`${receiver.destination} took ${controlId} ${taken} times`)
    if (taken > 0 && !known.has(controlId)) doubled.push(`${receiver.destination} took ${controlId}, which nobody was told of`)
    if (taken > 0 && known.get(controlId)?.state === 'cancelled')
      doubled.push(`${receiver.destination} took ${controlId}, which counts as never sent`)
  }
  for (const [screeningId, { taken }] of receiver.screenings)
    for (const [version, times] of Object.entries(taken))
      if (times > 1) doubled.push(`${receiver.destination} took version ${version} of ${screeningId} ${times} times`)
}

/** A later version left, be it refused or taken, only after the one that it replaces had its effect. */
function judgeOrder(receiver: Receiver, { misordered }: Findings): void {
  const effectAt = new Map<string, string>()
  for (const { deliveries, report } of receiver.received) {
    const effect = deliveries.find((one) => one.effect)
    if (effect && report) effectAt.set(`${report.screeningId}/${report.version}`, effect.at)
  }
  for (const { deliveries, controlId } of receiver.received) {
    const report = deliveries.find((one) => one.report)?.report
    const first = deliveries[0]
    if (!report || !first || report.replacesVersion === null) continue
    const before = effectAt.get(`${report.screeningId}/${report.replacesVersion}`)
    if (before === undefined || before > first.at)
      misordered.push(
        `${receiver.destination}: ${controlId} replaces version ${report.replacesVersion} of ${report.screeningId} and came before it`,
      )
  }
  for (const { deliveries, controlId } of receiver.received)
    if (deliveries.some((one) => one.refusal?.code === '900'))
      misordered.push(`${receiver.destination} refused ${controlId}: it follows nothing that holds there`)
}

/** Each declaration came to an end that its receiver bears out. Answers the screenings that a person must decide about. */
function judgeDeclarations(
  receiver: Receiver,
  declared: readonly DeclarationFacts[],
  { verdict: { lost }, counts }: { verdict: Findings; counts: Record<keyof Verdict['counts'], number> },
): ReadonlySet<string> {
  const takenOf = new Map(receiver.received.map(({ controlId, taken }) => [controlId, taken]))
  const parkedFrom = new Map<string, number>()
  for (const { state, screeningId, version } of declared)
    if (state === 'parked') parkedFrom.set(screeningId, Math.min(version, parkedFrom.get(screeningId) ?? version))
  const open = new Set<string>()
  for (const { id, screeningId, version, state, code, controlId, receipts, unknownEnds } of declared) {
    const name = `${receiver.destination}: declaration ${id} (${state}, ${code ?? 'no code'})`
    counts.declared += 1
    counts.receipts += receipts
    if ((state === 'accepted') !== (receipts === 1)) lost.push(`${name} has ${receipts} receipts`)
    if (state === 'accepted') {
      counts.accepted += 1
      if ((takenOf.get(controlId) ?? 0) === 0) lost.push(`${name} was never taken`)
    } else if (state === 'cancelled') counts.cancelled += 1
    else if (state === 'parked') {
      counts.parked += 1
      open.add(screeningId)
      // Without a promise a doubt is parked, and nothing else: what never left has its place in the queue.
      if (code === null || receiver.deduplicates || unknownEnds === 0) lost.push(`${name} is parked without need`)
    } else if (state === 'rejected') {
      counts.rejected += 1
      open.add(screeningId)
      // No receiver of this run refuses for good: what it was sent was wrong.
      lost.push(`${name} was refused`)
    } else if (state === 'queued' && (parkedFrom.get(screeningId) ?? version) < version) {
      counts.held += 1
      open.add(screeningId)
    } else lost.push(`${name} goes nowhere`)
  }
  return open
}

/** Where no person has to decide, the receiver holds exactly the version that the client was told of last. */
function judgeEndState(
  receiver: Receiver,
  last: ReadonlyMap<string, Told>,
  { open, verdict: { lost } }: { open: ReadonlySet<string>; verdict: Findings },
): void {
  for (const [screeningId, { kind, version, mark }] of last) {
    if (open.has(screeningId)) continue
    const kept = receiver.screenings.get(screeningId)
    const name = `${receiver.destination}: ${screeningId} version ${version} (${kind})`
    if (kind === 'cancel') {
      if (kept && !kept.cancelled) lost.push(`${name} holds there all the same`)
    } else if (!kept || kept.cancelled || kept.current.version !== version) lost.push(`${name} is not what holds there`)
    else if (kept.current.patient.name !== mark) lost.push(`${name} holds another content there`)
  }
}
