/** Whether a declaration may be at its destination though no receipt says so: the one place where SQL decides it. */
import { type SQL, sql } from 'drizzle-orm'
import { heldAlready } from '../domain/failure-codes.ts'

/** Of a try `a`: nobody knows what became of it, or the far side said that it held the message before. */
export const leavesDoubt = sql`(a.outcome is null or a.outcome = 'ambiguous' or a.code = ${heldAlready})`

/** Of the row of `declarations` that goes by this name in the statement. */
export function mayBeThere(declaration: SQL): SQL<boolean> {
  return sql`(${declaration}.code is not distinct from ${heldAlready}
    or exists (select from attempts a where a.declaration_id = ${declaration}.id and ${leavesDoubt}))`
}
