/** The actions over real databases and keys: two pharmacies, a person of each role in each, and switches for what can fail. */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { Sql } from 'postgres'
import type { Actions } from '../../src/actions/actions.ts'
import { bindActions } from '../../src/actions/bind-actions.ts'
import type { ActionDeps } from '../../src/actions/deps.ts'
import { randomId, timedId } from '../../src/base/ids.ts'
import type { KeyRing } from '../../src/crypto/key-ring.ts'
import type { Professional, RequestContext } from '../../src/domain/actor.ts'
import type { CaptureInput } from '../../src/domain/capture-fields.ts'
import type { DestinationSettings } from '../../src/domain/destination-settings.ts'
import type { Finess } from '../../src/domain/finess.ts'
import type { Pharmacy } from '../../src/domain/pharmacy.ts'
import { type Role, roles } from '../../src/domain/roles.ts'
import type { Rpps } from '../../src/domain/rpps.ts'
import type { TestKit } from '../../src/domain/test-kit.ts'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import { ensurePharmacies } from '../../src/storage/pharmacies.ts'
import { openRingWorld, type RingWorld, watchStore } from '../crypto/ring-fixture.ts'
import { connect } from './database.ts'

export type StoredEvent = {
  readonly action: string
  readonly outcome: string
  readonly code: string | null
  readonly objectId: string | null
  readonly actor: string | null
  readonly details: Record<string, unknown>
}

export type ActionsWorld = {
  readonly actions: Actions
  readonly deps: ActionDeps
  readonly database: Database
  readonly keyRing: KeyRing
  readonly world: RingWorld
  /** Cut it, and the key store is away. */
  readonly store: ReturnType<typeof watchStore>
  readonly pharmacies: readonly [Pharmacy, Pharmacy]
  readonly destinations: DestinationSettings[]
  readonly auditFailures: unknown[]
  /** The person who has this role in this pharmacy. */
  person(role: Role, pharmacy?: Pharmacy): Professional
  /** The same actions with some of their dependencies replaced. */
  withDeps(replaced: Partial<ActionDeps>): Actions
  /** Past row-level security. */
  readonly admin: Sql
  /** Number of rows in each table that a capture writes to. */
  counts(): Promise<Record<string, number>>
  /** All audit events, oldest first. */
  events(): Promise<readonly StoredEvent[]>
  close(): Promise<void>
}

export const testKits: readonly TestKit[] = [
  { id: '1468', maker: 'Essai & Cie', name: 'Covid simple', analytes: ['sars-cov-2'], udi: null },
  { id: 'double', maker: 'Essai & Cie', name: 'Covid et grippe A', analytes: ['sars-cov-2', 'influenza-a'], udi: null },
]

/** Complete, legal, and sampled a little before the fixture's clock (2026-03-02, nine in Paris). */
export const legalFields: CaptureInput = {
  birthName: "N'GUYEN VAN THÉO",
  birthFirstName: 'Ðorđe',
  sex: 'female',
  birthDate: '1979-03-12',
  insMatricule: '279035121518989',
  identityStatus: 'QUAL',
  sampledAt: '2026-03-02T08:45',
  testKitId: '1468',
  'result.sars-cov-2': 'positive',
  symptoms: 'onset-0-1',
  consent: 'yes',
  comment: 'A|B^C~D\\E&F <script>',
}

export const newKey = () => randomBytes(18).toString('base64url')

export function newRequest(): RequestContext {
  return { requestId: randomUUID(), clientAddress: '192.0.2.7' }
}

const registered = [
  { finess: '750023459' as Finess, name: 'Pharmacie des Lilas' },
  { finess: '130000011' as Finess, name: 'Pharmacie du Port' },
].map((one) => ({ ...one, addressLine: '1, rue', postalCode: '75007', city: 'Paris', phone: null }))

const written = ['screenings', 'declarations', 'idempotency_keys', 'audit_events'] as const

