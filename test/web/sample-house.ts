/** A public application over invented people and screenings held in memory: for rendering, doors and headers, nothing else. */
import type { Actions } from '../../src/actions/actions.ts'
import { progressOf, standingStates } from '../../src/actions/list-screenings.ts'
import type {
  DeclarationView,
  DuplicateView,
  ScreeningView,
  Standing,
  StoppedList,
  VersionView,
} from '../../src/actions/views.ts'
import type { Auth, SessionView, SignInProblem } from '../../src/auth/auth.ts'
import { fail, ok } from '../../src/base/result.ts'
import type { Professional } from '../../src/domain/actor.ts'
import { parseCapture } from '../../src/domain/capture-input.ts'
import { planCorrection } from '../../src/domain/correction-plan.ts'
import type { DeclarationState } from '../../src/domain/declaration.ts'
import { GatewayError, type GatewayErrorCode } from '../../src/domain/errors.ts'
import type { FailureCode } from '../../src/domain/failure-codes.ts'
import { keyOf, type Nir } from '../../src/domain/nir.ts'
import { parisDay } from '../../src/domain/paris-time.ts'
import { parseReason } from '../../src/domain/reason.ts'
import { type Role, roleMay } from '../../src/domain/roles.ts'
import type { Rpps } from '../../src/domain/rpps.ts'
import type { TestKit } from '../../src/domain/test-kit.ts'
import type { RequestServed } from '../../src/http/app.ts'
import { createWebApp, type WebApp, type WebAppOptions } from '../../src/web/web-app.ts'
import { sampleLedger } from './sample-ledger.ts'
import { type SampleReconciliations, sampleReconciliations } from './sample-reconciliations.ts'
import { sampleDesk } from './sample-statements-desk.ts'

export const now = new Date('2026-11-23T17:35:00Z')
export const publicUrl = 'http://localhost'
export const tokenOf = (role: Role | 'unchosen'): string => `session-token-of-${role}`

export const testKits: readonly TestKit[] = [
  { id: '1331', maker: 'Laboratoire Exemple', name: 'RapidTest COVID-19 Ag', analytes: ['sars-cov-2'], udi: null },
  {
    id: '2228',
    maker: 'Laboratoire Exemple',
    name: 'TriTest Covid Grippe A/B',
    analytes: ['sars-cov-2', 'influenza-a', 'influenza-b'],
    udi: null,
  },
]

const activities = [
  { pharmacyId: '0b1f6a52-9d31-4b7e-9a3c-6f1f1d2f7a01', pharmacyName: 'Pharmacie des Lilas', finess: '750000018' },
  {
    pharmacyId: '0b1f6a52-9d31-4b7e-9a3c-6f1f1d2f7a02',
    pharmacyName: 'Grande Pharmacie du Port de l’Étoile',
    finess: '130000011',
  },
] as const

export type Denial = { readonly role: Role | null; readonly route: string; readonly code: string }

export type House = WebApp & {
  readonly statements: ReturnType<typeof sampleDesk>
  readonly reconciliations: SampleReconciliations
  readonly screenings: Map<string, ScreeningView>
  /** Versions before the one that `screenings` holds, oldest first. */
  readonly earlier: Map<string, readonly VersionView[]>
  /** Why the version that `screenings` holds was made. */
  readonly reasons: Map<string, string>
  readonly denials: Denial[]
  readonly served: RequestServed[]
  readonly failures: { readonly requestId: string; readonly route: string; readonly error: unknown }[]
  /** What captures and signatures throw, or that they never answer; null: they work. */
  captureFault: GatewayErrorCode | Error | 'no-answer' | null
  signInProblem: SignInProblem | null
  /** Today's screenings of a person, by birth name: what a capture is warned of. */
  readonly duplicatesOf: Record<string, readonly DuplicateView[]>
  readonly captures: { readonly fields: unknown; readonly idempotencyKey: string }[]
  readonly retried: { readonly screeningId: string; readonly declarationId: string }[]
  /** What has stopped; null: nothing. */
  stopped: StoppedList | null
  /** What the one who looks has had sent again alone within a day. */
  aloneBefore: number
  readonly retriedMany: { readonly perSecond: number; readonly includeDoubtful: boolean }[]
  readonly decided: string[]
  /** How forwarding stands; null: not known. */
  standing: Standing | null
  clockMs: number
}

export const walletUrl = 'https://wallet.example'

type HouseOptions = Partial<WebAppOptions> & { readonly testKits?: readonly TestKit[]; readonly walletUrl?: string }

