/** Sessions by the digest of their token. A session that has ended stays as a row, with its reason and without its ID token. */
import { and, asc, eq, inArray, isNull, lte, or } from 'drizzle-orm'
import type { Role } from '../domain/roles.ts'
import type { Rpps } from '../domain/rpps.ts'
import type { Tx } from './database.ts'
import { professionals, type SessionEndReason, sessions } from './schema.ts'

export type NewSession = Omit<typeof sessions.$inferInsert, 'lastSeenAt' | 'endedAt' | 'endReason'>

export async function insertSession(tx: Tx, session: NewSession): Promise<void> {
  await tx.insert(sessions).values({ ...session, lastSeenAt: session.createdAt })
}

const openColumns = {
  id: sessions.id,
  professionalId: sessions.professionalId,
  pharmacyId: sessions.pharmacyId,
  role: sessions.role,
  activities: sessions.activities,
  sealedIdToken: sessions.sealedIdToken,
  lastSeenAt: sessions.lastSeenAt,
  expiresAt: sessions.expiresAt,
  rpps: professionals.rpps,
  familyName: professionals.familyName,
  givenName: professionals.givenName,
}

/** The session of a token and its professional; null once it has ended. Whether it has lapsed is the caller's to see. */
export async function findOpenSession(tx: Tx, tokenHash: Uint8Array) {
  const [row] = await tx
    .select(openColumns)
    .from(sessions)
    .innerJoin(professionals, eq(professionals.id, sessions.professionalId))
    .where(and(eq(sessions.tokenHash, tokenHash), isNull(sessions.endedAt)))
  // The column's check constraint is `parseRpps`'s own rule.
  return row ? { ...row, rpps: row.rpps as Rpps } : null
}
export type OpenSession = NonNullable<Awaited<ReturnType<typeof findOpenSession>>>

const nameColumns = { id: sessions.id, professionalId: sessions.professionalId, pharmacyId: sessions.pharmacyId }
/** Which session, whose, and where they acted: what the trace of its end needs. */
export type SessionName = { readonly id: string; readonly professionalId: string; readonly pharmacyId: string | null }
export type LapsedSession = SessionName & { readonly reason: 'expired' | 'idle' }

/** Sessions of one professional that have not ended; at most `limit`. */
export async function listOpenSessions(tx: Tx, options: { professionalId: string; limit: number }) {
  return tx
    .select({
      id: sessions.id,
      professionalId: sessions.professionalId,
      pharmacyId: sessions.pharmacyId,
      activities: sessions.activities,
    })
    .from(sessions)
    .where(and(eq(sessions.professionalId, options.professionalId), isNull(sessions.endedAt)))
    .orderBy(asc(sessions.createdAt))
    .limit(options.limit)
}

/** Moves `last_seen_at` on. A session that ended meanwhile stays ended. */
export async function touchSession(tx: Tx, options: { id: string; at: Date }): Promise<void> {
  await tx
    .update(sessions)
    .set({ lastSeenAt: options.at })
    .where(and(eq(sessions.id, options.id), isNull(sessions.endedAt)))
}

/** Says whether the session was still open to take the choice. */
export async function setSessionActivity(tx: Tx, options: { id: string; pharmacyId: string; role: Role }): Promise<boolean> {
  const { id, pharmacyId, role } = options
  const won = await tx
    .update(sessions)
    .set({ pharmacyId, role })
    .where(and(eq(sessions.id, id), isNull(sessions.endedAt)))
    .returning({ id: sessions.id })
  return won.length === 1
}

/** Ends a session and forgets its ID token; says whether this call was the one that ended it. */
export async function endSession(tx: Tx, options: { id: string; at: Date; reason: SessionEndReason }): Promise<boolean> {
  const { id, at, reason } = options
  const won = await tx
    .update(sessions)
    .set({ endedAt: at, endReason: reason, sealedIdToken: null })
    .where(and(eq(sessions.id, id), isNull(sessions.endedAt)))
    .returning({ id: sessions.id })
  return won.length === 1
}

/**
 * Ends at most `limit` sessions that nobody came back to, so that their ID tokens are forgotten too: those past `expires_at`
 * as expired, those not seen since `idleSince` as idle. Rows that somebody else holds are left to them.
 */
export async function endLapsedSessions(
  tx: Tx,
  options: { now: Date; idleSince: Date; limit: number },
): Promise<readonly LapsedSession[]> {
  const { now, idleSince, limit } = options
  const lapsed = await tx
    .select({ id: sessions.id, expiresAt: sessions.expiresAt })
    .from(sessions)
    .where(and(isNull(sessions.endedAt), or(lte(sessions.expiresAt, now), lte(sessions.lastSeenAt, idleSince))))
    .orderBy(asc(sessions.expiresAt))
    .limit(limit)
    .for('update', { skipLocked: true })
  const ended: LapsedSession[] = []
  for (const reason of ['expired', 'idle'] as const) {
    const ids = lapsed.filter((one) => one.expiresAt <= now === (reason === 'expired')).map((one) => one.id)
    if (ids.length === 0) continue
    const rows = await tx
      .update(sessions)
      .set({ endedAt: now, endReason: reason, sealedIdToken: null })
      .where(inArray(sessions.id, ids))
      .returning(nameColumns)
    ended.push(...rows.map((row) => ({ ...row, reason })))
  }
  return ended
}
