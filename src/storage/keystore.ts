/** The key store in its own PostgreSQL database, under its own role. */
import postgres, { type Sql } from 'postgres'
import type { KeyStore, RecordKeyRow, TenantKeyRow } from '../crypto/key-store.ts'

export type OpenKeyStoreOptions = {
  readonly connectionsMax?: number
  /** Bound of each question, connecting included: a store that hangs is a store that is down. */
  readonly timeoutMs?: number
}

export type OpenedKeyStore = KeyStore & { readonly sql: Sql; close(): Promise<void> }

const connectionsMaxDefault = 4
const timeoutMsDefault = 3000

/** Connects lazily; `url` carries the role. Questions reject when the store is away or takes longer than `timeoutMs`. */
export function openKeyStore(url: string, options: OpenKeyStoreOptions = {}): OpenedKeyStore {
  const timeoutMs = options.timeoutMs ?? timeoutMsDefault
  const sql = postgres(url, {
    max: options.connectionsMax ?? connectionsMaxDefault,
    connect_timeout: Math.max(1, Math.ceil(timeoutMs / 1000)),
    backoff: () => 0.2,
    connection: { application_name: 'passerelle-keys', statement_timeout: timeoutMs },
    onnotice: () => undefined,
  })
  const ask = <Answer>(question: PromiseLike<Answer>) => within(timeoutMs, question)
  return {
    sql,
    findPrimaryTenantKey: (pharmacyId, purpose) => ask(findPrimary(sql, pharmacyId, purpose)),
    findTenantKeys: (ids) => ask(findTenantKeys(sql, ids)),
    addTenantKey: (row, createdAt) => ask(addTenantKey(sql, row, createdAt)),
    addRecordKeys: (rows, reservedAt) => ask(addRecordKeys(sql, rows, reservedAt)),
    findRecordKeys: (refs) => ask(findRecordKeys(sql, refs)),
    close: () => sql.end({ timeout: timeoutMs / 1000 }),
  }
}

export class KeyStoreTimeout extends Error {
  override readonly name = 'KeyStoreTimeout'
}

const tenantColumns = ['id', 'pharmacy_id as "pharmacyId"', 'purpose', 'wrapped', 'root_kid as "rootKid"'].join(', ')

async function findPrimary(sql: Sql, pharmacyId: string, purpose: string): Promise<TenantKeyRow | null> {
  const [row] = await sql<TenantKeyRow[]>`select ${sql.unsafe(tenantColumns)} from tenant_keys
    where pharmacy_id = ${pharmacyId} and purpose = ${purpose} and is_primary`
  return row ?? null
}

function findTenantKeys(sql: Sql, ids: readonly string[]): PromiseLike<readonly TenantKeyRow[]> {
  return sql<TenantKeyRow[]>`select ${sql.unsafe(tenantColumns)} from tenant_keys where id = any(${ids as string[]}::uuid[])`
}

async function addTenantKey(sql: Sql, row: TenantKeyRow, createdAt: Date): Promise<TenantKeyRow> {
  // Two statements: the second sees a row that another replica committed while the first waited for it.
  const added = await sql`insert into tenant_keys (id, pharmacy_id, purpose, wrapped, root_kid, is_primary, created_at)
    values (${row.id}, ${row.pharmacyId}, ${row.purpose}, ${row.wrapped}, ${row.rootKid}, true, ${createdAt})
    on conflict (pharmacy_id, purpose) where is_primary do nothing`
  if (added.count === 1) return row
  const standing = await findPrimary(sql, row.pharmacyId, row.purpose)
  if (!standing) throw new Error('a tenant key was added and taken away at once')
  return standing
}

/** The share lock makes a rotation wait for us, or us for it: no key is ever added under a tenant key that has been replaced. */
async function addRecordKeys(sql: Sql, rows: readonly [RecordKeyRow, ...RecordKeyRow[]], reservedAt: Date): Promise<boolean> {
  const { tenantKeyId, pharmacyId } = rows[0]
  const refs = rows.map((row) => row.ref)
  const wrapped = rows.map((row) => Buffer.from(row.wrapped).toString('hex'))
  const added = await sql`
    with live as (select id from tenant_keys
      where id = ${tenantKeyId} and pharmacy_id = ${pharmacyId} and purpose = 'records' and is_primary for share)
    insert into record_keys (ref, pharmacy_id, tenant_key_id, wrapped, reserved_at)
    select r.ref, ${pharmacyId}::uuid, live.id, decode(r.wrapped, 'hex'), ${reservedAt}::timestamptz
    from live, unnest(${refs}::uuid[], ${wrapped}::text[]) as r (ref, wrapped)`
  return added.count === rows.length
}

function findRecordKeys(sql: Sql, refs: readonly string[]): PromiseLike<readonly RecordKeyRow[]> {
  return sql<RecordKeyRow[]>`select ref, pharmacy_id as "pharmacyId", tenant_key_id as "tenantKeyId", wrapped
    from record_keys where ref = any(${refs as string[]}::uuid[])`
}

function within<Answer>(timeoutMs: number, question: PromiseLike<Answer>): Promise<Answer> {
  return new Promise((done, failed) => {
    const timer = setTimeout(() => failed(new KeyStoreTimeout(`the key store did not answer in ${timeoutMs} ms`)), timeoutMs)
    question.then(done, failed).then(() => clearTimeout(timer))
  })
}
