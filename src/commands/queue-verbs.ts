/** The verbs of `queue …`: each reads or changes in one transaction, prints ids, codes and counts, and answers its exit code. */
import { type AuditAction, appendEvent } from '../audit/append-event.ts'
import { isId } from '../base/ids.ts'
import { sealColumn } from '../crypto/envelope.ts'
import type { KeyRing } from '../crypto/key-ring.ts'
import { type DestinationSettings, deduplicationOf } from '../domain/destination-settings.ts'
import { type FailureCode, failureCodes } from '../domain/failure-codes.ts'
import { parseReason } from '../domain/reason.ts'
import { mayBeReceived, type StoppedFilter, type StoppedState, stoppedStates } from '../domain/stopped.ts'
import { forwardingStatus } from '../queue/forwarding-status.ts'
import type { Database, Tx } from '../storage/database.ts'
import {
  approveBatch,
  type BatchRow,
  countAlone,
  findBatch,
  insertBatch,
  listBatches,
  stopBatch,
} from '../storage/retry-batches.ts'
import {
  countStopped,
  findPharmacyByFiness,
  listStopped,
  listStranded,
  listTries,
  listVersionsOf,
  lockReceivable,
  receiveByHand,
} from '../storage/stopped.ts'

export type OperatorDeps = {
  readonly database: Pick<Database, 'forWorker'>
  readonly clock: { now(): Date }
  readonly newId: () => string
  readonly destinations: readonly DestinationSettings[]
  readonly aloneMax: number
  readonly silenceMs: number
  readonly wait: (ms: number) => Promise<unknown>
  readonly openKeyRing: () => Pick<KeyRing, 'findRecordKeys'>
}
type Print = (line: string) => void
export const exitCodes = { done: 0, refused: 1, nothing: 2, waits: 3 } as const

export type Choice = Readonly<
  Partial<Record<'destination' | 'state' | 'code' | 'since' | 'until' | 'pharmacy' | 'limit', string>>
>
export type ParsedChoice = { readonly filter: StoppedFilter; readonly limit: number }

/** Throws with a sentence for whoever typed it. */
export async function parseChoice(deps: OperatorDeps, typed: Choice, limitMax: number): Promise<ParsedChoice> {
  const { destination = null, state = null, code = null, pharmacy } = typed
  if (state !== null && !stoppedStates.includes(state as StoppedState)) throw new Error('--state: expected parked or rejected')
  if (code !== null && !failureCodes.includes(code as FailureCode))
    throw new Error(`--code: expected one of ${failureCodes.join(', ')}`)
  const limit = Number(typed.limit)
  if (!Number.isInteger(limit) || limit < 1 || limit > limitMax)
    throw new Error(`--limit: expected a whole number from 1 to ${limitMax}`)
  const pharmacyId = pharmacy === undefined ? null : await deps.database.forWorker((tx) => findPharmacyByFiness(tx, pharmacy))
  if (pharmacy !== undefined && pharmacyId === null) throw new Error('--pharmacy: no pharmacy has this FINESS number here')
  const when = (name: 'since' | 'until') => {
    const text = typed[name]
    return text === undefined ? null : parseWhen(name, text, deps.clock.now())
  }
  const filter = { pharmacyId, destination, state, code, since: when('since'), until: when('until'), notAt: [] } as StoppedFilter // safe: looked up above
  return { filter, limit }
}

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const

function parseWhen(name: string, text: string, now: Date): Date {
  const ago = /^(\d{1,5})([mhd])$/.exec(text)
  if (ago) return new Date(now.getTime() - Number(ago[1]) * unitMs[ago[2] as keyof typeof unitMs]) // safe: the pattern has no other
  const at = /^\d{4}-\d{2}-\d{2}(T[\d:.]{5,12}(Z|[+-]\d{2}:\d{2}))?$/.test(text) ? new Date(text) : new Date(Number.NaN)
  if (Number.isNaN(at.getTime())) throw new Error(`--${name}: expected YYYY-MM-DD, an ISO instant, or 90m, 12h, 3d`)
  return at
}

const promisesOf = ({ destinations }: OperatorDeps) => ({
  safe: destinations.filter((one) => deduplicationOf(one) !== 'none').map((one) => one.id),
})

