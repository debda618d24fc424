/** The composition root: opens everything in order, hands each room what it needs, and closes last-in first-out. */
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Actions } from './actions/actions.ts'
import { bindActions } from './actions/bind-actions.ts'
import type { ActionDeps } from './actions/deps.ts'
import { openForSending } from './actions/open-for-sending.ts'
import { bindReconciliationDesk } from './actions/reconciliation-desk.ts'
import type { StatementDeps } from './actions/statements/deps.ts'
import { bindStatementDesk } from './actions/statements/desk.ts'
import { traceCapture } from './actions/trace-capture.ts'
import { auditSignerOf } from './audit/audit-signer.ts'
import { type Auth, openAuth } from './auth/auth.ts'
import { reportAuth } from './auth/report-auth.ts'
import { assert } from './base/assert.ts'
import { type Clock, systemClock } from './base/clock.ts'
import { type Closers, createClosers } from './base/closers.ts'
import { randomId, timedId } from './base/ids.ts'
import type { Config } from './config/config.ts'
import type { Secrets } from './config/secrets.ts'
import { formActionOrigins } from './config/sign-in.ts'
import type { CheckpointSigner } from './crypto/checkpoint.ts'
import type { KeyRing } from './crypto/key-ring.ts'
import { openKeyRing } from './crypto/open-key-ring.ts'
import { openConfiguredRootKeys } from './crypto/open-root-keys.ts'
import { patientIndexBits } from './crypto/patient-indexes.ts'
import { openSigner, type Signer } from './crypto/signing.ts'
import { readUpkeep } from './doctor/read-upkeep.ts'
import { type DestinationSettings, deduplicationOf, servesPharmacy } from './domain/destination-settings.ts'
import type { Pharmacy } from './domain/pharmacy.ts'
import { chargeTermsOf, pricesOf } from './domain/tariff.ts'
import { comeRound, ledgerJob, periodicJobs, silenceWatch } from './gateway-jobs.ts'
import { routeName } from './http/route.ts'
import { createManagementApp, type ManagementDeps } from './http/routes/health.ts'
import { askFirst } from './queue/ask-first.ts'
import type { PeriodicJobs } from './queue/periodic.ts'
import { type StandingWatch, watchStanding } from './queue/standing.ts'
import { createWorker, type Worker } from './queue/worker.ts'
import { type Database, openDatabase } from './storage/database.ts'
import { readKeyAges } from './storage/key-ages.ts'
import { type OpenedKeyStore, openKeyStore } from './storage/keystore.ts'
import { lackingMigrations, migrationFolders, readMigrations } from './storage/migrator.ts'
import { ensurePharmacies } from './storage/pharmacies.ts'
import type { Claim } from './storage/queries.ts'
import { countOpenDeclarations } from './storage/queue-reading.ts'
import { listSilences } from './storage/silences.ts'
import { createEvents, type Events } from './telemetry/events.ts'
import { createLogger } from './telemetry/logger.ts'
import { createMetrics, type Metrics } from './telemetry/metrics.ts'
import { noTraces, type Traces } from './telemetry/traces.ts'
import { createWebApp, type WebApp } from './web/web-app.ts'

/** What tests replace; production passes nothing. */
export type Overrides = { readonly clock?: Clock; readonly random?: () => number; readonly events?: Events }

/** What the web side and the worker side share: databases, keys, the register of pharmacies. */
type Foundation = {
  readonly config: Config
  readonly clock: Clock
  readonly events: Events
  readonly database: Database
  readonly keyStore: OpenedKeyStore
  readonly keyRing: KeyRing
  readonly pharmacies: ReadonlyMap<string, Pharmacy>
  /** Null in the demo and test profiles where no key was given: nothing is sealed then. */
  readonly auditSigner: CheckpointSigner | null
  readonly checks: ManagementDeps['checks']
  readonly traces: Traces
  readonly closers: Closers
}

export type Gateway = {
  readonly web: WebApp
  /** What comes round by itself though no worker lives; start it beside the web side. */
  readonly periodic: PeriodicJobs
  readonly management: ReturnType<typeof createManagementApp>
  readonly actions: Actions
  readonly auth: Auth
  readonly database: Database
  readonly events: Events
  close(): Promise<void>
}

