/** The version in force, opened for somebody who is about to change it. */
import type { AuditAction } from '../audit/append-event.ts'
import type { RecordKey } from '../crypto/sealed.ts'
import type { Professional, RequestContext } from '../domain/actor.ts'
import { GatewayError } from '../domain/errors.ts'
import type { Patient } from '../domain/patient.ts'
import type { Act } from '../domain/screening.ts'
import type { NamedScreeningRow } from '../storage/screenings.ts'
import type { ActionDeps } from './deps.ts'
import { findReadableScreening, openVersion } from './get-screening.ts'
import { keyRingOrUnavailable } from './store-screening.ts'

export type OpenedCurrent = {
  readonly current: NamedScreeningRow
  readonly key: RecordKey
  readonly content: { patient: Patient; act: Act }
}

/**
 * Throws `not-found`, or `conflict` where another version than `version` is in force, or none: a person changes what they have
 * read, never what a colleague wrote meanwhile; a draft is signed instead, and what is cancelled stays so.
 */
export async function openCurrent(
  deps: ActionDeps,
  actor: Professional,
  wanted: { readonly screeningId: string; readonly version: number; readonly action: AuditAction },
  request: RequestContext,
): Promise<OpenedCurrent> {
  const current = await findReadableScreening(deps, actor, wanted.screeningId, request, wanted.action)
  if (current.status !== 'signed' || current.version !== wanted.version) throw new GatewayError('conflict')
  const keys = await keyRingOrUnavailable(deps.keyRing.findRecordKeys([current.keyRef]))
  const key = keys.get(current.keyRef)
  if (!key) throw new GatewayError('not-found')
  return { current, key, content: openVersion(key, current) }
}
