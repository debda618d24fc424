/** One sign-in: begun with a sealed row and a cookie, ended once, in a session or in a problem that has a page. */
import { appendEvent } from '../audit/append-event.ts'
import { addMs, type Clock } from '../base/clock.ts'
import type { NewId } from '../base/ids.ts'
import { fail, ok, type Result } from '../base/result.ts'
import type { RequestContext } from '../domain/actor.ts'
import type { PharmacyGroup } from '../domain/pharmacy-group.ts'
import type { Role } from '../domain/roles.ts'
import type { Database } from '../storage/database.ts'
import { insertSignIn, sweepSignIns, takeSignIn } from '../storage/sign-ins.ts'
import type { ReportAuthEvent } from './auth-event.ts'
import { openSession, type SessionLimits } from './open-session.ts'
import type { ProSanteConnect, PscIdentity, SignInSecrets } from './pro-sante-connect.ts'
import { type ProfessionalIdentity, parseUserInfo } from './roles-from-user-info.ts'
import { sweepSessions } from './session-lifetime.ts'
import type { SignInProblem } from './sign-in-problem.ts'
import { hashToken, newToken, openForToken, type RandomBytes, sealForToken } from './tokens.ts'

export type SignInDeps = {
  readonly database: Pick<Database, 'forNobody'>
  readonly clock: Clock
  readonly newId: NewId
  readonly randomBytes: RandomBytes
  readonly report: ReportAuthEvent
  readonly psc: ProSanteConnect
  readonly onPharmacyChosen?: (pharmacyId: string) => void
  readonly groups: readonly PharmacyGroup[]
}
export type SignInRules = { readonly pharmacistSectors: readonly string[]; readonly limits: SessionLimits }

/** Time for a person to find card and code, or to go to the telephone and back. */
const signInLifetimeMs = 10 * 60_000
/** Each sign-in that begins sweeps more than it adds: neither table can pile up. */
const sweepMax = 20

type Problem = { readonly problem: SignInProblem; readonly code: string }

export async function beginSignIn(
  deps: SignInDeps,
  rules: SignInRules,
): Promise<Result<{ redirectTo: string; signInToken: string }, 'psc-unavailable'>> {
  const begun = await deps.psc.beginSignIn()
  if (!begun.ok) {
    deps.report({ kind: 'sign-in-failed', problem: 'psc-unavailable', code: begun.problem.code })
    return fail('psc-unavailable')
  }
  const signInToken = newToken(deps.randomBytes)
  const tokenHash = await hashToken(signInToken)
  if (!tokenHash) throw new Error('a token that was just made is well formed')
  const text = JSON.stringify(begun.value.secrets)
  const sealed = await sealForToken({ token: signInToken, purpose: 'sign-in', text }, deps.randomBytes)
  const now = deps.clock.now()
  await deps.database.forNobody(async (tx) => {
    await sweepSignIns(tx, { now, limit: sweepMax })
    await sweepSessions(tx, { now, limits: rules.limits, limit: sweepMax })
    await insertSignIn(tx, { tokenHash, sealed, createdAt: now, expiresAt: addMs(now, signInLifetimeMs) })
  })
  return ok({ redirectTo: begun.value.redirectTo, signInToken })
}

export async function finishSignIn(
  deps: SignInDeps,
  rules: SignInRules,
  input: { query: string; signInToken: string | null; previousSessionToken?: string | null },
  request: RequestContext,
): Promise<Result<{ sessionToken: string; role: Role | null }, SignInProblem>> {
  const identified = await identify(deps, rules, input)
  if (!identified.ok) return refuse(deps, identified.problem, request)
  const opened = await openSession(deps, rules.limits, {
    ...identified.value,
    previousSessionToken: input.previousSessionToken ?? null,
    request,
  })
  return opened.ok ? opened : refuse(deps, { problem: opened.problem, code: opened.problem }, request)
}

/** Everything that happens before a session is written; nothing of it is inside a transaction but the taking of the row. */
async function identify(
  deps: SignInDeps,
  rules: SignInRules,
  input: { query: string; signInToken: string | null },
): Promise<Result<{ identity: PscIdentity; professional: ProfessionalIdentity }, Problem>> {
  const secrets = await takeSecrets(deps, input.signInToken)
  if (!secrets.ok) return secrets
  const identity = await deps.psc.finishSignIn(input.query, secrets.value)
  if (!identity.ok) return identity
  const professional = parseUserInfo(identity.value.userInfo, rules.pharmacistSectors)
  if (!professional.ok) return fail({ problem: professional.problem, code: professional.problem })
  return ok({ identity: identity.value, professional: professional.value })
}

async function takeSecrets(deps: SignInDeps, signInToken: string | null): Promise<Result<SignInSecrets, Problem>> {
  const tokenHash = signInToken === null ? null : await hashToken(signInToken)
  if (signInToken === null || tokenHash === null) return fail({ problem: 'sign-in-expired', code: 'no-sign-in-cookie' })
  // Committed before the code is redeemed: dying after it costs the person one more try, and nobody a second use.
  const row = await deps.database.forNobody((tx) => takeSignIn(tx, tokenHash))
  if (!row) return fail({ problem: 'sign-in-expired', code: 'no-such-sign-in' })
  if (row.expiresAt <= deps.clock.now()) return fail({ problem: 'sign-in-expired', code: 'sign-in-too-old' })
  const text = await openForToken({ token: signInToken, purpose: 'sign-in', sealed: row.sealed })
  if (text === null) return fail({ problem: 'not-trusted', code: 'sign-in-does-not-open' })
  // We sealed it ourselves, under a key that the row does not hold.
  return ok(JSON.parse(text) as SignInSecrets)
}

async function refuse(
  deps: SignInDeps,
  { problem, code }: Problem,
  request: RequestContext,
): Promise<Result<never, SignInProblem>> {
  deps.report({ kind: 'sign-in-failed', problem, code })
  await deps.database.forNobody((tx) =>
    appendEvent(tx, {
      at: deps.clock.now(),
      actor: { kind: 'anonymous' },
      action: 'sign-in',
      outcome: problem === 'psc-unavailable' || problem === 'sign-in-expired' ? 'failed' : 'denied',
      code: problem,
      object: { type: 'session', id: null },
      request,
      details: { reason: code },
    }),
  )
  return fail(problem)
}
