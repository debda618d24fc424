/** What actions answer: opened for the one who asked, in the words of the product, with nothing of storage in it. */
import type { FieldProblem } from '../domain/capture-fields.ts'
import type { Consequence } from '../domain/correction-plan.ts'
import type { DeclarationKind, DeclarationState } from '../domain/declaration.ts'
import type { FailureCode } from '../domain/failure-codes.ts'
import type { LedgerCounts, LedgerProblem, LedgerRule } from '../domain/ledger.ts'
import type { Patient } from '../domain/patient.ts'
import type { Act, AnalyteResult, ScreeningStatus } from '../domain/screening.ts'
import type { StoppedCount, StoppedState } from '../domain/stopped.ts'

export type PersonName = { readonly familyName: string; readonly givenName: string }

export type ReceiptView = { readonly reference: string | null; readonly receivedAt: Date }

export type DeclarationView = {
  readonly declarationId: string
  readonly destinationId: string
  readonly destinationLabel: string
  /** True where the destination's message profile is ours, not a published one: pages must say so. */
  readonly assumedFormat: boolean
  /** False where the configuration has dropped the destination: nothing is sent there. */
  readonly configured: boolean
  /** Of the screening: an earlier one's declarations stay beside those of the newest. */
  readonly version: number
  readonly kind: DeclarationKind
  readonly state: DeclarationState
  readonly code: FailureCode | null
  /** Field path that the destination named, like `PID-3`. */
  readonly location: string | null
  readonly controlId: string
  readonly attemptCount: number
  /** When the next attempt is due, while the declaration is queued. */
  readonly dueAt: Date
  readonly createdAt: Date
  readonly settledAt: Date | null
  readonly receipt: ReceiptView | null
}

export type ScreeningView = {
  readonly screeningId: string
  readonly version: number
  readonly status: ScreeningStatus
  readonly patient: Patient
  readonly act: Act
  readonly capturedAt: Date
  readonly signedAt: Date | null
  readonly draftedBy: PersonName
  readonly signedBy: PersonName | null
  readonly declarations: readonly DeclarationView[]
}

/** How far a screening has come, over all of its declarations: the worst state speaks. */
export type Progress = 'draft' | 'queued' | 'sent' | 'accepted' | 'rejected' | 'parked' | 'cancelled' | 'received'

export type ScreeningSummary = {
  readonly screeningId: string
  readonly status: ScreeningStatus
  readonly capturedAt: Date
  readonly birthName: string
  readonly birthFirstName: string
  readonly birthDate: string
  readonly results: readonly AnalyteResult[]
  readonly progress: Progress
}

export type ScreeningList = {
  /** `YYYY-MM-DD`, a day in Paris. */
  readonly day: string
  /** Newest first, at most `listLengthMax`. */
  readonly items: readonly ScreeningSummary[]
  readonly truncated: boolean
}

/** Stopped declarations of one destination, state and reason, of which a page says one sentence. */
export type StoppedGroup = StoppedCount & {
  readonly destinationLabel: string
  readonly assumedFormat: boolean
  /** False where the configuration has dropped the destination: nothing is sent there. */
  readonly configured: boolean
}

export type StoppedItem = {
  readonly screeningId: string
  readonly declarationId: string
  readonly destinationLabel: string
  readonly kind: DeclarationKind
  readonly state: StoppedState
  readonly code: FailureCode | null
  readonly location: string | null
  /** True where sending it again unseen may make it count twice. */
  readonly doubtful: boolean
  readonly stoppedAt: Date | null
  readonly birthName: string
  readonly birthFirstName: string
  readonly birthDate: string
}

export type StoppedList = {
  readonly groups: readonly StoppedGroup[]
  /** One page of them, oldest capture first. */
  readonly items: readonly StoppedItem[]
  readonly total: number
  /** From 1. */
  readonly page: number
  readonly pages: number
  readonly batches: readonly RetryBatchView[]
}

/** How forwarding stands for one pharmacy, for the banner: only what is not as it should be. */
export type Standing = {
  /** Stopped, and waiting for a person. */
  readonly stopped: number
  /** Corrections and cancellations behind one of these: they leave by themselves once it is decided. */
  readonly held: number
  /** Since when nothing was captured here, at a time at which something usually is; null where all is as usual. */
  readonly quietSince: Date | null
  readonly destinations: readonly {
    readonly label: string
    readonly state: 'paused' | 'silent' | 'recovering' | 'delayed' | 'not-configured'
    /** Of this pharmacy. */
    readonly waiting: number
    readonly pausedForMs: number | null
    readonly expectedDelayMs: number | null
  }[]
}

