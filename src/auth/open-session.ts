/** Turns a person whom Pro Santé Connect vouches for into a session, with the professional, the offer and the trace, in one commit. */
import { appendEvent } from '../audit/append-event.ts'
import { addMs, type Clock } from '../base/clock.ts'
import type { NewId } from '../base/ids.ts'
import { fail, ok, type Result } from '../base/result.ts'
import type { RequestContext } from '../domain/actor.ts'
import type { Finess } from '../domain/finess.ts'
import { type PharmacyGroup, pharmaciesAdministered } from '../domain/pharmacy-group.ts'
import type { Role } from '../domain/roles.ts'
import { rppsKeyHolds } from '../domain/rpps.ts'
import type { Database, Tx } from '../storage/database.ts'
import { listPharmaciesByFiness, saveMemberships, saveProfessional } from '../storage/professionals.ts'
import type { OfferedActivity } from '../storage/schema.ts'
import { findOpenSession, insertSession, listOpenSessions } from '../storage/sessions.ts'
import type { ReportAuthEvent } from './auth-event.ts'
import type { PscIdentity } from './pro-sante-connect.ts'
import type { ProfessionalIdentity } from './roles-from-user-info.ts'
import { absoluteMinutesMax, endWithTrace, type SessionLimits } from './session-lifetime.ts'
import { viewSession } from './session-view.ts'
import { hashToken, newToken, type RandomBytes, sealForToken } from './tokens.ts'

export type { SessionLimits } from './session-lifetime.ts'

export type OpenSessionDeps = {
  readonly database: Pick<Database, 'forNobody'>
  readonly clock: Clock
  readonly newId: NewId
  readonly randomBytes: RandomBytes
  readonly report: ReportAuthEvent
  readonly onPharmacyChosen?: (pharmacyId: string) => void
  readonly groups: readonly PharmacyGroup[]
}
export type OpenSessionInput = {
  readonly identity: PscIdentity
  readonly professional: ProfessionalIdentity
  readonly previousSessionToken: string | null
  readonly request: RequestContext
}

/** More sessions of one person at once than anybody has browsers. */
const openSessionsMax = 50

export async function openSession(
  deps: OpenSessionDeps,
  limits: SessionLimits,
  input: OpenSessionInput,
): Promise<Result<{ sessionToken: string; role: Role | null }, 'no-pharmacy-here'>> {
  const sessionToken = newToken(deps.randomBytes)
  const tokenHash = await hashToken(sessionToken)
  const previousHash = input.previousSessionToken === null ? null : await hashToken(input.previousSessionToken)
  if (!tokenHash) throw new Error('a token that was just made is well formed')
  const sealedIdToken = await sealForToken(
    { token: sessionToken, purpose: 'id-token', text: input.identity.idToken },
    deps.randomBytes,
  )
  const at = deps.clock.now()
  let pharmacyId: string | null = null
  const opened = await deps.database.forNobody(async (tx) => {
    const activities = await offerOf(tx, input.professional, deps.groups)
    // Nothing is kept of a person who has nothing to do here.
    if (activities.length === 0) return fail('no-pharmacy-here' as const)
    const professionalId = await keepProfessional(deps, tx, { ...input, activities, at })
    await endOthers(tx, { professionalId, activities, previousHash, at, request: input.request })
    const [first] = activities
    const choice = activities.length === 1 && first ? first : { pharmacyId: null, role: null }
    const expiresAt = expiryOf(at, input.identity.authenticatedAt, limits)
    const id = deps.newId()
    await insertSession(tx, { id, tokenHash, professionalId, ...choice, activities, sealedIdToken, createdAt: at, expiresAt })
    await traceSignIn(deps, tx, { tokenHash, acr: input.identity.acr, at, request: input.request })
    pharmacyId = choice.pharmacyId
    return ok({ sessionToken, role: choice.role })
  })
  if (pharmacyId !== null) deps.onPharmacyChosen?.(pharmacyId)
  return opened
}