export async function list(deps: OperatorDeps, { filter, limit }: ParsedChoice, print: Print): Promise<number> {
  const configured = deps.destinations.map((one) => one.id)
  const { groups, rows, stranded } = await deps.database.forWorker(async (tx) => ({
    groups: await countStopped(tx, filter, promisesOf(deps)),
    rows: await listStopped(tx, filter, { limit, offset: 0 }),
    // They have no reason and no time at which they stopped: whoever asks by one does not mean them.
    stranded: asksByHow(filter) ? [] : await listStranded(tx, { configured, filter, limit }),
  }))
  if (stranded.length > 0) {
    print(`queued for a destination that is not configured: ${wayOut}`)
    for (const { id, destination, createdAt, mayBeThere } of stranded)
      print([id, 'queued', destination, timeOf(createdAt), mayBeThere ? 'may-be-there' : '-'].join('  '))
    print('')
  }
  if (groups.length === 0 && stranded.length > 0) return exitCodes.done
  if (groups.length === 0) {
    print('nothing has stopped')
    return exitCodes.nothing
  }
  for (const { destination, state, code, count, doubtful, oldest } of groups)
    print(
      `${count} ${state} at ${destination}: ${code ?? 'no code'}${doubtful > 0 ? `, ${doubtful} doubtful` : ''}, oldest ${timeOf(oldest)}`,
    )
  print('')
  for (const row of rows)
    print(
      [
        row.id,
        row.state,
        row.destination,
        row.code ?? '-',
        timeOf(row.stoppedAt),
        row.kind,
        row.mayBeThere ? 'may-be-there' : '-',
      ].join('  '),
    )
  const total = groups.reduce((sum, group) => sum + group.count, 0)
  if (total > rows.length)
    print(`… and ${total - rows.length} more: narrow with --destination, --code, --since, or raise --limit`)
  return exitCodes.done
}

const asksByHow = ({ state, code, since, until }: StoppedFilter) => (state ?? code ?? since ?? until) !== null

/** What may be done about what waits, or has stopped, at a destination that is not configured. */
const wayOut = 'put it back into the configuration, or, of each that it holds, queue mark-received'

export async function showOne(deps: OperatorDeps, id: string, print: Print): Promise<number> {
  ensureId(id, 'declaration')
  const tries = await deps.database.forWorker((tx) => listTries(tx, id, 50))
  if (!tries) {
    print('there is no such declaration')
    return exitCodes.nothing
  }
  const { declaration, attempts } = tries
  for (const [name, value] of Object.entries(declaration)) if (value !== null) print(`${name}: ${value}`)
  for (const one of attempts)
    print(
      `try ${one.epoch}: ${one.startedAt} to ${one.endedAt ?? 'unknown'}, ${one.outcome ?? 'end unknown'}${one.code ? ` (${one.code})` : ''}`,
    )
  return exitCodes.done
}

export type RetryOrder = {
  readonly choice: ParsedChoice
  readonly perSecond: number
  readonly includeDoubtful: boolean
  readonly really: boolean
  readonly follow: boolean
  readonly operator: string
}

