/** Renders the files of statements that were issued, signs their digests and stores them, once. */
import { assert } from '../../base/assert.ts'
import type { Statement } from '../../domain/statement.ts'
import { filesOf, manifestBytes, manifestOf } from '../../formats/statement/files.ts'
import { insertSealedFiles, type SealedFiles } from '../../storage/statements.ts'
import type { StatementDeps } from './deps.ts'

type SealDeps = Pick<StatementDeps, 'database' | 'clock' | 'signer' | 'fonts'>
export type IssuedStatement = { readonly statement: Statement; readonly pharmacyId: string }

/** One, in its pharmacy's own scope. False where somebody else was faster: what is stored stays. */
export async function sealStatement(deps: SealDeps, issued: IssuedStatement): Promise<boolean> {
  const sealed = await seal(deps, issued)
  return deps.database.forPharmacy(issued.pharmacyId, (tx) => insertSealedFiles(tx, sealed))
}

/** A bounded set with one commit: a disk waits once and not for each. Answers how many were sealed here. */
export async function sealStatements(deps: SealDeps, issued: readonly IssuedStatement[]): Promise<number> {
  const sealed: SealedFiles[] = []
  for (const one of issued) sealed.push(await seal(deps, one))
  if (sealed.length === 0) return 0
  return deps.database.forWorker(async (tx) => {
    let stored = 0
    for (const one of sealed) if (await insertSealedFiles(tx, one)) stored += 1
    return stored
  })
}

async function seal(deps: SealDeps, { statement, pharmacyId }: IssuedStatement): Promise<SealedFiles> {
  assert(deps.signer, 'looked at before')
  const files = await filesOf(statement, await deps.fonts())
  const manifest = manifestOf(statement, files)
  const signature = await deps.signer.signDetached(manifestBytes(manifest))
  return {
    number: statement.number,
    pharmacyId,
    files,
    manifest,
    signature,
    keyId: deps.signer.keyId,
    sealedAt: deps.clock.now(),
  }
}
