/** Writes an audit event in the caller's transaction: the change and its trace commit together, or neither does. */
import { assert } from '../base/assert.ts'
import type { Actor, RequestContext } from '../domain/actor.ts'
import type { Tx } from '../storage/database.ts'
import { type AuditDetails, auditEvents } from '../storage/schema.ts'

export const auditActions = [
  'sign-in',
  'choose-activity',
  'sign-out',
  'session-end',
  'access',
  'screening.capture',
  'screening.draft',
  'screening.sign',
  'screening.read',
  'screening.list',
  'screening.correct',
  'screening.cancel',
  'screening.erase',
  'declaration.settle',
  'declaration.rescue',
  'declaration.retry',
  'declaration.list-stopped',
  'declaration.mark-received',
  'retry-batch.request',
  'retry-batch.approve',
  'retry-batch.stop',
  'retry-batch.end',
  'housekeeping.run',
  'ledger.read',
  'reconciliation.request',
  'reconciliation.read',
  'reconciliation.handle',
  'reconciliation.end',
  'statement.issue',
  'statement.credit',
  'statement.read',
  'statement.download',
  'key.manage',
  'backup.drill',
] as const
export type AuditAction = (typeof auditActions)[number]

export type AuditEvent = {
  readonly at: Date
  readonly actor: Actor | { readonly kind: 'anonymous' }
  readonly action: AuditAction
  readonly outcome: 'done' | 'denied' | 'failed'
  /** A closed code that says why, where the outcome is not `done`. */
  readonly code?: string
  readonly object?: {
    readonly type: 'screening' | 'declaration' | 'session' | 'route' | 'key' | 'retry-batch' | 'reconciliation'
    readonly id: string | null
  }
  readonly pharmacyId?: string | null
  readonly request: RequestContext | null
  readonly details?: AuditDetails
}

/** Appends one event. Throws where it cannot: then the caller's change must not commit either. */
export async function appendEvent(tx: Tx, event: AuditEvent): Promise<void> {
  await appendEvents(tx, [event])
}

/** One statement carries 65 535 values at most; who has more events writes them in sets. */
const eventsMax = 1000

/** Appends a bounded set of events with one statement; used where a batch of rows changes at once. */
export async function appendEvents(tx: Tx, events: readonly AuditEvent[]): Promise<void> {
  assert(events.length <= eventsMax, 'too many audit events at once')
  if (events.length === 0) return
  await tx.insert(auditEvents).values(events.map(rowOf))
}

function rowOf(event: AuditEvent): typeof auditEvents.$inferInsert {
  const professional = event.actor.kind === 'professional' ? event.actor : null
  return {
    at: event.at,
    actorKind: event.actor.kind,
    professionalId: professional?.professionalId ?? null,
    sessionId: professional?.sessionId ?? null,
    pharmacyId: event.pharmacyId ?? professional?.pharmacyId ?? null,
    action: event.action,
    outcome: event.outcome,
    code: event.code ?? null,
    objectType: event.object?.type ?? null,
    objectId: event.object?.id ?? null,
    requestId: event.request?.requestId ?? null,
    clientAddress: event.request?.clientAddress ?? null,
    // Which part of the system acted: the columns name people only.
    details: event.actor.kind === 'system' ? { ...event.details, by: event.actor.name } : (event.details ?? {}),
  }
}