export async function retry(deps: OperatorDeps, order: RetryOrder, out: { print: Print; note: Print }): Promise<number> {
  const { choice, perSecond, includeDoubtful, operator } = order
  // What was refused is refused again unless something was mended: it is sent only where it is asked for by name.
  const filter = { ...choice.filter, state: choice.filter.state ?? ('parked' as const) }
  const { groups: all, aloneBefore } = await deps.database.forWorker(async (tx) => ({
    groups: await countStopped(tx, filter, promisesOf(deps)),
    aloneBefore: await countAlone(tx, { operator }),
  }))
  const notAt = all.map((one) => one.destination).filter((id) => !deps.destinations.some((one) => one.id === id))
  const groups = all.filter((one) => !notAt.includes(one.destination))
  for (const { count, state, destination } of all.filter((one) => notAt.includes(one.destination)))
    out.print(`${count} ${state} at ${destination} are left out, it is not configured: ${wayOut}`)
  const total = groups.reduce((sum, group) => sum + group.count, 0)
  const doubtful = groups.reduce((sum, group) => sum + group.doubtful, 0)
  const count = Math.min(choice.limit, includeDoubtful ? total : total - doubtful)
  for (const group of groups) out.print(`${group.count} ${group.state} at ${group.destination}: ${group.code ?? 'no code'}`)
  if (doubtful > 0 && !includeDoubtful)
    out.print(`${doubtful} may be at the destination already and are left out: look them up there, then --including-doubtful`)
  if (count === 0) {
    out.print('nothing to send again')
    return groups.length === 0 && notAt.length > 0 ? exitCodes.refused : exitCodes.nothing
  }
  const said = `${count} declarations at ${perSecond} a second, about ${Math.ceil(count / perSecond)} s`
  if (!order.really) {
    const second =
      count + aloneBefore > deps.aloneMax ? `; ${whySecond(deps, operator, aloneBefore)}: a second person must approve` : ''
    out.print(`would send again ${said}${second}; run again with --yes`)
    return exitCodes.done
  }
  const batch = await deps.database.forWorker(async (tx) => {
    const by = { operator }
    const { limit } = choice
    const asked = {
      id: deps.newId(),
      by,
      filter: { ...filter, notAt },
      perSecond,
      limit,
      includeDoubtful,
      promises: promisesOf(deps),
      aloneMax: deps.aloneMax,
    }
    const inserted = await insertBatch(tx, asked)
    if (inserted) {
      const details = {
        operator,
        destination: filter.destination ?? 'any',
        state: filter.state,
        code: filter.code ?? 'any',
        chosen: inserted.chosen,
        aloneBefore: inserted.aloneBefore,
      }
      await trace(deps, tx, {
        action: 'retry-batch.request',
        batch: inserted,
        details: { ...details, perSecond, includeDoubtful },
      })
    }
    return inserted
  })
  if (!batch) {
    out.print('nothing to send again')
    return exitCodes.nothing
  }
  out.print(`batch ${batch.id}: ${said}`)
  if (batch.state === 'waiting') {
    const why = whySecond(deps, operator, batch.aloneBefore)
    out.print(`${why}: it waits for a second person: queue approve ${batch.id} --as <name>`)
    return exitCodes.waits
  }
  return order.follow ? follow(deps, batch.id, out) : exitCodes.done
}

function whySecond({ aloneMax }: OperatorDeps, operator: string, aloneBefore: number): string {
  const before = aloneBefore > 0 ? `, with the ${aloneBefore} that ${operator} has sent again alone` : ''
  return `more than ${aloneMax} within a day${before}`
}

/** Far beyond the longest batch (10 000 at one in twenty seconds is days: who is cut off looks again with `queue status`). */
const followMsMax = 24 * 3_600_000
const lookMs = 1000

async function follow(deps: OperatorDeps, id: string, { print, note }: { print: Print; note: Print }): Promise<number> {
  note('workers release it; this only looks on, and may be cut off: queue status, queue stop')
  for (let waitedMs = 0; waitedMs < followMsMax; waitedMs += lookMs) {
    const batch = await deps.database.forWorker((tx) => findBatch(tx, id))
    if (!batch) return exitCodes.refused
    if (batch.state !== 'running') {
      print(describe(batch))
      return batch.state === 'done' ? exitCodes.done : exitCodes.refused
    }
    note(describe(batch))
    await deps.wait(lookMs)
  }
  return exitCodes.refused
}

type Named = { readonly id: string; readonly operator: string }

export async function approve(deps: OperatorDeps, { id, operator }: Named, print: Print): Promise<number> {
  return change(
    deps,
    { id, operator, action: 'retry-batch.approve', refused: 'it does not wait, or waits for another person than you' },
    {
      make: (tx) => approveBatch(tx, id, { operator }),
      print,
    },
  )
}

export async function stop(deps: OperatorDeps, { id, operator }: Named, print: Print): Promise<number> {
  return change(
    deps,
    { id, operator, action: 'retry-batch.stop', refused: 'it has ended already' },
    { make: (tx) => stopBatch(tx, id), print },
  )
}

async function change(
  deps: OperatorDeps,
  named: Named & { readonly action: AuditAction; readonly refused: string },
  how: { readonly make: (tx: Tx) => Promise<boolean>; readonly print: Print },
): Promise<number> {
  ensureId(named.id, 'batch')
  const after = await deps.database.forWorker(async (tx) => {
    const batch = await findBatch(tx, named.id)
    if (!batch || !(await how.make(tx))) return null
    await trace(deps, tx, {
      action: named.action,
      batch,
      details: { operator: named.operator, released: batch.released, chosen: batch.chosen },
    })
    return findBatch(tx, named.id)
  })
  how.print(after ? describe(after) : named.refused)
  return after ? exitCodes.done : exitCodes.refused
}

export type Marking = Named & { readonly reason: string; readonly really: boolean }

