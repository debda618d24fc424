/** When a session is over without anybody signing out, and the traces of its end. */
import { type AuditEvent, appendEvent, appendEvents } from '../audit/append-event.ts'
import { addMs } from '../base/clock.ts'
import type { RequestContext } from '../domain/actor.ts'
import type { Tx } from '../storage/database.ts'
import type { SessionEndReason } from '../storage/schema.ts'
import { endLapsedSessions, endSession, type SessionName } from '../storage/sessions.ts'

export type SessionLimits = { readonly idleMinutes: number; readonly absoluteMinutes: number }

/** Pro Santé Connect's own session lasts as long, and no service's may outlast it (pro-sante-connect §2, §5). */
export const absoluteMinutesMax = 240
export const idleMinutesMax = 30

export function findLapse(
  session: { readonly lastSeenAt: Date; readonly expiresAt: Date },
  limits: SessionLimits,
  now: Date,
): 'expired' | 'idle' | null {
  if (session.expiresAt <= now) return 'expired'
  return session.lastSeenAt <= idleSince(limits, now) ? 'idle' : null
}

export type SessionEnd = {
  readonly at: Date
  readonly reason: SessionEndReason
  readonly request: RequestContext | null
}

/** Ends a session with its trace; one that somebody else ended first leaves no second trace. */
export async function endWithTrace(tx: Tx, session: SessionName, end: SessionEnd): Promise<boolean> {
  const won = await endSession(tx, { id: session.id, at: end.at, reason: end.reason })
  if (won) await appendEvent(tx, endEvent(session, end))
  return won
}

/** Ends sessions that nobody came back to, with their traces. */
export async function sweepSessions(tx: Tx, options: { now: Date; limits: SessionLimits; limit: number }): Promise<void> {
  const { now, limits, limit } = options
  const ended = await endLapsedSessions(tx, { now, idleSince: idleSince(limits, now), limit })
  await appendEvents(
    tx,
    ended.map((session) => endEvent(session, { at: now, reason: session.reason, request: null })),
  )
}

function endEvent(session: SessionName, { at, reason, request }: SessionEnd): AuditEvent {
  return {
    at,
    actor: { kind: 'system', name: 'gateway' },
    action: 'session-end',
    outcome: 'done',
    code: reason,
    object: { type: 'session', id: session.id },
    pharmacyId: session.pharmacyId,
    request,
    details: { professionalId: session.professionalId },
  }
}

function idleSince(limits: SessionLimits, now: Date): Date {
  return addMs(now, -limits.idleMinutes * 60_000)
}
