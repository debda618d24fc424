/** How much is not done with, by destination and state: for metrics and for the banner, from the partial index of open rows. */
import { sql } from 'drizzle-orm'
import type { DeclarationState } from '../domain/declaration.ts'
import type { Tx } from './database.ts'

export type OpenCount = {
  readonly destination: string
  readonly state: Extract<DeclarationState, 'queued' | 'claimed' | 'sent' | 'parked'>
  readonly count: number
  readonly oldestAgeMs: number | null
}

export async function countOpenDeclarations(tx: Tx): Promise<readonly OpenCount[]> {
  const rows = await tx.execute<OpenCount & Record<string, unknown>>(sql`
    select destination, state, count(*)::int as count,
      (extract(epoch from now() - min(created_at)) * 1000)::float8 as "oldestAgeMs"
    from declarations where standing in ('queued', 'claimed', 'parked')
    group by destination, state`)
  return [...rows]
}