export function openHouse(options: HouseOptions = {}): House {
  let made = 0
  const clock = { now: () => new Date(house.clockMs) }
  const house = {
    screenings: new Map<string, ScreeningView>(),
    earlier: new Map<string, readonly VersionView[]>(),
    reasons: new Map<string, string>(),
    denials: [],
    served: [],
    failures: [],
    captures: [],
    duplicatesOf: {},
    retried: [],
    stopped: null,
    aloneBefore: 0,
    retriedMany: [],
    decided: [],
    standing: null,
    statements: sampleDesk(),
    reconciliations: sampleReconciliations(idNumbered, now),
    captureFault: null,
    signInProblem: null,
    clockMs: now.getTime(),
  } as unknown as House & { app: WebApp['app'] }
  const web = createWebApp(
    {
      auth: sampleAuth(house, options.walletUrl ?? walletUrl),
      actions: sampleActions(house, options.testKits ?? testKits, clock, () => idNumbered(900 + made)),
      clock,
      newId: () => idNumbered(++made),
      testKits: options.testKits ?? testKits,
      standing: () => house.standing,
      statements: house.statements,
      reconciliations: house.reconciliations,
      onRequestServed: (served) => house.served.push(served),
      onRequestFailed: (failed) => house.failures.push(failed),
    },
    {
      profile: 'demo',
      publicUrl,
      trustedProxies: [],
      formActionOrigins: [options.walletUrl ?? walletUrl],
      securityContacts: ['mailto:securite@passerelle.example'],
      signingJwks: null,
      ...options,
    },
  )
  return Object.assign(house, web)
}

export function idNumbered(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
}

function sessionOf(role: Role | 'unchosen'): SessionView {
  const chosen = activities[0]
  const shared = {
    sessionId: idNumbered(500 + role.length),
    professionalId: idNumbered(600 + role.length),
    rpps: '10000000018' as Rpps,
    familyName: 'Vautrin-Lemoël',
    givenName: 'Solène',
  }
  const roleOf = role === 'unchosen' ? 'pharmacist' : role
  const offered = activities.map((activity) => ({ ...activity, role: roleOf }))
  const actor: Professional = { kind: 'professional', ...shared, role: roleOf, pharmacyId: chosen.pharmacyId }
  const isChosen = role !== 'unchosen'
  return {
    ...shared,
    activities: offered,
    actor: isChosen ? actor : null,
    activity: isChosen ? { ...chosen, role: roleOf } : null,
    expiresAt: new Date(now.getTime() + 3_600_000),
  }
}

function sampleAuth(house: House, wallet: string): Auth {
  return {
    beginSignIn: async () =>
      house.signInProblem === 'psc-unavailable'
        ? fail('psc-unavailable')
        : ok({ redirectTo: `${wallet}/auth?state=s`, signInToken: 'sign-in-token-of-this-browser' }),
    finishSignIn: async ({ signInToken }) => {
      if (house.signInProblem) return fail(house.signInProblem)
      return signInToken === null ? fail('sign-in-expired') : ok({ sessionToken: tokenOf('pharmacist'), role: 'pharmacist' })
    },
    findSession: async (token) => {
      const role = token.replace('session-token-of-', '')
      return token.startsWith('session-token-of-') ? sessionOf(role as Role) : null
    },
    chooseActivity: async (_token, pharmacyId) =>
      activities.some((activity) => activity.pharmacyId === pharmacyId) ? ok(sessionOf('pharmacist')) : fail('not-found'),
    signOut: async () => ({ redirectTo: `${wallet}/logout` }),
    close: async () => undefined,
  }
}