export async function markReceivedByOperator(deps: OperatorDeps, input: Marking, print: Print): Promise<number> {
  const { id, operator, really } = input
  ensureId(id, 'declaration')
  const reason = parseReason(input.reason)
  if (!reason.ok) throw new Error(`--reason: ${reason.problem}: expected 3 to 300 characters`)
  const isConfigured = (destination: string) => deps.destinations.some((one) => one.id === destination)
  const found = await deps.database.forWorker(async (tx) => {
    const row = await lockReceivable(tx, { id, epoch: null })
    if (!row || !mayBeReceived(row.state, isConfigured(row.destination))) return null
    const [version] = await listVersionsOf(tx, [row.versionId])
    return version ? { row, version } : null
  })
  if (!found) {
    print('it has not stopped, nor waits for a destination that is not configured; or it is not there')
    return exitCodes.nothing
  }
  const { row, version } = found
  const what = `${row.state} at ${row.destination} for ${row.code ?? 'no code'}, control id ${row.controlId}`
  if (!really) {
    print(`would end it as received by hand, for good: ${what}; run again with --yes`)
    return exitCodes.done
  }
  const key = (await deps.openKeyRing().findRecordKeys([version.keyRef])).get(version.keyRef)
  if (!key) throw new Error('its record key is not there: erased, or the key store is away')
  const { pharmacyId, state: was, code, destination } = row
  const sealed = sealColumn(key, { pharmacyId, table: 'received_by_hand', column: 'reason', rowId: id }, reason.value)
  const decidedAt = deps.clock.now()
  const done = await deps.database.forWorker(async (tx) => {
    const again = await lockReceivable(tx, { id, epoch: row.epoch })
    const decision = { declarationId: id, pharmacyId, was, code, reason: sealed, decidedBy: null, operator, decidedAt }
    if (again?.state !== was || !(await receiveByHand(tx, decision))) return false
    await appendEvent(tx, {
      at: decidedAt,
      actor: { kind: 'system', name: 'command-line' },
      action: 'declaration.mark-received',
      outcome: 'done',
      object: { type: 'declaration', id },
      pharmacyId,
      request: null,
      details: { operator, destination, was, stoppedFor: code ?? 'unknown' },
    })
    return true
  })
  print(done ? `received by hand: ${what}` : 'somebody was faster: it has not stopped any more')
  return done ? exitCodes.done : exitCodes.refused
}

export async function status(deps: OperatorDeps, batchId: string | null, print: Print): Promise<number> {
  if (batchId !== null) {
    ensureId(batchId, 'batch')
    const batch = await deps.database.forWorker((tx) => findBatch(tx, batchId))
    print(batch ? describe(batch) : 'there is no such batch')
    return batch ? exitCodes.done : exitCodes.nothing
  }
  const lines = await forwardingStatus(deps.database, deps.destinations, { silenceMs: deps.silenceMs })
  for (const one of lines) {
    const delay = one.expectedDelayMs === null ? 'unknown' : `${Math.ceil(one.expectedDelayMs / 1000)} s`
    const rate = one.drainPerSecond.toFixed(1)
    print(
      `${one.destinationId}: ${one.state}, ${one.waiting} waiting, ${one.underWay} under way, ${one.parked} parked, ${one.held} held behind them, ${rate}/s, delay ${delay}`,
    )
  }
  for (const batch of await deps.database.forWorker((tx) => listBatches(tx, 20))) print(describe(batch))
  return exitCodes.done
}

function describe(batch: BatchRow): string {
  const { id, state, chosen, released, skipped, perSecond } = batch
  return `batch ${id}: ${state}, ${released} of ${chosen} released, ${skipped} passed over, ${perSecond}/s`
}

type Trace = {
  readonly action: AuditAction
  readonly batch: Pick<BatchRow, 'id' | 'pharmacyId'>
  readonly details: Readonly<Record<string, string | number | boolean>>
}

async function trace(deps: Pick<OperatorDeps, 'clock'>, tx: Tx, { action, batch, details }: Trace): Promise<void> {
  await appendEvent(tx, {
    at: deps.clock.now(),
    actor: { kind: 'system', name: 'command-line' },
    action,
    outcome: 'done',
    object: { type: 'retry-batch', id: batch.id },
    pharmacyId: batch.pharmacyId,
    request: null,
    details,
  })
}

function ensureId(text: string, what: string): void {
  if (!isId(text)) throw new Error(`that is no ${what} id: expected the form 00000000-0000-4000-8000-000000000000`)
}

function timeOf(at: Date | null): string {
  return at === null ? 'unknown' : at.toISOString()
}
