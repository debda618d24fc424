/** Binds every verb to its dependencies; the composition root calls it once. */
import type { Actions } from './actions.ts'
import { cancelScreening } from './cancel-screening.ts'
import { captureScreening } from './capture-screening.ts'
import { correctScreening } from './correct-screening.ts'
import type { ActionDeps } from './deps.ts'
import { findDuplicates } from './find-duplicates.ts'
import { getLedger, getLedgerDay } from './get-ledger.ts'
import { getScreening } from './get-screening.ts'
import { listScreenings } from './list-screenings.ts'
import { listStoppedDeclarations } from './list-stopped.ts'
import { listVersions } from './list-versions.ts'
import { markReceived } from './mark-received.ts'
import { previewChange } from './preview-change.ts'
import { recordDenial } from './record-denial.ts'
import { retryDeclaration } from './retry-declaration.ts'
import { approveRetry, findRetryBatch, previewRetry, retryMany, stopRetry } from './retry-many.ts'
import { signScreening } from './sign-screening.ts'

export function bindActions(deps: ActionDeps, onAuditFailure: (cause: unknown) => void): Actions {
  return {
    captureScreening: captureScreening(deps),
    findDuplicates: findDuplicates(deps),
    signScreening: signScreening(deps),
    previewChange: previewChange(deps),
    correctScreening: correctScreening(deps),
    cancelScreening: cancelScreening(deps),
    retryDeclaration: retryDeclaration(deps),
    markReceived: markReceived(deps),
    listStopped: listStoppedDeclarations(deps),
    previewRetry: previewRetry(deps),
    retryMany: retryMany(deps),
    findRetryBatch: findRetryBatch(deps),
    approveRetry: approveRetry(deps),
    stopRetry: stopRetry(deps),
    listVersions: listVersions(deps),
    getLedger: getLedger(deps),
    getLedgerDay: getLedgerDay(deps),
    getScreening: getScreening(deps),
    listScreenings: listScreenings(deps),
    recordDenial: recordDenial(deps, onAuditFailure),
  }
}