export type Forwarder = {
  readonly worker: Worker
  /** What comes round by itself; start it beside the worker. */
  readonly periodic: PeriodicJobs
  readonly management: ReturnType<typeof createManagementApp>
  readonly database: Database
  readonly events: Events
  close(): Promise<void>
}

/** Opens the web side: pages, actions, sign-in. Throws where the configuration, a database or the migrations are not as they must be. */
export async function openGateway(config: Config, secrets: Secrets, overrides: Overrides = {}): Promise<Gateway> {
  const foundation = await openFoundation(config, secrets, overrides)
  const { clock, closers, database, events, keyRing, traces } = foundation
  const { publicUrl, signIn, sessions, groups } = config
  const auth = openAuth(
    {
      database,
      clock,
      newId: randomId,
      randomBytes,
      fetch: (url, options) => fetch(url, options),
      report: (event) => reportAuth(events, event),
      // Not even the first capture waits for the key store; where it is away, the ring has said so.
      onPharmacyChosen: (pharmacyId) => void keyRing.prepareReserve(pharmacyId).catch(() => undefined),
    },
    { publicUrl, signIn, sessions, groups, clientSecret: secrets.pscClientSecret },
  )
  closers.push('sign-in', () => auth.close())
  const actions = traceCapture(
    traces,
    bindActions(actionDeps(foundation), (error) => events.gatewayFailed({ error })),
  )
  const standing = openStanding(foundation)
  const periodic = comeRound({ ...foundation, random: overrides.random ?? Math.random }, [silenceWatch(foundation)])
  // What runs is told to end before the database closes; whoever serves has given it its grace by then.
  closers.push('periodic jobs', () => periodic.stop(jobsLeftGraceMs))
  const signer = secrets.signingKeysJwks === null ? null : openSigner(secrets.signingKeysJwks)
  const web = createWebApp(
    {
      auth,
      actions,
      statements: bindStatementDesk(statementDeps(foundation, signer)),
      reconciliations: bindReconciliationDesk(actionDeps(foundation)),
      standing: (pharmacyId) => standing.of(pharmacyId),
      clock,
      newId: randomId,
      testKits: config.testKits,
      onRequestServed: (served) => {
        traces.note({ method: served.method, route: served.route, status: served.status })
        metrics.requestServed(served)
        events.requestServed(served)
      },
      onRequestFailed: (failed) => events.requestFailed(failed),
      traces,
    },
    {
      profile: config.profile,
      securityContacts: config.securityContacts,
      signingJwks: signer?.publicJwks ?? null,
      publicUrl: config.publicUrl,
      trustedProxies: config.trustedProxies,
      formActionOrigins: formActionOrigins(config.signIn),
    },
  )
  const metrics = metricsOf(foundation, web.routes.map(routeName))
  const management = createManagementApp({ checks: foundation.checks, metrics: () => metrics.read() })
  return { web, periodic, management, actions, auth, database, events, close: () => closers.closeAll() }
}

