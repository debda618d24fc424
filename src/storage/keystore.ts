/** The key store in its own PostgreSQL database, under its own role. */
import postgres, { type Sql } from 'postgres'
import type { BlockMember, KeyBlockRow, KeyStore, RecordKeyRow, TenantKeyRow } from '../crypto/key-store.ts'
import { knownTypes } from './array-types.ts'
import { trackUnderWay } from './under-way.ts'

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
    ...knownTypes,
    max: options.connectionsMax ?? connectionsMaxDefault,
    connect_timeout: Math.max(1, Math.ceil(timeoutMs / 1000)),
    backoff: () => 0.2,
    connection: { application_name: 'passerelle-keys', statement_timeout: timeoutMs },
    onnotice: () => undefined,
  })
  const underWay = trackUnderWay()
  const ask = <Answer>(question: PromiseLike<Answer>) => underWay.track(within(timeoutMs, question))
  return {
    sql,
    findPrimaryTenantKey: (pharmacyId, purpose) => ask(findPrimary(sql, pharmacyId, purpose)),
    findTenantKeys: (ids) => ask(findTenantKeys(sql, ids)),
    addTenantKey: (row, createdAt) => ask(addTenantKey(sql, row, createdAt)),
    addKeyBlock: (block, members, reservedAt) => ask(addKeyBlock(sql, block, members, reservedAt)),
    findRecordKeys: (refs) => ask(findRecordKeys(sql, refs)),
    close: async () => {
      await underWay.settled(timeoutMs)
      await sql.end({ timeout: 0 })
    },
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

/** The share lock makes a rotation wait for us, or us for it: no block is ever added under a tenant key that has been replaced. */
async function addKeyBlock(sql: Sql, block: KeyBlockRow, members: readonly BlockMember[], reservedAt: Date): Promise<boolean> {
  const { id, pharmacyId, tenantKeyId } = block
  const refs = members.map((member) => member.ref)
  const wrapped = members.map((member) => Buffer.from(member.wrapped).toString('hex'))
  const added = await sql`
    with live as (select id from tenant_keys
      where id = ${tenantKeyId} and pharmacy_id = ${pharmacyId} and purpose = 'records' and is_primary for share),
    block as (insert into key_blocks (id, pharmacy_id, tenant_key_id, wrapped)
      select ${id}::uuid, ${pharmacyId}::uuid, live.id, ${Buffer.from(block.wrapped)}::bytea from live returning id)
    insert into record_keys (ref, pharmacy_id, block_id, wrapped, reserved_at)
    select r.ref, ${pharmacyId}::uuid, block.id, decode(r.wrapped, 'hex'), ${reservedAt}::timestamptz
    from block, unnest(${refs}::uuid[], ${wrapped}::text[]) as r (ref, wrapped)`
  return added.count === members.length
}

type JoinedRow = Omit<RecordKeyRow, 'block'> & { readonly blockId: string | null; readonly blockWrapped: Uint8Array | null }

async function findRecordKeys(sql: Sql, refs: readonly string[]): Promise<readonly RecordKeyRow[]> {
  const rows = await sql<JoinedRow[]>`select r.ref, r.pharmacy_id as "pharmacyId", r.wrapped,
      coalesce(b.tenant_key_id, r.tenant_key_id) as "tenantKeyId", b.id as "blockId", b.wrapped as "blockWrapped"
    from record_keys as r left join key_blocks as b on b.id = r.block_id
    where r.ref = any(${refs as string[]}::uuid[])`
  return rows.map(({ blockId, blockWrapped, ...row }) => {
    return { ...row, block: blockId && blockWrapped ? { id: blockId, wrapped: blockWrapped } : null }
  })
}

function within<Answer>(timeoutMs: number, question: PromiseLike<Answer>): Promise<Answer> {
  return new Promise((done, failed) => {
    const timer = setTimeout(() => failed(new KeyStoreTimeout(`the key store did not answer in ${timeoutMs} ms`)), timeoutMs)
    question.then(done, failed).then(() => clearTimeout(timer))
  })
}