export async function openActionsWorld(): Promise<ActionsWorld> {
  const world = await openRingWorld()
  const store = watchStore(world.store)
  const keyRing = world.ring({ store })
  const database = openDatabase(world.databases.appUrl)
  const admin = connect(world.databases.superUrl)
  const [first, second] = await database.forNobody((tx) => ensurePharmacies(tx, registered, world.clock.now()))
  if (!first || !second) throw new Error('the register answered too little')
  const people = await addPeople(admin, [first, second], world.clock.now())
  const destinations = [destination('sidep'), destination('dmp')]
  const auditFailures: unknown[] = []
  const deps: ActionDeps = {
    database,
    keyRing,
    blindIndexBits: 6,
    clock: world.clock,
    newId: randomId,
    newTimedId: timedId,
    randomBytes,
    sha256: (bytes) => createHash('sha256').update(bytes).digest(),
    profile: 'test',
    findTestKit: (id) => testKits.find((kit) => kit.id === id) ?? null,
    destinationsOf: () => destinations,
    findDestination: (id) => destinations.find((one) => one.id === id) ?? null,
    retryAloneMax: 100,
  }
  const withDeps = (replaced: Partial<ActionDeps>) => bindActions({ ...deps, ...replaced }, (cause) => auditFailures.push(cause))
  return {
    actions: withDeps({}),
    deps,
    database,
    keyRing,
    world,
    store,
    pharmacies: [first, second],
    destinations,
    auditFailures,
    person: (role, pharmacy = first) => {
      const person = people.find((one) => one.role === role && one.pharmacyId === pharmacy.id)
      if (!person) throw new Error(`nobody is ${role} there`)
      return person
    },
    withDeps,
    admin,
    counts: () => countRows(admin),
    events: () => listEvents(admin),
    close: async () => {
      await database.close()
      await admin.end()
      await world.close()
    },
  }
}

function destination(id: string): DestinationSettings {
  return {
    id,
    label: `Récepteur ${id}`,
    format: id === 'sidep' ? 'sidep-oru' : 'bio-trod',
    transport: {
      kind: 'https',
      url: 'https://localhost:1/',
      timeoutMs: 1000,
      answerBytesMax: 1000,
      caFile: null,
      clientCertificateFile: null,
      clientKeyFile: null,
      privateNetworks: ['127.0.0.0/8'],
      insecureAllowPlainHttp: false,
    },
    deduplicates: 'control-id',
    concurrencyMax: 1,
    retry: { baseMs: 1000, capMs: 1000, attemptsMax: 3 },
    breaker: { failuresMax: 3, holdMs: 1000, holdCapMs: 1000 },
    pace: { perSecondMax: 10, rampFromPerSecond: 1, rampMs: 1000 },
    pharmacies: 'all',
    billed: false,
    test: true,
  }
}

async function addPeople(admin: Sql, pharmacies: readonly Pharmacy[], at: Date): Promise<readonly Professional[]> {
  const people = pharmacies.flatMap((pharmacy, where) =>
    roles.map(
      (role, index): Professional => ({
        kind: 'professional',
        professionalId: randomUUID(),
        rpps: String(10_100_000_000 + where * 1000 + index) as Rpps,
        familyName: `MARTIN-${role.toUpperCase()}`,
        givenName: 'Alix',
        role,
        pharmacyId: pharmacy.id,
        sessionId: randomUUID(),
      }),
    ),
  )
  for (const { professionalId, rpps, familyName, givenName } of people)
    await admin`insert into professionals values (${professionalId}, ${rpps}, ${professionalId}, ${familyName}, ${givenName}, ${at}, ${at})`
  return people
}

async function countRows(admin: Sql): Promise<Record<string, number>> {
  const counted: Record<string, number> = {}
  for (const table of written) {
    const [row] = await admin<{ count: number }[]>`select count(*)::int as count from ${admin(table)}`
    counted[table] = row?.count ?? -1
  }
  return counted
}

async function listEvents(admin: Sql): Promise<readonly StoredEvent[]> {
  return admin<
    StoredEvent[]
  >`select action, outcome, code, object_id as "objectId", professional_id as actor, details from audit_events order by seq`
}