/** Opens the forwarding side: the worker and the destinations that it sends to. */
export async function openForwarder(config: Config, secrets: Secrets, overrides: Overrides = {}): Promise<Forwarder> {
  const foundation = await openFoundation(config, secrets, overrides)
  const { clock, closers, database, events, keyRing, pharmacies, traces } = foundation
  // By name: what only forwarding needs, a gateway that serves does not load.
  const { openDestinations } = await import('./destinations/open-destinations.ts')
  const destinations = openDestinations(config.destinations, {
    clock,
    onFault: (error) => events.workerFailed({ step: 'encode', error }),
  })
  closers.push('destinations', () => destinations.close())
  const metrics = metricsOf(foundation, [])
  const worker = createWorker(
    {
      database,
      destinations: config.destinations.map((settings) => ({
        ...settings,
        deduplicates: deduplicationOf(settings),
        retry: { ...settings.retry, ...(settings.lookUp ? { askAfterMs: settings.lookUp.askAfterMs } : {}) },
        deliver: askFirst(
          { database, ask: destinations.findLookUp(settings.id)?.ask ?? null },
          destinations.deliver(settings.id),
        ),
        chargeTermsOf: chargeTermsAt(foundation, settings),
      })),
      openForSending: (claims) =>
        openForSending({ database, keyRing, findPharmacy: (id) => pharmacies.get(id) ?? null, profile: config.profile }, claims),
      random: overrides.random ?? Math.random,
      traces,
      wait: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
      events: {
        settled: (claim, { settlement }, { ageMs }) => {
          metrics.declarationSettled({ destination: claim.destination, state: settlement.state, ageMs })
          const code = 'code' in settlement ? settlement.code : null
          events.declarationSettled({ ...named(claim), state: settlement.state, code, durationMs: null })
        },
        leaseLost: (claim) => events.leaseLost(named(claim)),
        failed: (step, error) => events.workerFailed({ step, error }),
      },
    },
    {
      name: `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`,
      leaseMs: config.worker.leaseSeconds * 1000,
      batchSize: config.worker.batchSize,
      pollMs: config.worker.pollSeconds * 1000,
    },
  )
  const periodic = comeRound({ ...foundation, random: overrides.random ?? Math.random }, [
    ...periodicJobs({ ...foundation, findLookUp: (id) => destinations.findLookUp(id) }),
    ledgerJob(foundation, metrics),
  ])
  const management = createManagementApp({ checks: foundation.checks, metrics: () => metrics.read() })
  return { worker, periodic, management, database, events, close: () => closers.closeAll() }
}

const jobsLeftGraceMs = 1_000

function openStanding({ closers, config, database, events, pharmacies }: Foundation): StandingWatch {
  const standing = watchStanding(
    {
      database,
      wait: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
      onFailure: (error) => events.workerFailed({ step: 'standing', error }),
    },
    config.destinations.map((settings) => ({
      ...settings,
      serves: (id: string) => servesPharmacy(settings, pharmacies.get(id)?.finess),
    })),
    { silenceMs: config.alarms.silenceMinutes * 60_000 },
  )
  standing.start()
  closers.push('standing', () => standing.stop())
  return standing
}

async function openFoundation(config: Config, secrets: Secrets, overrides: Overrides): Promise<Foundation> {
  const clock = overrides.clock ?? systemClock
  const closers = createClosers()
  try {
    const events = overrides.events ?? eventsOf(config)
    const traces = await openConfiguredTraces(config)
    closers.push('traces', () => traces.close())
    const database = openDatabase(secrets.databaseUrl)
    closers.push('database', () => database.close())
    const [files, applied] = await Promise.all([readMigrations(migrationFolders.main), database.listMigrations()])
    // A database that is behind this release, or not of it, is refused before anything is served from it.
    const lacking = lackingMigrations(files, applied).length
    if (lacking > 0) throw new Error(`the database lacks ${lacking} migrations: run the migrate command first`)
    const store = openKeyStore(secrets.keystoreDatabaseUrl)
    closers.push('key store', () => store.close())
    const report = (error: unknown) => events.keyStoreUnavailable({ error })
    const rootKeys = openConfiguredRootKeys(config.rootKeys, secrets.rootKeysJwks)
    closers.push('root keys', () => rootKeys.close())
    const keyRing = openKeyRing({ store, rootKeys, clock, report })
    closers.push('key ring', () => keyRing.close())
    const register = await database.forNobody((tx) => ensurePharmacies(tx, config.pharmacies, clock.now()))
    const pharmacies = new Map(register.map((pharmacy) => [pharmacy.id, pharmacy]))
    const checks = {
      database: () => database.ping().then(() => true),
      keyStore: () => store.findTenantKeys([]).then(() => true),
      migrations: async () => lackingMigrations(files, await database.listMigrations()).length === 0,
    }
    const auditSigner = auditSignerOf(secrets.auditKeyPem, config.publicUrl)
    return { config, clock, events, database, keyStore: store, keyRing, pharmacies, auditSigner, checks, traces, closers }
  } catch (cause) {
    await closers.closeAll().catch(() => undefined)
    throw cause
  }
}

