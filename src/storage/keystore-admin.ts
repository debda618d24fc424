/** Rotation, sweeping and erasure in the key store's database; set-based, since there are as many record keys as screenings. */
import type { Sql } from 'postgres'
import type { RecordKeyRow, TenantKeyRow } from '../crypto/key-store.ts'
import type { KeyCounts, KeyStoreAdmin, RecordKeyPlace, RootCount } from '../crypto/key-store-admin.ts'

const zeroId = '00000000-0000-0000-0000-000000000000'
/** A rewrap and a sweep can touch the same rows in another order: PostgreSQL ends one of them, which tries again. */
const deadlockTriesMax = 5
const retryableCodes = new Set(['40P01', '40001'])
const foreignKeyViolation = '23503'

/** Over the connections of an opened key store, or of any client of its database. */
export function createKeyStoreAdmin(sql: Sql): KeyStoreAdmin {
  const tenantColumns = sql`id, pharmacy_id as "pharmacyId", purpose, wrapped, root_kid as "rootKid"`
  return {
    countKeys: () => countKeys(sql),
    listTenantKeysNotUnder: (rootKid, afterId, limit) => sql<TenantKeyRow[]>`select ${tenantColumns} from tenant_keys
      where root_kid <> ${rootKid} and id > ${afterId ?? zeroId} order by id limit ${limit}`,
    rewrapTenantKey: async (row, next) => {
      const moved = await sql`update tenant_keys set wrapped = ${next.wrapped}, root_kid = ${next.rootKid}
        where id = ${row.id} and wrapped = ${row.wrapped}`
      return moved.count === 1
    },
    listTenantKeysToRotate: ({ pharmacyId, createdBefore, afterId, limit }) => sql<TenantKeyRow[]>`
      select ${tenantColumns} from tenant_keys as key
      where is_primary and purpose = 'records' and created_at < ${createdBefore} and id > ${afterId ?? zeroId}
        and (${pharmacyId}::uuid is null or pharmacy_id = ${pharmacyId}::uuid)
        and not exists (select from tenant_keys as replaced
          where replaced.pharmacy_id = key.pharmacy_id and replaced.purpose = 'records' and not replaced.is_primary)
      order by id limit ${limit}`,
    replacePrimaries: (pairs, createdAt) => replacePrimaries(sql, pairs, createdAt),
    findPrimaryTenantKeys: (pharmacyIds) => sql<TenantKeyRow[]>`select ${tenantColumns} from tenant_keys
      where is_primary and purpose = 'records' and pharmacy_id = any(${pharmacyIds as string[]}::uuid[])`,
    listReplacedTenantKeys: (afterId, limit) => sql<TenantKeyRow[]>`select ${tenantColumns} from tenant_keys
      where not is_primary and purpose = 'records' and id > ${afterId ?? zeroId} order by id limit ${limit}`,
    listRecordKeysToMove: (after, limit) => listRecordKeysToMove(sql, after, limit),
    moveRecordKeys: (moves) => retrying(() => moveRecordKeys(sql, moves)),
    destroyTenantKey: (id) => destroyTenantKey(sql, id),
    listUnswept: async (reservedBefore, limit) => {
      const rows = await sql<{ ref: string }[]>`select ref from record_keys
        where used_at is null and reserved_at < ${reservedBefore} order by reserved_at, ref limit ${limit}`
      return rows.map((row) => row.ref)
    },
    listKnownUsed: async (limit) => {
      const rows = await sql<{ ref: string }[]>`select ref from record_keys
        where used_at is not null order by used_at desc, reserved_at desc limit ${limit}`
      return rows.map((row) => row.ref)
    },
    markUsed: (refs, at) =>
      retrying(async () => {
        const marked =
          await sql`update record_keys set used_at = ${at} where ref = any(${refs as string[]}::uuid[]) and used_at is null`
        return marked.count
      }),
    eraseRecordKeys: (refs) =>
      retrying(async () => {
        const rows = await sql<
          { ref: string }[]
        >`delete from record_keys where ref = any(${refs as string[]}::uuid[]) returning ref`
        return rows.map((row) => row.ref)
      }),
    deleteUnused: (refs) =>
      retrying(async () => {
        const gone = await sql`delete from record_keys where ref = any(${refs as string[]}::uuid[]) and used_at is null`
        return gone.count
      }),
  }
}

async function countKeys(sql: Sql): Promise<KeyCounts> {
  const roots = await sql<RootCount[]>`select root_kid as "rootKid", count(*)::int as "tenantKeys" from tenant_keys
    group by root_kid order by root_kid`
  const [tenants] = await sql<{ primaries: number; replaced: number }[]>`select
      count(*) filter (where is_primary)::int as primaries,
      count(*) filter (where not is_primary)::int as replaced
    from tenant_keys`
  const [records] = await sql<{ all: number; replaced: number; unswept: number }[]>`select
      count(*)::int as all,
      count(*) filter (where not key.is_primary)::int as replaced,
      count(*) filter (where used_at is null)::int as unswept
    from record_keys join tenant_keys as key on key.id = tenant_key_id`
  return {
    roots,
    primaryTenantKeys: tenants?.primaries ?? 0,
    replacedTenantKeys: tenants?.replaced ?? 0,
    recordKeys: records?.all ?? 0,
    recordKeysUnderReplaced: records?.replaced ?? 0,
    recordKeysUnswept: records?.unswept ?? 0,
  }
}

