/** What a session token can do: be found, choose where its person acts, sign out. */
import { appendEvent } from '../audit/append-event.ts'
import type { Clock } from '../base/clock.ts'
import { fail, ok, type Result } from '../base/result.ts'
import type { RequestContext } from '../domain/actor.ts'
import type { PharmacyGroup } from '../domain/pharmacy-group.ts'
import type { Database, Tx } from '../storage/database.ts'
import { endSession, findOpenSession, type OpenSession, setSessionActivity, touchSession } from '../storage/sessions.ts'
import type { ProSanteConnect } from './pro-sante-connect.ts'
import { endWithTrace, findLapse, type SessionLimits } from './session-lifetime.ts'
import { type SessionView, viewSession } from './session-view.ts'
import { hashToken, openForToken } from './tokens.ts'

export type LiveSessionDeps = {
  readonly database: Pick<Database, 'forNobody'>
  readonly clock: Clock
  readonly psc: Pick<ProSanteConnect, 'findSignOutAddress'>
  readonly onPharmacyChosen?: (pharmacyId: string) => void
  readonly groups: readonly PharmacyGroup[]
}

/** Being seen is written down this often at most: a page's ten requests are one write. Idle time is exact to this much. */
const touchEveryMs = 60_000

export async function findSession(
  deps: LiveSessionDeps,
  limits: SessionLimits,
  sessionToken: string,
  request: RequestContext,
): Promise<SessionView | null> {
  const tokenHash = await hashToken(sessionToken)
  if (!tokenHash) return null
  return deps.database.forNobody(async (tx) => {
    const session = await findLiveSession(tx, { tokenHash, limits, now: deps.clock.now(), request })
    return session && viewSession(deps, tx, session)
  })
}

export async function chooseActivity(
  deps: LiveSessionDeps,
  limits: SessionLimits,
  input: { readonly sessionToken: string; readonly pharmacyId: string },
  request: RequestContext,
): Promise<Result<SessionView, 'not-found'>> {
  const tokenHash = await hashToken(input.sessionToken)
  if (!tokenHash) return fail('not-found')
  const now = deps.clock.now()
  const chosen = await deps.database.forNobody(async (tx) => {
    const session = await findLiveSession(tx, { tokenHash, limits, now, request })
    if (!session) return fail('not-found' as const)
    const offered = session.activities.find((one) => one.pharmacyId === input.pharmacyId)
    const before = await viewSession(deps, tx, session)
    if (offered && before.activity?.pharmacyId === offered.pharmacyId) return ok(before)
    const won = offered !== undefined && (await setSessionActivity(tx, { id: session.id, ...offered }))
    const after = won ? await viewSession(deps, tx, { ...session, ...offered }) : before
    await appendEvent(tx, {
      at: now,
      actor: after.actor ?? { kind: 'anonymous' },
      action: 'choose-activity',
      outcome: won ? 'done' : 'denied',
      ...(!won && { code: 'not-offered' }),
      object: { type: 'session', id: session.id },
      request,
      details: { professionalId: session.professionalId, ...(won && { role: offered.role }) },
    })
    return won ? ok(after) : fail('not-found' as const)
  })
  if (chosen.ok) deps.onPharmacyChosen?.(input.pharmacyId)
  return chosen
}

/** A click of the person: ends Pro Santé Connect's session too. Idle and expired sessions end here alone. */
export async function signOut(
  deps: LiveSessionDeps,
  sessionToken: string,
  request: RequestContext,
): Promise<{ redirectTo: string | null }> {
  const tokenHash = await hashToken(sessionToken)
  if (!tokenHash) return { redirectTo: null }
  const at = deps.clock.now()
  const session = await deps.database.forNobody(async (tx) => {
    const open = await findOpenSession(tx, tokenHash)
    if (!open || !(await endSession(tx, { id: open.id, at, reason: 'signed-out' }))) return null
    const { actor } = await viewSession(deps, tx, open)
    const object = { type: 'session' as const, id: open.id }
    const details = { professionalId: open.professionalId }
    await appendEvent(tx, {
      at,
      actor: actor ?? { kind: 'anonymous' },
      action: 'sign-out',
      outcome: 'done',
      object,
      request,
      details,
    })
    return open
  })
  // Committed: whatever happens at Pro Santé Connect, the session is over here.
  if (!session?.sealedIdToken) return { redirectTo: null }
  const idToken = await openForToken({ token: sessionToken, purpose: 'id-token', sealed: session.sealedIdToken })
  return { redirectTo: idToken === null ? null : await deps.psc.findSignOutAddress(idToken) }
}

/** The open session of a token, unless it has lapsed: then it ends here, with its trace. Notes that it was seen. */
async function findLiveSession(
  tx: Tx,
  input: {
    readonly tokenHash: Uint8Array
    readonly limits: SessionLimits
    readonly now: Date
    readonly request: RequestContext
  },
): Promise<OpenSession | null> {
  const { tokenHash, limits, now, request } = input
  const session = await findOpenSession(tx, tokenHash)
  if (!session) return null
  const lapse = findLapse(session, limits, now)
  if (lapse) {
    await endWithTrace(tx, session, { at: now, reason: lapse, request })
    return null
  }
  if (now.getTime() - session.lastSeenAt.getTime() >= touchEveryMs) await touchSession(tx, { id: session.id, at: now })
  return session
}