/** Loaded by name: where no collector is configured, nothing of it is in memory. */
async function openConfiguredTraces({ tracing }: Config): Promise<Traces> {
  if (tracing === null) return noTraces
  const { openTraces } = await import('./telemetry/open-traces.ts')
  const { createEgress } = await import('./destinations/egress.ts')
  const egress = createEgress(tracing.privateNetworks)
  egress.ensureHost(new URL(tracing.url).hostname)
  return openTraces({ lookup: egress.lookup }, { ...tracing, instance: hostname() })
}

/** Fonts are read when the first credit note is written here: most replicas never write one. */
function statementDeps({ config, clock, database, pharmacies }: Foundation, signer: Signer | null): StatementDeps {
  let fonts: ReturnType<StatementDeps['fonts']> | null = null
  return {
    ...{ database, clock, signer, issuer: config.tariff.issuer, vatRateBasisPoints: config.tariff.vatRateBasisPoints },
    demonstration: config.profile !== 'production',
    pricesOf: (finess) => pricesOf(config.tariff, finess),
    findPharmacy: (id) => pharmacies.get(id) ?? null,
    fonts: () => {
      fonts ??= import('./formats/statement/fonts.ts').then(({ readStatementFonts }) =>
        readStatementFonts((path) => readFileSync(path)),
      )
      return fonts
    },
  }
}

function actionDeps({ config, clock, database, keyRing, pharmacies }: Foundation): ActionDeps {
  const kits = new Map(config.testKits.map((kit) => [kit.id, kit]))
  const destinations = new Map(config.destinations.map((destination) => [destination.id, destination]))
  const finessOf = (pharmacyId: string) => {
    const pharmacy = pharmacies.get(pharmacyId)
    assert(pharmacy, 'a session names a pharmacy of the configuration')
    return pharmacy.finess
  }
  return {
    database,
    keyRing,
    blindIndexBits: patientIndexBits(config.duplicateSearch.screeningsPerPharmacy),
    clock,
    newId: randomId,
    newTimedId: timedId,
    randomBytes,
    sha256: (bytes) => createHash('sha256').update(bytes).digest(),
    profile: config.profile,
    findTestKit: (id) => kits.get(id) ?? null,
    findDestination: (id) => destinations.get(id) ?? null,
    retryAloneMax: config.worker.retryAloneMax,
    destinationsOf: (pharmacyId) => {
      const finess = finessOf(pharmacyId)
      return config.destinations.filter((settings) => servesPharmacy(settings, finess))
    },
  }
}

/** What this destination's receipts cost, decided once a pharmacy. */
function chargeTermsAt({ config, pharmacies }: Foundation, destination: DestinationSettings) {
  const { tariff, profile } = config
  const unnamed = chargeTermsOf(tariff, { destination, finess: null, profile })
  const named = new Map([...pharmacies].map(([id, { finess }]) => [id, chargeTermsOf(tariff, { destination, finess, profile })]))
  return (pharmacyId: string) => (named.has(pharmacyId) ? (named.get(pharmacyId) ?? null) : unnamed)
}

function metricsOf({ clock, config, database, keyStore }: Foundation, routes: readonly string[]): Metrics {
  const readQueue = () => database.forWorker((tx) => countOpenDeclarations(tx))
  const upkeep = { database, readKeyAges: () => readKeyAges(keyStore.sql), clock, config }
  const destinations = config.destinations.map((destination) => destination.id)
  return createMetrics(
    { clock, readQueue, readUpkeep: () => readUpkeep(upkeep), readSilences: () => database.forWorker(listSilences) },
    { routes, destinations },
  )
}

function eventsOf(config: Config): Events {
  const logger = createLogger({ level: config.logLevel, profile: config.profile, instance: hostname() })
  return createEvents(logger, { stacks: config.profile !== 'production' })
}

function named(claim: Claim): { declarationId: string; destination: string; attempt: number } {
  return { declarationId: claim.id, destination: claim.destination, attempt: claim.attemptCount }
}
