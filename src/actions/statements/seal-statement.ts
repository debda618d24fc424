/** Renders the files of a statement that was issued, signs their digests and stores them, once. */
import { assert } from '../../base/assert.ts'
import type { Statement } from '../../domain/statement.ts'
import { filesOf, manifestBytes, manifestOf } from '../../formats/statement/files.ts'
import { insertSealedFiles } from '../../storage/statements.ts'
import type { StatementDeps } from './deps.ts'

/** False where somebody else was faster: what is stored stays. */
export async function sealStatement(
  deps: Pick<StatementDeps, 'database' | 'clock' | 'signer' | 'fonts'>,
  issued: { readonly statement: Statement; readonly pharmacyId: string },
): Promise<boolean> {
  const { statement, pharmacyId } = issued
  assert(deps.signer, 'looked at before')
  const files = await filesOf(statement, await deps.fonts())
  const manifest = manifestOf(statement, files)
  const signature = await deps.signer.signDetached(manifestBytes(manifest))
  const { keyId } = deps.signer
  return deps.database.forPharmacy(pharmacyId, (tx) =>
    insertSealedFiles(tx, {
      number: statement.number,
      pharmacyId,
      files,
      manifest,
      signature,
      keyId,
      sealedAt: deps.clock.now(),
    }),
  )
}
