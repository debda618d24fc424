/** An event as the one line of text that is hashed, exported and verified: any program can check it without knowing our types. */
import type { LoggedEvent } from '../storage/audit-log.ts'

/** A JSON array without spaces: version, then every column in this order; details with their keys sorted. */
export function eventLine(event: LoggedEvent): string {
  return JSON.stringify([
    'passerelle-audit-1',
    event.seq,
    event.at,
    event.actorKind,
    event.professionalId,
    event.sessionId,
    event.pharmacyId,
    event.action,
    event.outcome,
    event.code,
    event.objectType,
    event.objectId,
    event.requestId,
    event.clientAddress,
    sorted(event.details),
  ])
}

/** jsonb keeps its keys in an order of its own; details are flat but for small lists. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}
