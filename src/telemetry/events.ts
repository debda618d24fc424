/** What the gateway reports of itself: one function an event, with its own fields; none takes an object of the domain. */
import { type DeclarationState, declarationStates } from '../domain/declaration.ts'
import type { FailureCode } from '../domain/failure-codes.ts'
import { faultOf, framesOf } from './fault.ts'
import type { LogFields, Logger } from './logger.ts'
import {
  printableChoice,
  printableCode,
  printableCounts,
  printableId,
  printableMethod,
  printableNumber,
  printableRoot,
  printableRoute,
  unprintable,
} from './printable.ts'

type Declaration = { readonly declarationId: string; readonly destination: string; readonly attempt: number }
type Failed = { readonly error: unknown }

/** `requestId` joins the line, the answer and the audit event. Durations are milliseconds. */
export type Events = {
  /** At the start, and after each reload. */
  configLoaded(fields: { pharmacies: number; destinations: number; testKits: number }): void
  /** A reload was asked for and refused as a whole: what ran goes on. The mistakes are on standard error. */
  configRefused(fields: Failed): void
  gatewayStarted(fields: { port: number; managementPort: number; startMs: number }): void
  gatewayStopped(fields: { reason: 'signal' | 'fault' | 'done'; uptimeMs: number }): void
  /** A fault that ends the process, or that nobody caught. */
  gatewayFailed(fields: Failed): void
  requestServed(fields: { requestId: string; method: string; route: string; status: number; durationMs: number }): void
  requestFailed(fields: { requestId: string; route: string } & Failed): void
  /** `problem` is the page that the person saw; `code` what the operator needs to mend it. */
  signInFailed(fields: { problem: string; code: string }): void
  /** Pro Santé Connect's metadata could not be renewed. */
  signInProviderUnavailable(fields: { code: string }): void
  /** Something about a signed-in person's identity that somebody should look at; nobody was refused for it. */
  professionalToCheck(fields: { professionalId: string; code: string }): void
  declarationClaimed(fields: Declaration): void
  declarationSettled(fields: Declaration & { state: DeclarationState; code: FailureCode | null; durationMs: number | null }): void
  leaseLost(fields: Declaration): void
  workerFailed(fields: { step: string } & Failed): void
  /** The channel that wakes the worker was lost: it polls until the channel is back. */
  listenLost(fields: { channel: string }): void
  keyStoreUnavailable(fields: Failed): void
  /** Most keys known to be used have no row: the main database may be an old copy, and nothing was deleted. */
  keySweepRefused(fields: { deleted: number }): void
  /** A checkpoint of the audit log: with the log of this process, its root (base64) leaves the database. */
  auditAnchored(fields: { size: number; root: string }): void
  /** A line of the ledger does not add up: somebody must look at its items (`ledger check`). */
  ledgerOutOfBalance(fields: { pharmacyId: string; destination: string; rule: string; items: number }): void
  /** A job that comes round by itself (housekeeping, sweeps) has ended; `counts` says what it did. */
  periodicJobEnded(fields: { job: string; outcome: string; durationMs: number; counts: Readonly<Record<string, number>> }): void
  periodicJobFailed(fields: { job: string } & Failed): void
  /** An alarm: `subject` is a destination's id, or a pharmacy's in the database. Told once, and again when it has ended. */
  silenceBegan(fields: { kind: string; subject: string }): void
  silenceEnded(fields: { kind: string; subject: string }): void
}

/** `stacks` adds where an error was thrown, without its message; the production profile leaves it out. */
export function createEvents(logger: Logger, { stacks = false }: { readonly stacks?: boolean } = {}): Events {
  const fault = (error: unknown): LogFields =>
    stacks ? { error: faultOf(error), frames: framesOf(error) } : { error: faultOf(error) }
  return { ...processEvents(logger, fault), ...requestEvents(logger, fault), ...queueEvents(logger, fault) }
}

type DescribeFault = (error: unknown) => LogFields

