/** Every verb of the product, bound to its dependencies: what routes and pages are given, and all that they may do. */
import type { Result } from '../base/result.ts'
import type { Professional, RequestContext } from '../domain/actor.ts'
import type { CaptureInput, FieldProblem } from '../domain/capture-fields.ts'
import type { ReasonProblem } from '../domain/reason.ts'
import type { StoppedFilter } from '../domain/stopped.ts'
import type {
  Captured,
  ChangePreview,
  Corrected,
  CorrectionProblem,
  DuplicateView,
  LedgerDayDetail,
  LedgerView,
  RetryBatchView,
  RetryPreview,
  ScreeningList,
  ScreeningView,
  StoppedList,
  VersionView,
} from './views.ts'

/** Which stopped declarations of the pharmacy; null: whichever. */
export type RetryGroup = Pick<StoppedFilter, 'destination' | 'state' | 'code'>

/**
 * All throw `GatewayError`: `forbidden` (the role may not), `not-found` (not there, or another pharmacy's: the same answer),
 * `conflict` (the key was used for another body, or somebody else was faster), `unavailable` (nothing was stored; try again).
 */
export type Actions = {
  /** Stores a screening and its declarations in one commit; a preparer's becomes a draft. `idempotencyKey`: 16–64 characters, made with the form. */
  captureScreening(
    actor: Professional,
    input: { readonly fields: CaptureInput; readonly idempotencyKey: string },
    request: RequestContext,
  ): Promise<Result<Captured, readonly FieldProblem[]>>
  /**
   * Screenings of the same person captured today that this form would double, for a warning; none where the form is not in order,
   * where this very request was stored before, or where the keys cannot be asked just now.
   */
  findDuplicates(
    actor: Professional,
    input: { readonly fields: CaptureInput; readonly idempotencyKey: string },
    request: RequestContext,
  ): Promise<readonly DuplicateView[]>
  /** A pharmacist signs a draft, with the fields as they read now. */
  signScreening(
    actor: Professional,
    input: { readonly screeningId: string; readonly fields: CaptureInput; readonly idempotencyKey: string },
    request: RequestContext,
  ): Promise<Result<Captured, readonly FieldProblem[]>>
  /** What a correction or a cancellation would do, and at which destinations. `conflict`: nothing is in force. */
  previewChange(
    actor: Professional,
    input: { readonly screeningId: string; readonly intent: 'correct' | 'cancel' },
    request: RequestContext,
  ): Promise<ChangePreview>
  /**
   * Replaces a signed screening by a corrected version; `reason` (3 to 300 characters) is kept sealed. `version` is the one that
   * the person read; `conflict`: it is not in force (any more).
   */
  correctScreening(
    actor: Professional,
    input: {
      readonly screeningId: string
      readonly version: number
      readonly fields: CaptureInput
      readonly reason: string
      readonly idempotencyKey: string
    },
    request: RequestContext,
  ): Promise<Result<Corrected, CorrectionProblem>>
  /** Withdraws a signed screening, of which `version` was read; cannot be undone. */
  cancelScreening(
    actor: Professional,
    input: {
      readonly screeningId: string
      readonly version: number
      readonly reason: string
      readonly idempotencyKey: string
    },
    request: RequestContext,
  ): Promise<Result<Corrected, CorrectionProblem>>
  /**
   * Sends a parked declaration again, once a person has decided so; or one refused in the version in force, once what was wrong is
   * mended. `conflict`: it is neither (any more). `not-configured`: the configuration has dropped its destination.
   */
  retryDeclaration(
    actor: Professional,
    input: { readonly screeningId: string; readonly declarationId: string },
    request: RequestContext,
  ): Promise<void>
  /**
   * Ends a stopped declaration because a person has seen that the destination holds it: no receipt, never billed. `reason` (3 to 300
   * characters) is kept sealed. `conflict`: it has not stopped (any more), nor waits for a destination that is not configured.
   */
  markReceived(
    actor: Professional,
    input: { readonly screeningId: string; readonly declarationId: string; readonly reason: string },
    request: RequestContext,
  ): Promise<Result<null, ReasonProblem>>
  /** What has stopped and waits for a person: in groups, and one page of them. `page` from 1. */
  listStopped(actor: Professional, input: { readonly page: number }, request: RequestContext): Promise<StoppedList>
  /** What a retry of many would send, before anything is decided. */
  previewRetry(actor: Professional, group: RetryGroup, request: RequestContext): Promise<RetryPreview>
  /**
   * Chooses them and has them sent again at a pace; above a bound a second person must approve. `conflict`: there is none left;
   * `not-configured`: there is, and only for destinations that the configuration has dropped.
   */
  retryMany(
    actor: Professional,
    input: RetryGroup & { readonly perSecond: number; readonly includeDoubtful: boolean },
    request: RequestContext,
  ): Promise<RetryBatchView>
  findRetryBatch(actor: Professional, batchId: string, request: RequestContext): Promise<RetryBatchView>
  /** `conflict`: it does not wait for anybody (any more), or for anybody but this person. */
  approveRetry(actor: Professional, batchId: string, request: RequestContext): Promise<void>
  /** Releases nothing more; what was released goes its way. `conflict`: it had ended. */
  stopRetry(actor: Professional, batchId: string, request: RequestContext): Promise<void>
  /** Every version, oldest first. */
  listVersions(actor: Professional, screeningId: string, request: RequestContext): Promise<readonly VersionView[]>
  /**
   * One month (`YYYY-MM`) of the pharmacy's ledger, or, for null, its last days; and what the month has cost. `bad-request`: no
   * month of this century, or one to come. One month is read at a time: 50 ms p95, whatever the past holds.
   */
  getLedger(actor: Professional, input: { readonly month: string | null }, request: RequestContext): Promise<LedgerView>
  /** One Paris day (`YYYY-MM-DD`) of the ledger, down to what differs and what is not at its end. `not-found`: no such day. */
  getLedgerDay(actor: Professional, day: string, request: RequestContext): Promise<LedgerDayDetail>
  getScreening(actor: Professional, screeningId: string, request: RequestContext): Promise<ScreeningView>
  /** The screenings captured on one day (`YYYY-MM-DD` in Paris). */
  listScreenings(actor: Professional, day: string, request: RequestContext): Promise<ScreeningList>
  /** Records that a door was tried and stayed shut: no session, wrong role, refused request. Never throws. */
  recordDenial(
    denial: { readonly actor: Professional | null; readonly route: string; readonly code: string },
    request: RequestContext,
  ): Promise<void>
}