/** One transaction: there is never a moment in which a pharmacy has two primary keys, or none. */
function replacePrimaries(
  sql: Sql,
  pairs: readonly { readonly oldId: string; readonly next: TenantKeyRow }[],
  createdAt: Date,
): Promise<readonly string[]> {
  return sql.begin(async (tx) => {
    const oldIds = pairs.map((pair) => pair.oldId)
    const replaced = await tx<{ id: string }[]>`update tenant_keys set is_primary = false
      where id = any(${oldIds}::uuid[]) and is_primary returning id`
    const won = new Set(replaced.map((row) => row.id))
    const added = pairs.filter((pair) => won.has(pair.oldId)).map(({ next }) => next)
    await tx`insert into tenant_keys (id, pharmacy_id, purpose, wrapped, root_kid, is_primary, created_at)
      select id, pharmacy_id, 'records', wrapped, root_kid, true, ${createdAt}::timestamptz from unnest(
        ${added.map((row) => row.id)}::uuid[], ${added.map((row) => row.pharmacyId)}::uuid[],
        ${added.map((row) => row.wrapped)}::text[], ${added.map((row) => row.rootKid)}::text[]
      ) as next (id, pharmacy_id, wrapped, root_kid)`
    return [...won]
  })
}

/**
 * Walks the index of (tenant key, ref), one replaced key after the other, and stops at `limit`: nothing is read twice. Bitmaps and
 * scans are ruled out, since with old statistics the planner would sort all of a large pharmacy's rows for each batch of them.
 */
function listRecordKeysToMove(sql: Sql, after: RecordKeyPlace | null, limit: number): Promise<readonly RecordKeyRow[]> {
  return sql.begin(async (tx) => {
    await tx`select set_config('enable_bitmapscan', 'off', true), set_config('enable_seqscan', 'off', true)`
    return selectRecordKeysToMove(tx, after, limit)
  })
}

/** Apart, so that a test can explain it. */
export function selectRecordKeysToMove(
  sql: Pick<Sql, 'unsafe'>,
  after: RecordKeyPlace | null,
  limit: number,
  prefix: '' | 'explain' = '',
): Promise<readonly RecordKeyRow[]> {
  return sql.unsafe<RecordKeyRow[]>(
    `${prefix} select r.ref, r.pharmacy_id as "pharmacyId", r.tenant_key_id as "tenantKeyId", r.wrapped
    from (select id from tenant_keys
      where not is_primary and purpose = 'records' and id >= $1::uuid order by id) as old,
    lateral (select * from record_keys
      where tenant_key_id = old.id and ref > case when old.id = $1::uuid then $2::uuid else '${zeroId}'::uuid end
      order by ref limit $3) as r
    order by old.id, r.ref limit $3`,
    [after?.tenantKeyId ?? zeroId, after?.ref ?? zeroId, limit],
    { prepare: prefix === '' },
  )
}

/** Rows erased meanwhile stay erased, and rows moved meanwhile stay where they are: both conditions stand in the statement. */
async function moveRecordKeys(
  sql: Sql,
  moves: readonly { readonly from: string; readonly row: RecordKeyRow }[],
): Promise<number> {
  const refs = moves.map(({ row }) => row.ref)
  const from = moves.map((move) => move.from)
  const to = moves.map(({ row }) => row.tenantKeyId)
  const wrapped = moves.map(({ row }) => Buffer.from(row.wrapped).toString('hex'))
  const moved = await sql`update record_keys as r set tenant_key_id = next.key_id, wrapped = decode(next.wrapped, 'hex')
    from unnest(${refs}::uuid[], ${from}::uuid[], ${to}::uuid[], ${wrapped}::text[]) as next (ref, old_id, key_id, wrapped)
    where r.ref = next.ref and r.tenant_key_id = next.old_id`
  return moved.count
}

async function destroyTenantKey(sql: Sql, id: string): Promise<'destroyed' | 'needed' | 'gone'> {
  try {
    // The foreign key of record_keys is the guard: PostgreSQL itself refuses while one row still needs this key.
    const gone = await sql`delete from tenant_keys where id = ${id} and purpose = 'records' and not is_primary`
    if (gone.count === 1) return 'destroyed'
    const [left] = await sql`select from tenant_keys where id = ${id}`
    return left ? 'needed' : 'gone'
  } catch (cause) {
    if (codeOf(cause) === foreignKeyViolation) return 'needed'
    throw cause
  }
}

async function retrying<Answer>(run: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    try {
      return await run()
    } catch (cause) {
      if (!retryableCodes.has(codeOf(cause)) || tries >= deadlockTriesMax) throw cause
    }
  }
}

function codeOf(cause: unknown): string {
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : ''
}