/** Where they exercise, in their role there; and as its administrator at the other pharmacies of a group that names them. */
async function offerOf(
  tx: Tx,
  { rpps, activities }: ProfessionalIdentity,
  groups: readonly PharmacyGroup[],
): Promise<readonly OfferedActivity[]> {
  const exercised = new Set(activities.map((one) => one.finess))
  const administered = [...pharmaciesAdministered(groups, rpps)].filter((finess) => !exercised.has(finess))
  const offered: readonly { finess: Finess; role: Role }[] = [
    ...activities,
    ...administered.map((finess) => ({ finess, role: 'group-admin' as const })),
  ]
  const registered = await listPharmaciesByFiness(
    tx,
    offered.map((one) => one.finess),
  )
  return offered.flatMap(({ finess, role }) => {
    const pharmacy = registered.find((one) => one.finess === finess)
    return pharmacy ? [{ pharmacyId: pharmacy.id, role }] : []
  })
}

async function keepProfessional(
  deps: OpenSessionDeps,
  tx: Tx,
  input: OpenSessionInput & { readonly activities: readonly OfferedActivity[]; readonly at: Date },
): Promise<string> {
  const { identity, professional, activities, at } = input
  const { rpps, familyName, givenName } = professional
  const seen = { newId: deps.newId(), rpps, subject: identity.subject, familyName, givenName, at }
  const { id, subjectChanged } = await saveProfessional(tx, seen)
  if (subjectChanged) deps.report({ kind: 'subject-changed', professionalId: id })
  if (!rppsKeyHolds(rpps)) deps.report({ kind: 'rpps-key-does-not-hold', professionalId: id })
  await saveMemberships(tx, { professionalId: id, activities, at })
  return id
}

/** The browser's own session gives way; and elsewhere nothing goes on that Pro Santé Connect would not offer any more. */
async function endOthers(
  tx: Tx,
  input: {
    readonly professionalId: string
    readonly activities: readonly OfferedActivity[]
    readonly previousHash: Uint8Array | null
    readonly at: Date
    readonly request: RequestContext
  },
): Promise<void> {
  const { professionalId, activities, previousHash, at, request } = input
  const previous = previousHash ? await findOpenSession(tx, previousHash) : null
  if (previous) await endWithTrace(tx, previous, { at, reason: 'replaced', request })
  const stillOffered = (one: OfferedActivity): boolean =>
    activities.some((offered) => offered.pharmacyId === one.pharmacyId && offered.role === one.role)
  for (const session of await listOpenSessions(tx, { professionalId, limit: openSessionsMax })) {
    if (session.activities.every(stillOffered)) continue
    await endWithTrace(tx, session, { at, reason: 'revoked', request })
  }
}

/**
 * The absolute limit counts from here, and four hours count from when Pro Santé Connect says that the person proved who they
 * are, since no session of ours may outlast theirs. One idle time is always given: their clock may be off, or their rule another.
 */
function expiryOf(at: Date, authenticatedAt: Date | null, limits: SessionLimits): Date {
  const own = addMs(at, limits.absoluteMinutes * 60_000)
  const theirs = authenticatedAt ? addMs(authenticatedAt, absoluteMinutesMax * 60_000) : own
  const least = addMs(at, limits.idleMinutes * 60_000)
  return new Date(Math.max(least.getTime(), Math.min(own.getTime(), theirs.getTime())))
}

async function traceSignIn(
  deps: Pick<OpenSessionDeps, 'groups'>,
  tx: Tx,
  input: { readonly tokenHash: Uint8Array; readonly acr: string; readonly at: Date; readonly request: RequestContext },
): Promise<void> {
  const session = await findOpenSession(tx, input.tokenHash)
  if (!session) throw new Error('a session that was just written is there')
  const view = await viewSession(deps, tx, session)
  await appendEvent(tx, {
    at: input.at,
    // Without a choice there is no pharmacy yet to act for; the choice has its own event.
    actor: view.actor ?? { kind: 'anonymous' },
    action: 'sign-in',
    outcome: 'done',
    object: { type: 'session', id: session.id },
    request: input.request,
    details: { professionalId: session.professionalId, level: input.acr, activities: session.activities.length },
  })
}