function sampleActions(house: House, kits: readonly TestKit[], clock: { now(): Date }, newId: () => string): Actions {
  const find = (id: string): ScreeningView => {
    const found = house.screenings.get(id)
    if (!found) throw new GatewayError('not-found')
    return found
  }
  const meetFault = async (): Promise<void> => {
    if (house.captureFault instanceof Error) throw house.captureFault
    if (house.captureFault === 'no-answer') return new Promise(() => undefined)
    if (house.captureFault) throw new GatewayError(house.captureFault)
  }
  const inForce = (id: string, version?: number): ScreeningView => {
    const screening = find(id)
    if (screening.status !== 'signed' || (version ?? screening.version) !== screening.version) throw new GatewayError('conflict')
    return screening
  }
  const keepVersion = (before: ScreeningView, changed: Partial<ScreeningView>, reason: string) => {
    const { screeningId, version, patient, act, signedAt, signedBy } = before
    const earlier = house.earlier.get(screeningId) ?? []
    const { reason: why = null } = versionOf(before)
    house.earlier.set(screeningId, [...earlier, { version, status: 'superseded', patient, act, reason: why, signedAt, signedBy }])
    house.reasons.set(screeningId, reason)
    house.screenings.set(screeningId, { ...before, ...changed, version: version + 1 })
  }
  const versionOf = ({ screeningId, version, status, patient, act, signedAt, signedBy }: ScreeningView): VersionView => {
    const reason = house.reasons.get(screeningId) ?? null
    return { version, status, patient, act, reason, signedAt, signedBy }
  }
  const store: Actions['signScreening'] = async (actor, { screeningId, fields, idempotencyKey }) => {
    house.captures.push({ fields, idempotencyKey })
    await meetFault()
    const rules = {
      now: clock.now(),
      profile: 'demo' as const,
      findTestKit: (id: string) => kits.find((kit) => kit.id === id) ?? null,
    }
    const parsed = parseCapture(fields, rules)
    if (!parsed.ok) return fail(parsed.problem)
    const status = roleMay(actor.role, 'screening.sign') ? 'signed' : 'draft'
    house.screenings.set(screeningId, {
      ...sampleScreening(screeningId, status === 'draft' ? 'draft' : 'queued'),
      ...parsed.value,
    })
    return ok({ screeningId, status, replayed: false })
  }
  return {
    captureScreening: (actor, input, request) => store(actor, { ...input, screeningId: newId() }, request),
    findDuplicates: async (_actor, { fields }) => {
      const parsed = parseCapture(fields, {
        now: clock.now(),
        profile: 'demo',
        findTestKit: (id) => kits.find((kit) => kit.id === id) ?? null,
      })
      return parsed.ok ? (house.duplicatesOf[parsed.value.patient.birthName] ?? []) : []
    },
    signScreening: store,
    previewChange: async (_actor, { screeningId, intent }) => {
      const screening = inForce(screeningId)
      const earlier = screening.declarations.map((one) => ({ ...one, id: one.declarationId, mayBeThere: one.state === 'parked' }))
      const steps = [...new Set(earlier.map((one) => one.destinationLabel))].map((destinationLabel) => {
        const there = earlier.filter((one) => one.destinationLabel === destinationLabel)
        const assumedFormat = there.some((one) => one.assumedFormat)
        return { destinationLabel, assumedFormat, consequence: planCorrection(there, intent).consequence }
      })
      return { screening, steps }
    },
    correctScreening: async (_actor, { screeningId, version, fields, reason, idempotencyKey }) => {
      house.captures.push({ fields, idempotencyKey })
      await meetFault()
      const before = inForce(screeningId, version)
      const parsed = parseCapture(fields, {
        now: clock.now(),
        profile: 'demo',
        findTestKit: (id) => kits.find((kit) => kit.id === id) ?? null,
        corrects: before.act,
      })
      const why = parseReason(reason)
      if (!parsed.ok || !why.ok) return fail({ fields: parsed.ok ? [] : parsed.problem, reason: why.ok ? null : why.problem })
      keepVersion(before, parsed.value, why.value)
      return ok({ screeningId, replayed: false })
    },
    cancelScreening: async (_actor, { screeningId, version, reason, idempotencyKey }) => {
      house.captures.push({ fields: {}, idempotencyKey })
      await meetFault()
      const before = inForce(screeningId, version)
      const why = parseReason(reason)
      if (!why.ok) return fail({ fields: [], reason: why.problem })
      keepVersion(before, { status: 'cancelled' }, why.value)
      return ok({ screeningId, replayed: false })
    },
    retryDeclaration: async (_actor, { screeningId, declarationId }) => {
      house.retried.push({ screeningId, declarationId })
    },
    markReceived: async (_actor, { screeningId, declarationId, reason }) => {
      const why = parseReason(reason)
      if (!why.ok) return why
      const screening = find(screeningId)
      const declarations = screening.declarations.map((one) =>
        one.declarationId === declarationId ? { ...one, state: 'received' as const, settledAt: clock.now() } : one,
      )
      house.screenings.set(screeningId, { ...screening, declarations })
      return ok(null)
    },
    getLedger: async (_actor, { month }) => sampleLedger(idNumbered).ledgerOf(month),
    getLedgerDay: async (_actor, day) => sampleLedger(idNumbered).dayNamed(day),
    listStopped: async () => house.stopped ?? { groups: [], items: [], total: 0, page: 1, pages: 1, batches: [] },
    previewRetry: async () => {
      const groups = house.stopped?.groups ?? []
      const sum = (of: 'count' | 'doubtful') => groups.reduce((total, group) => total + group[of], 0)
      const count = sum('count')
      const destinationLabel = groups[0]?.destinationLabel ?? null
      const bound = { needsApproval: count + house.aloneBefore > 100, aloneMax: 100, aloneBefore: house.aloneBefore }
      return { destinationLabel, count, doubtful: sum('doubtful'), ...bound, notConfigured: 0, perSecond: 5 }
    },
    retryMany: async (_actor, input) => {
      house.retriedMany.push(input)
      const [batch] = house.stopped?.batches ?? []
      if (!batch) throw new GatewayError('conflict')
      return batch
    },
    findRetryBatch: async (_actor, id) => {
      const batch = house.stopped?.batches.find((one) => one.batchId === id)
      if (!batch) throw new GatewayError('not-found')
      return batch
    },
    approveRetry: async (_actor, id) => void house.decided.push(`approve ${id}`),
    stopRetry: async (_actor, id) => void house.decided.push(`stop ${id}`),
    listVersions: async (_actor, id) => [...(house.earlier.get(id) ?? []), versionOf(find(id))],
    getScreening: async (_actor, id) => find(id),
    listScreenings: async (_actor, day) => {
      const items = [...house.screenings.values()]
        .filter((screening) => parisDay(screening.capturedAt) === day)
        .map(({ screeningId, version, status, capturedAt, patient, act, declarations }) => ({
          screeningId,
          status,
          capturedAt,
          birthName: patient.birthName,
          birthFirstName: patient.birthFirstName,
          birthDate: patient.birthDate,
          results: act.results,
          progress: progressOf(status, standingStates(version, declarations)),
        }))
      return { day, items, truncated: false }
    },
    recordDenial: async ({ actor, route, code }) => {
      house.denials.push({ role: actor?.role ?? null, route, code })
    },
  }
}