export type RetryPreview = {
  readonly destinationLabel: string | null
  /** What would be sent again; at most `retryMax` at once. */
  readonly count: number
  /** Left out unless the person says that they looked. */
  readonly doubtful: number
  /** Left out: the configuration has dropped their destination. */
  readonly notConfigured: number
  readonly needsApproval: boolean
  readonly aloneMax: number
  /** What the one who looks has chosen without a second person within a day: it counts towards `aloneMax`. */
  readonly aloneBefore: number
  readonly perSecond: number
}

export type RetryBatchView = {
  readonly batchId: string
  readonly destinationLabel: string | null
  readonly stoppedState: StoppedState | null
  readonly code: FailureCode | null
  /** `waiting`: for a second person. */
  readonly state: 'waiting' | 'running' | 'stopped' | 'done'
  readonly requestedAt: Date
  readonly endedAt: Date | null
  /** True where the one who looks may let it run: somebody else asked for it. */
  readonly mayApprove: boolean
  readonly byOperator: boolean
  readonly perSecond: number
  readonly chosen: number
  readonly released: number
  /** Sent again or ended some other way before its turn came. */
  readonly skipped: number
}

export type Captured = {
  readonly screeningId: string
  /** `draft` where a preparer captured: nothing leaves before a pharmacist signs. */
  readonly status: 'draft' | 'signed'
  /** True where the same idempotency key had stored it before: nothing was stored twice. */
  readonly replayed: boolean
}

/** A screening of the same person on the same day. */
export type DuplicateView = { readonly screeningId: string; readonly capturedAt: Date }

export type Corrected = {
  readonly screeningId: string
  /** True where the same idempotency key had done it before. */
  readonly replayed: boolean
}

/** What a change would do at each destination, beside what it would change. */
export type ChangePreview = {
  readonly screening: ScreeningView
  readonly steps: readonly ChangeStep[]
}

export type ChangeStep = {
  readonly destinationLabel: string
  readonly assumedFormat: boolean
  readonly consequence: Consequence
}

/** What keeps a correction or a cancellation from being stored. */
export type CorrectionProblem = {
  readonly fields: readonly FieldProblem[]
  readonly reason: 'required' | 'too-short' | 'too-long' | 'forbidden-character' | null
}

export type VersionView = {
  readonly version: number
  readonly status: ScreeningStatus
  readonly patient: Patient
  readonly act: Act
  /** Why this version was made; null for the first. */
  readonly reason: string | null
  readonly signedAt: Date | null
  readonly signedBy: PersonName | null
}

export type LedgerLineView = {
  readonly destinationLabel: string
  readonly counts: LedgerCounts
  /** The equalities that it breaks; none where it balances. */
  readonly broken: readonly LedgerRule[]
}

export type LedgerDayView = {
  readonly day: string
  readonly counts: LedgerCounts
  readonly balanced: boolean
  readonly lines: readonly LedgerLineView[]
}

export type LedgerView = {
  readonly from: string
  readonly to: string
  /** Newest first; days without a declaration are left out. */
  readonly days: readonly LedgerDayView[]
  readonly total: { readonly counts: LedgerCounts; readonly balanced: boolean }
  /** True: the days are those of `month`. False: they are the last ones. */
  readonly wholeMonth: boolean
  /** `YYYY-MM`: the month of `charged`. */
  readonly month: string
  /** The month under way, in Paris. */
  readonly currentMonth: string
  /** Null where nothing was signed before `month`. */
  readonly previousMonth: string | null
  /** Null where `month` is the one under way. */
  readonly nextMonth: string | null
  /** What `month` has cost so far, VAT not included: by the day of the receipts, while days are those of the signatures. */
  readonly charged: { readonly charges: number; readonly credits: number; readonly cents: number }
}

export type LedgerItemView = {
  readonly screeningId: string
  readonly declarationId: string | null
  readonly destinationLabel: string
  readonly kind: DeclarationKind | null
  readonly state: DeclarationState | null
  readonly problem: LedgerProblem | null
}

export type LedgerDayDetail = LedgerDayView & {
  /** `YYYY-MM`, where its month may be read; null for a day to come. */
  readonly month: string | null
  readonly differing: readonly LedgerItemView[]
  /** Waiting, under way, parked or refused. */
  readonly open: readonly LedgerItemView[]
}
