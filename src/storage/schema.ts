/** The tables as drizzle sees them; a test compares this file with what the migrations make. */
import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  customType,
  date,
  inet,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'
import type { Sealed } from '../crypto/sealed.ts'
import type { DeclarationKind, DeclarationState } from '../domain/declaration.ts'
import type { Author } from '../domain/declaration-document.ts'
import type { FailureCode } from '../domain/failure-codes.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { Patient } from '../domain/patient.ts'
import type { Role } from '../domain/roles.ts'
import type { Act, ScreeningStatus } from '../domain/screening.ts'
import type { ReceivableState } from '../domain/stopped.ts'

const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => 'bytea' })
/** An encrypted column: takes `Sealed<Plain>` and nothing else, so plaintext here does not compile. */
const sealed = <Plain>(name: string) =>
  customType<{ data: Sealed<Plain>; driverData: Uint8Array }>({
    dataType: () => 'bytea',
    fromDriver: (bytes) => bytes as Sealed<Plain>,
  })(name)
const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' })

export const pharmacies = pgTable('pharmacies', {
  id: uuid('id').primaryKey(),
  finess: text('finess').notNull(),
  name: text('name').notNull(),
  inService: boolean('in_service').notNull().default(true),
  createdAt: instant('created_at').notNull(),
})

export const professionals = pgTable('professionals', {
  id: uuid('id').primaryKey(),
  rpps: text('rpps').notNull(),
  subject: text('subject').notNull(),
  familyName: text('family_name').notNull(),
  givenName: text('given_name').notNull(),
  createdAt: instant('created_at').notNull(),
  lastSignedInAt: instant('last_signed_in_at').notNull(),
})