export function sampleDeclaration(state: DeclarationState, more: Partial<DeclarationView> = {}): DeclarationView {
  const settled = ['accepted', 'rejected', 'parked', 'cancelled'].includes(state)
  return {
    declarationId: idNumbered(77),
    destinationId: 'sidep',
    destinationLabel: 'Fichier national de dépistage (simulateur)',
    assumedFormat: true,
    configured: true,
    version: 1,
    kind: 'original',
    state,
    code: null,
    location: null,
    controlId: 'K7Q2M9ZT4XW1B6RN8DHP',
    attemptCount: state === 'queued' ? 0 : 1,
    dueAt: now,
    createdAt: now,
    settledAt: settled ? now : null,
    receipt: state === 'accepted' ? { reference: 'SIM-2026-000123', receivedAt: now } : null,
    ...more,
  }
}

/** A screening whose one declaration stands at `state`, or a draft. */
export function sampleScreening(
  screeningId: string,
  state: DeclarationState | 'draft',
  more: { readonly code?: FailureCode; readonly location?: string; readonly name?: string; readonly positive?: boolean } = {},
): ScreeningView {
  const number = `2840${1 + (Number(screeningId.slice(-2)) % 9)}7511600${screeningId.slice(-1)}`.padEnd(13, '1').slice(0, 13)
  const isDraft = state === 'draft'
  const failure = { code: more.code ?? null, location: more.location ?? null }
  return {
    screeningId,
    version: 1,
    status: isDraft ? 'draft' : 'signed',
    patient: {
      birthName: more.name ?? 'D’ANGELO-ÐURIĆ',
      birthFirstName: 'Maëlle',
      birthFirstNames: 'Maëlle Jeanne-Noëlle',
      usedName: 'Test-Usage',
      usedFirstName: null,
      sex: 'female',
      birthDate: '1984-03-05',
      birthPlaceInsee: '75116',
      ins: { matricule: `${number}${keyOf(number)}` as Nir, authority: 'nir-test' },
      identityStatus: 'VALI',
      address: { line: '12 rue de l’Essai', postalCode: '75011', city: 'Paris', country: 'FRA' },
      phone: '+33612345678',
      email: null,
    },
    act: {
      sampledAt: '2026-11-23T17:20:00.000Z',
      testKit: {
        id: '1331',
        maker: 'Laboratoire Exemple',
        name: 'RapidTest COVID-19 Ag',
        udi: null,
        lot: 'L2026-07',
        expiry: '2027-06-30',
      },
      results: [{ analyte: 'sars-cov-2', result: more.positive ? 'positive' : 'negative' }],
      consent: 'yes',
      symptoms: 'onset-0-1',
      comment: null,
    },
    capturedAt: now,
    signedAt: isDraft ? null : now,
    draftedBy: { familyName: 'Quillard', givenName: 'Basile' },
    signedBy: isDraft ? null : { familyName: 'Vautrin-Lemoël', givenName: 'Solène' },
    declarations: isDraft ? [] : [sampleDeclaration(state, failure)],
  }
}
