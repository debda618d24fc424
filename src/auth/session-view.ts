/** A live session as pages and routes see it: who, what they may choose from, and as whom they act. */
import type { Professional } from '../domain/actor.ts'
import type { Finess } from '../domain/finess.ts'
import { type PharmacyGroup, pharmaciesAdministered } from '../domain/pharmacy-group.ts'
import type { Role } from '../domain/roles.ts'
import type { Rpps } from '../domain/rpps.ts'
import type { Tx } from '../storage/database.ts'
import { listPharmaciesById } from '../storage/professionals.ts'
import type { OpenSession } from '../storage/sessions.ts'

export type ActivityView = {
  readonly pharmacyId: string
  readonly pharmacyName: string
  readonly finess: string
  readonly role: Role
}

export type SessionView = {
  readonly sessionId: string
  readonly professionalId: string
  readonly rpps: Rpps
  readonly familyName: string
  readonly givenName: string
  readonly activities: readonly ActivityView[]
  /** Null until the person has chosen where they act; chosen at once where there is one activity. */
  readonly actor: Professional | null
  readonly activity: ActivityView | null
  readonly expiresAt: Date
}

/** Who left a group's administrators is nobody there from the next request on, however long the session would last. */
export async function viewSession(
  deps: { readonly groups: readonly PharmacyGroup[] },
  tx: Tx,
  session: OpenSession,
): Promise<SessionView> {
  const { id: sessionId, professionalId, rpps, familyName, givenName, expiresAt } = session
  const administered = pharmaciesAdministered(deps.groups, rpps)
  const registered = await listPharmaciesById(
    tx,
    session.activities.map((one) => one.pharmacyId),
  )
  const activities = session.activities.flatMap(({ pharmacyId, role }): readonly ActivityView[] => {
    const pharmacy = registered.find((one) => one.id === pharmacyId)
    const left = role === 'group-admin' && !administered.has(pharmacy?.finess as Finess)
    return pharmacy && !left ? [{ pharmacyId, pharmacyName: pharmacy.name, finess: pharmacy.finess, role }] : []
  })
  // The choice counts only as far as the offer goes.
  const activity = activities.find((one) => one.pharmacyId === session.pharmacyId && one.role === session.role) ?? null
  const actor: Professional | null = activity && {
    kind: 'professional',
    professionalId,
    rpps,
    familyName,
    givenName,
    role: activity.role,
    pharmacyId: activity.pharmacyId,
    sessionId,
  }
  return { sessionId, professionalId, rpps, familyName, givenName, activities, actor, activity, expiresAt }
}