function processEvents(logger: Logger, fault: DescribeFault) {
  return {
    configLoaded: ({ pharmacies, destinations, testKits }) =>
      logger.info({
        event: 'config-loaded',
        pharmacies: printableNumber(pharmacies),
        destinations: printableNumber(destinations),
        testKits: printableNumber(testKits),
      }),
    configRefused: ({ error }) => logger.error({ event: 'config-refused', ...fault(error) }),
    gatewayStarted: ({ port, managementPort, startMs }) =>
      logger.info({
        event: 'gateway-started',
        port: printableNumber(port),
        managementPort: printableNumber(managementPort),
        startMs: printableNumber(startMs),
      }),
    gatewayStopped: ({ reason, uptimeMs }) =>
      logger.info({ event: 'gateway-stopped', reason: printableCode(reason), uptimeMs: printableNumber(uptimeMs) }),
    gatewayFailed: ({ error }) => logger.error({ event: 'gateway-failed', ...fault(error) }),
    auditAnchored: ({ size, root }) =>
      logger.info({ event: 'audit-anchored', size: printableNumber(size), root: printableRoot(root) }),
    keySweepRefused: ({ deleted }) => logger.error({ event: 'key-sweep-refused', deleted: printableNumber(deleted) }),
    keyStoreUnavailable: ({ error }) => logger.error({ event: 'key-store-unavailable', ...fault(error) }),
  } satisfies Partial<Events>
}

function requestEvents(logger: Logger, fault: DescribeFault) {
  return {
    requestServed: ({ requestId, method, route, status, durationMs }) =>
      logger.info({
        event: 'request-served',
        requestId: printableId(requestId),
        method: printableMethod(method),
        route: printableRoute(route),
        status: printableNumber(status),
        durationMs: printableNumber(durationMs),
      }),
    requestFailed: ({ requestId, route, error }) =>
      logger.error({
        event: 'request-failed',
        requestId: printableId(requestId),
        route: printableRoute(route),
        ...fault(error),
      }),
    signInFailed: ({ problem, code }) =>
      logger.warn({ event: 'sign-in-failed', problem: printableCode(problem), code: printableCode(code) }),
    signInProviderUnavailable: ({ code }) => logger.warn({ event: 'sign-in-provider-unavailable', code: printableCode(code) }),
    professionalToCheck: ({ professionalId, code }) =>
      logger.warn({ event: 'professional-to-check', professionalId: printableId(professionalId), code: printableCode(code) }),
  } satisfies Partial<Events>
}

function queueEvents(logger: Logger, fault: DescribeFault) {
  const declarationFields = ({ declarationId, destination, attempt }: Declaration) => ({
    declarationId: printableId(declarationId),
    destination: printableCode(destination),
    attempt: printableNumber(attempt),
  })
  return {
    declarationClaimed: (claimed) => logger.info({ event: 'declaration-claimed', ...declarationFields(claimed) }),
    declarationSettled: (settled) =>
      logger.info({
        event: 'declaration-settled',
        ...declarationFields(settled),
        state: printableChoice(settled.state, declarationStates),
        code: settled.code === null ? null : printableCode(settled.code),
        durationMs: printableNumber(settled.durationMs),
      }),
    leaseLost: (lost) => logger.warn({ event: 'lease-lost', ...declarationFields(lost) }),
    workerFailed: ({ step, error }) => logger.error({ event: 'worker-failed', step: printableCode(step), ...fault(error) }),
    listenLost: ({ channel }) => logger.warn({ event: 'listen-lost', channel: printableCode(channel) }),
    ledgerOutOfBalance: ({ pharmacyId, destination, rule, items }) =>
      logger.error({
        event: 'ledger-out-of-balance',
        pharmacyId: printableId(pharmacyId),
        destination: printableCode(destination),
        rule: printableCode(rule),
        items: printableNumber(items),
      }),
    periodicJobEnded: ({ job, outcome, durationMs, counts }) =>
      logger.info({
        event: 'periodic-job-ended',
        job: printableCode(job),
        outcome: printableCode(outcome),
        durationMs: printableNumber(durationMs),
        counts: printableCounts(counts),
      }),
    silenceBegan: (silence) => logger.error({ event: 'silence-began', ...silenceFields(silence) }),
    silenceEnded: (silence) => logger.info({ event: 'silence-ended', ...silenceFields(silence) }),
    periodicJobFailed: ({ job, error }) =>
      logger.error({ event: 'periodic-job-failed', job: printableCode(job), ...fault(error) }),
  } satisfies Partial<Events>
}

function silenceFields({ kind, subject }: { readonly kind: string; readonly subject: string }): LogFields {
  const id = printableId(subject)
  return { kind: printableCode(kind), subject: id === unprintable ? printableCode(subject) : id }
}
