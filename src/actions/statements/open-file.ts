/** One file of a statement, read within its pharmacy's own scope and traced with its number and format. */
import { appendEvent } from '../../audit/append-event.ts'
import type { Professional, RequestContext } from '../../domain/actor.ts'
import { GatewayError } from '../../domain/errors.ts'
import { isStatementNumber } from '../../domain/statement.ts'
import { fileName } from '../../formats/statement/files.ts'
import type { Tx } from '../../storage/database.ts'
import { findFile, findSeal, type StatementFormat } from '../../storage/statements.ts'
import { recordRefusal } from '../ensure-may.ts'
import type { StatementDeps } from './deps.ts'

export type StatementFile = { readonly name: string; readonly type: string; readonly bytes: Uint8Array }
/** The manifest and its signature are files too. */
export type FileKind = StatementFormat | 'manifest' | 'signature'
export type FileWanted = { readonly number: string; readonly kind: FileKind }

const types: Record<FileKind, string> = {
  pdf: 'application/pdf',
  xml: 'application/xml; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  json: 'application/json; charset=utf-8',
  manifest: 'application/json; charset=utf-8',
  signature: 'application/jose; charset=utf-8',
}

/**
 * The file, of a statement of the pharmacy in which `actor` acts. Throws `not-found` for every other number, with the trace of
 * the try. If we die after the commit, the trace names a download that did not arrive: never the reverse.
 */
export async function openStatementFile(
  deps: Pick<StatementDeps, 'database' | 'clock'>,
  actor: Professional,
  { number, kind }: FileWanted,
  request: RequestContext,
): Promise<StatementFile> {
  const bytes = await deps.database.forPharmacy(actor.pharmacyId, async (tx) => {
    const found = isStatementNumber(number) ? await readFile(tx, number, kind) : null
    const details = { number, format: kind }
    if (found !== null)
      await appendEvent(tx, {
        at: deps.clock.now(),
        actor,
        action: 'statement.download',
        outcome: 'done',
        request,
        details,
      })
    return found
  })
  if (bytes === null) return refuseFile(deps, actor, request)
  return { name: nameOf(number, kind), type: types[kind], bytes }
}

/** Not allowed and not there: one trace, one answer. */
export async function refuseFile(
  deps: Pick<StatementDeps, 'database' | 'clock'>,
  actor: Professional,
  request: RequestContext,
): Promise<never> {
  await recordRefusal(deps, actor, request, { action: 'statement.download', code: 'not-found' })
  throw new GatewayError('not-found')
}

function nameOf(number: string, kind: FileKind): string {
  if (kind === 'manifest') return `${number}.manifest.json`
  return kind === 'signature' ? `${number}.manifest.jws` : fileName(number, kind)
}

async function readFile(tx: Tx, number: string, kind: FileKind): Promise<Uint8Array | null> {
  if (kind !== 'manifest' && kind !== 'signature') return findFile(tx, { number, format: kind })
  const seal = await findSeal(tx, number)
  return seal && new TextEncoder().encode(kind === 'manifest' ? seal.manifest : seal.signature)
}
