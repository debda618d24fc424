/** Binds every verb to its dependencies; the composition root calls it once. */
import type { Actions } from './actions.ts'
import { cancelScreening } from './cancel-screening.ts'
import { captureScreening } from './capture-screening.ts'
import { correctScreening } from './correct-screening.ts'
import type { ActionDeps } from './deps.ts'
import { getScreening } from './get-screening.ts'
import { listScreenings } from './list-screenings.ts'
import { listVersions } from './list-versions.ts'
import { previewChange } from './preview-change.ts'
import { recordDenial } from './record-denial.ts'
import { retryDeclaration } from './retry-declaration.ts'
import { signScreening } from './sign-screening.ts'

export function bindActions(deps: ActionDeps, onAuditFailure: (cause: unknown) => void): Actions {
  return {
    captureScreening: captureScreening(deps),
    signScreening: signScreening(deps),
    previewChange: previewChange(deps),
    correctScreening: correctScreening(deps),
    cancelScreening: cancelScreening(deps),
    retryDeclaration: retryDeclaration(deps),
    listVersions: listVersions(deps),
    getScreening: getScreening(deps),
    listScreenings: listScreenings(deps),
    recordDenial: recordDenial(deps, onAuditFailure),
  }
}