export const memberships = pgTable(
  'memberships',
  {
    pharmacyId: uuid('pharmacy_id').notNull(),
    professionalId: uuid('professional_id').notNull(),
    role: text('role').$type<Role>().notNull(),
    seenAt: instant('seen_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.pharmacyId, table.professionalId] })],
)

export const signIns = pgTable('sign_ins', {
  tokenHash: bytea('token_hash').primaryKey(),
  sealed: bytea('sealed').notNull(),
  createdAt: instant('created_at').notNull(),
  expiresAt: instant('expires_at').notNull(),
})

/** One pharmacy and role that Pro Santé Connect says this person may act for. */
export type OfferedActivity = { readonly pharmacyId: string; readonly role: Role }
export const sessionEndReasons = ['signed-out', 'idle', 'expired', 'replaced', 'revoked'] as const
export type SessionEndReason = (typeof sessionEndReasons)[number]

export const sessions = pgTable('sessions', {
  id: uuid('id').primaryKey(),
  tokenHash: bytea('token_hash').notNull(),
  professionalId: uuid('professional_id').notNull(),
  pharmacyId: uuid('pharmacy_id'),
  role: text('role').$type<Role>(),
  activities: jsonb('activities').$type<readonly OfferedActivity[]>().notNull(),
  sealedIdToken: bytea('sealed_id_token'),
  createdAt: instant('created_at').notNull(),
  lastSeenAt: instant('last_seen_at').notNull(),
  expiresAt: instant('expires_at').notNull(),
  endedAt: instant('ended_at'),
  endReason: text('end_reason').$type<SessionEndReason>(),
})

export const screenings = pgTable('screenings', {
  versionId: uuid('version_id').primaryKey(),
  screeningId: uuid('screening_id').notNull(),
  pharmacyId: uuid('pharmacy_id').notNull(),
  version: integer('version').notNull(),
  status: text('status').$type<ScreeningStatus>().notNull(),
  keyRef: uuid('key_ref').notNull(),
  patient: sealed<Patient>('patient').notNull(),
  act: sealed<Act>('act').notNull(),
  reason: sealed<string>('reason'),
  draftedBy: uuid('drafted_by').notNull(),
  signedBy: uuid('signed_by'),
  signedRole: text('signed_role').$type<Author['role']>(),
  capturedAt: instant('captured_at').notNull(),
  signedAt: instant('signed_at'),
  /** `version.bits.value` (crypto/patient-indexes.ts); null: written by a release before, erased, or left. */
  identityIndex: text('identity_index'),
  insIndex: text('ins_index'),
  /** Destinations that this version was declared to, as its commit said; null where an earlier release wrote it. */
  declaredTo: text('declared_to').array(),
  /** When patient and act left, their retention over: both are empty then, under no key. */
  payloadLeftAt: instant('payload_left_at'),
})

export const declarations = pgTable('declarations', {
  id: uuid('id').primaryKey(),
  pharmacyId: uuid('pharmacy_id').notNull(),
  screeningId: uuid('screening_id').notNull(),
  versionId: uuid('version_id').notNull(),
  version: integer('version').notNull(),
  destination: text('destination').notNull(),
  kind: text('kind').$type<DeclarationKind>().notNull(),
  replacesVersion: integer('replaces_version'),
  state: text('state').$type<DeclarationState>().notNull(),
  /** The state as indexes see it: whatever a worker can move or holds is `open`, so that claims and marks change the row in place. */
  standing: text('standing')
    .$type<Exclude<DeclarationState, 'queued' | 'claimed' | 'sent'> | 'open'>()
    .notNull()
    .generatedAlwaysAs(sql`case when state in ('queued', 'claimed', 'sent') then 'open' else state end`),
  controlId: text('control_id').notNull(),
  dueAt: instant('due_at').notNull().defaultNow(),
  epoch: bigint('epoch', { mode: 'number' }).notNull().default(0),
  claimedBy: text('claimed_by'),
  leaseUntil: instant('lease_until'),
  attemptCount: integer('attempt_count').notNull().default(0),
  code: text('code').$type<FailureCode>(),
  location: text('location'),
  createdAt: instant('created_at').notNull().defaultNow(),
  settledAt: instant('settled_at'),
})

export const attempts = pgTable(
  'attempts',
  {
    declarationId: uuid('declaration_id').notNull(),
    epoch: bigint('epoch', { mode: 'number' }).notNull(),
    pharmacyId: uuid('pharmacy_id').notNull(),
    worker: text('worker').notNull(),
    startedAt: instant('started_at').notNull(),
    endedAt: instant('ended_at'),
    outcome: text('outcome').$type<Outcome['class']>(),
    code: text('code').$type<FailureCode>(),
    messageSha256: text('message_sha256'),
  },
  (table) => [primaryKey({ columns: [table.declarationId, table.epoch] })],
)

export const receipts = pgTable('receipts', {
  declarationId: uuid('declaration_id').primaryKey(),
  pharmacyId: uuid('pharmacy_id').notNull(),
  destination: text('destination').notNull(),
  controlId: text('control_id').notNull(),
  reference: text('reference'),
  answerSha256: text('answer_sha256').notNull(),
  receivedAt: instant('received_at').notNull(),
  /** Whether this receipt was owed a charge when it came. */
  billed: boolean('billed').notNull().default(false),
})

/** Negative amounts are credits. */
export const charges = pgTable(
  'charges',
  {
    screeningId: uuid('screening_id').notNull(),
    kind: text('kind').$type<'charge' | 'credit'>().notNull(),
    pharmacyId: uuid('pharmacy_id').notNull(),
    declarationId: uuid('declaration_id').notNull(),
    destination: text('destination').notNull(),
    chargedAt: instant('charged_at').notNull(),
    chargedOn: date('charged_on', { mode: 'string' })
      .notNull()
      .generatedAlwaysAs(sql`((charged_at at time zone 'Europe/Paris')::date)`),
    amountCents: integer('amount_cents').notNull(),
    currency: text('currency').$type<'EUR'>().notNull(),
    tariffId: text('tariff_id').notNull(),
    demonstration: boolean('demonstration').notNull(),
  },
  (table) => [primaryKey({ columns: [table.screeningId, table.kind] })],
)

/** One row for each declaration in the state `received`: who said that the destination holds it, and why. */
export const receivedByHand = pgTable('received_by_hand', {
  declarationId: uuid('declaration_id').primaryKey(),
  pharmacyId: uuid('pharmacy_id').notNull(),
  was: text('was').$type<ReceivableState>().notNull(),
  code: text('code').$type<FailureCode>(),
  reason: sealed<string>('reason').notNull(),
  decidedBy: uuid('decided_by'),
  operator: text('operator'),
  decidedAt: instant('decided_at').notNull(),
})

export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    pharmacyId: uuid('pharmacy_id').notNull(),
    keySha256: bytea('key_sha256').notNull(),
    bodyMac: bytea('body_mac').notNull(),
    screeningId: uuid('screening_id').notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.pharmacyId, table.keySha256] })],
)

/** What an event may say beyond its columns: codes, counts and ids only; the type admits no free object. */
export type AuditDetails = Readonly<Record<string, string | number | boolean>>

export const auditEvents = pgTable('audit_events', {
  seq: bigint('seq', { mode: 'number' }).generatedAlwaysAsIdentity().primaryKey(),
  at: instant('at').notNull(),
  actorKind: text('actor_kind').$type<'professional' | 'system' | 'anonymous'>().notNull(),
  professionalId: uuid('professional_id'),
  sessionId: uuid('session_id'),
  pharmacyId: uuid('pharmacy_id'),
  action: text('action').notNull(),
  outcome: text('outcome').$type<'done' | 'denied' | 'failed'>().notNull(),
  code: text('code'),
  objectType: text('object_type'),
  objectId: uuid('object_id'),
  requestId: uuid('request_id'),
  clientAddress: inet('client_address'),
  details: jsonb('details').$type<AuditDetails>().notNull().default({}),
})
