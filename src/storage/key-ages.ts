/** How old the keys that wrap are, from the key store: for metrics and `doctor`. */
import type { Sql } from 'postgres'

export type KeyAges = {
  /** Of the oldest primary tenant key, ms; null where there is none yet. */
  readonly tenantAgeMs: number | null
  /** Root keys by name, each with how many tenant keys it wraps. */
  readonly roots: readonly { readonly kid: string; readonly tenantKeys: number }[]
}

const rootsMax = 100

export async function readKeyAges(sql: Sql): Promise<KeyAges> {
  const [row] = await sql<{ tenantAgeMs: number | null }[]>`
    select (extract(epoch from now() - min(created_at)) * 1000)::float8 as "tenantAgeMs" from tenant_keys where is_primary`
  const roots = await sql<{ kid: string; tenantKeys: number }[]>`
    select root_kid as kid, count(*)::int as "tenantKeys" from tenant_keys group by root_kid order by root_kid limit ${rootsMax}`
  return { tenantAgeMs: row?.tenantAgeMs ?? null, roots }
}

/** PostgreSQL's own name for the server that holds a database: two databases with one name lie on one disk. Null where it may not be asked. */
export async function findServerIdentifier(sql: Sql): Promise<string | null> {
  try {
    const [row] = await sql<{ id: string }[]>`select system_identifier::text as id from pg_control_system()`
    return row?.id ?? null
  } catch {
    return null
  }
}
