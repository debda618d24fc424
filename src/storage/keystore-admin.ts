/** Rotation, sweeping and erasure in the key store's database; set-based, since there are as many record keys as screenings. */
import type { PendingQuery, Row, Sql } from 'postgres'
import type { NewBlock } from '../crypto/key-blocks.ts'
import type { KeyBlockRow, RecordKeyRow, TenantKeyRow } from '../crypto/key-store.ts'
import type { KeyCounts, KeyPlace, KeyStoreAdmin, KeysLeft, RootCount } from '../crypto/key-store-admin.ts'
import { guardTransactions } from './guarded-client.ts'

const zeroId = '00000000-0000-0000-0000-000000000000'
/** A rewrap and a sweep can touch the same rows in another order: PostgreSQL ends one of them, which tries again. */
const deadlockTriesMax = 5
const retryableCodes = new Set(['40P01', '40001'])
const foreignKeyViolation = '23503'

/** Over the connections of an opened key store, or of any client of its database. */
export function createKeyStoreAdmin(client: Sql): KeyStoreAdmin {
  const sql = guardTransactions(client)
  const tenantColumns = sql`id, pharmacy_id as "pharmacyId", purpose, wrapped, root_kid as "rootKid"`
  return {
    countKeys: () => countKeys(sql),
    countKeyBlocksUnderReplaced: async () => {
      const [row] = await sql<{ blocks: number }[]>`select count(*)::int as blocks from tenant_keys as key
        join key_blocks on tenant_key_id = key.id where not is_primary and purpose = 'records'`
      return row?.blocks ?? 0
    },
    countLeft: (primaryRootKid) => countLeft(sql, primaryRootKid),
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
    listKeyBlocksToMove: (place, limit) => walking(sql, (tx) => selectKeyBlocksToMove(tx, place, limit)),
    moveKeyBlocks: (moves) => retrying(() => moveKeyBlocks(sql, moves)),
    listRecordKeysToMove: async (place, limit) => {
      const rows = await walking(sql, (tx) => selectRecordKeysToMove(tx, place, limit))
      return rows.map((row) => ({ ...row, block: null }))
    },
    moveIntoBlocks: (blocks) => retrying(() => moveIntoBlocks(sql, blocks)),
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
    eraseRecordKeys: (refs) => retrying(() => deleteRecordKeys(sql, refs, sql`true`)),
    deleteUnused: async (refs) => (await retrying(() => deleteRecordKeys(sql, refs, sql`used_at is null`))).length,
  }
}

/**
 * With what it empties: a block without members protects nothing. Two deletions at once that empty one block together both leave
 * it: a row that nobody needs, and no secret.
 */
async function deleteRecordKeys(sql: Sql, refs: readonly string[], condition: PendingQuery<Row[]>): Promise<readonly string[]> {
  const rows = await sql<{ ref: string }[]>`
    with gone as (delete from record_keys where ref = any(${refs as string[]}::uuid[]) and ${condition} returning ref, block_id),
    emptied as (delete from key_blocks as b where id in (select block_id from gone)
      and not exists (select from record_keys as r where r.block_id = b.id and r.ref not in (select ref from gone)))
    select ref from gone`
  return rows.map((row) => row.ref)
}

async function countKeys(sql: Sql): Promise<KeyCounts> {
  const roots = await sql<RootCount[]>`select root_kid as "rootKid", count(*)::int as "tenantKeys" from tenant_keys
    group by root_kid order by root_kid`
  const [tenants] = await sql<{ primaries: number; replaced: number }[]>`select
      count(*) filter (where is_primary)::int as primaries,
      count(*) filter (where not is_primary)::int as replaced
    from tenant_keys`
  const [blocks] = await sql<{ all: number; replaced: number }[]>`select
      count(*)::int as all,
      count(*) filter (where not key.is_primary)::int as replaced
    from key_blocks join tenant_keys as key on key.id = tenant_key_id`
  const [records] = await sql<{ all: number; replaced: number; unswept: number; bare: number }[]>`select
      count(*)::int as all,
      count(*) filter (where not key.is_primary)::int as replaced,
      count(*) filter (where used_at is null)::int as unswept,
      count(*) filter (where r.block_id is null)::int as bare
    from record_keys as r left join key_blocks as b on b.id = r.block_id
    join tenant_keys as key on key.id = coalesce(b.tenant_key_id, r.tenant_key_id)`
  return {
    roots,
    primaryTenantKeys: tenants?.primaries ?? 0,
    replacedTenantKeys: tenants?.replaced ?? 0,
    keyBlocks: blocks?.all ?? 0,
    keyBlocksUnderReplaced: blocks?.replaced ?? 0,
    recordKeys: records?.all ?? 0,
    recordKeysUnderReplaced: records?.replaced ?? 0,
    recordKeysWithoutBlock: records?.bare ?? 0,
    recordKeysUnswept: records?.unswept ?? 0,
  }
}

async function countLeft(sql: Sql, primaryRootKid: string): Promise<KeysLeft> {
  const [row] = await sql<{ tenants: number; inBlocks: number; bare: number }[]>`
    with replaced as (select id from tenant_keys where not is_primary and purpose = 'records')
    select (select count(*)::int from tenant_keys where root_kid <> ${primaryRootKid}) as tenants,
      (select count(*)::int from replaced join key_blocks as b on b.tenant_key_id = replaced.id
        join record_keys as r on r.block_id = b.id) as "inBlocks",
      (select count(*)::int from replaced join record_keys as r on r.tenant_key_id = replaced.id) as bare`
  return {
    tenantKeysUnderOtherRoots: row?.tenants ?? 0,
    recordKeysUnderReplaced: (row?.inBlocks ?? 0) + (row?.bare ?? 0),
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
 * Reads a batch from an index of (tenant key, …), one replaced key after the other, and stops at its limit: nothing is read twice.
 * Bitmaps and scans are ruled out, since with old statistics the planner would sort all of a large pharmacy's rows for each batch.
 */
async function walking<Found>(
  sql: Sql,
  select: (tx: Pick<Sql, 'unsafe'>) => Promise<readonly Found[]>,
): Promise<readonly Found[]> {
  return sql.begin(async (tx) => {
    await tx`select set_config('enable_bitmapscan', 'off', true), set_config('enable_seqscan', 'off', true)`
    return select(tx)
  }) as Promise<readonly Found[]>
}

type Walk = { readonly table: string; readonly key: string; readonly columns: string; readonly prefix: string }

/** Apart, so that a test can explain it. */
export function selectKeyBlocksToMove(sql: Pick<Sql, 'unsafe'>, place: KeyPlace | null, limit: number, prefix = '') {
  return selectToMove<KeyBlockRow>(sql, { table: 'key_blocks', key: 'id', columns: 'r.id', prefix }, place, limit)
}

/** The same for record keys without a block. */
export function selectRecordKeysToMove(sql: Pick<Sql, 'unsafe'>, place: KeyPlace | null, limit: number, prefix = '') {
  return selectToMove<Omit<RecordKeyRow, 'block'>>(
    sql,
    { table: 'record_keys', key: 'ref', columns: 'r.ref', prefix },
    place,
    limit,
  )
}

function selectToMove<Found>(sql: Pick<Sql, 'unsafe'>, walk: Walk, place: KeyPlace | null, limit: number) {
  const { table, key, columns, prefix } = walk
  return sql.unsafe<(Found & Row)[]>(
    `${prefix} select ${columns}, r.pharmacy_id as "pharmacyId", r.tenant_key_id as "tenantKeyId", r.wrapped
    from (select id from tenant_keys
      where not is_primary and purpose = 'records' and id >= $1::uuid order by id) as old,
    lateral (select * from ${table}
      where tenant_key_id = old.id and ${key} > case when old.id = $1::uuid then $2::uuid else '${zeroId}'::uuid end
      order by ${key} limit $3) as r
    order by old.id, r.${key} limit $3`,
    [place?.tenantKeyId ?? zeroId, place?.after ?? zeroId, limit],
    { prepare: prefix === '' },
  ) as PromiseLike<readonly Found[]> as Promise<readonly Found[]>
}

/** Blocks erased meanwhile stay erased, and blocks moved meanwhile stay where they are: both conditions stand in the statement. */
async function moveKeyBlocks(sql: Sql, moves: readonly { readonly from: string; readonly row: KeyBlockRow }[]): Promise<number> {
  const ids = moves.map(({ row }) => row.id)
  const from = moves.map((move) => move.from)
  const to = moves.map(({ row }) => row.tenantKeyId)
  const wrapped = moves.map(({ row }) => Buffer.from(row.wrapped).toString('hex'))
  const moved = await sql`update key_blocks as b set tenant_key_id = next.key_id, wrapped = decode(next.wrapped, 'hex')
    from unnest(${ids}::uuid[], ${from}::uuid[], ${to}::uuid[], ${wrapped}::text[]) as next (id, old_id, key_id, wrapped)
    where b.id = next.id and b.tenant_key_id = next.old_id`
  return moved.count
}

/** One statement: a record key stands under its tenant key or in its block, and opens either way. Erased ones stay erased. */
async function moveIntoBlocks(sql: Sql, made: readonly NewBlock[]): Promise<number> {
  const blocks = made.map(({ block }) => block)
  const members = made.flatMap(({ block, members: all }) => all.map((member) => ({ ...member, blockId: block.id })))
  const hex = (rows: ReadonlyArray<{ readonly wrapped: Uint8Array }>) =>
    rows.map((row) => Buffer.from(row.wrapped).toString('hex'))
  const moved = await sql`
    with next as (select * from unnest(${members.map((row) => row.ref)}::uuid[], ${members.map((row) => row.blockId)}::uuid[],
      ${hex(members)}::text[]) as next (ref, block_id, wrapped)),
    added as (insert into key_blocks (id, pharmacy_id, tenant_key_id, wrapped)
      select id, pharmacy_id, tenant_key_id, decode(wrapped, 'hex') from unnest(
        ${blocks.map((row) => row.id)}::uuid[], ${blocks.map((row) => row.pharmacyId)}::uuid[],
        ${blocks.map((row) => row.tenantKeyId)}::uuid[], ${hex(blocks)}::text[]
      ) as block (id, pharmacy_id, tenant_key_id, wrapped))
    update record_keys as r set tenant_key_id = null, block_id = next.block_id, wrapped = decode(next.wrapped, 'hex')
    from next where r.ref = next.ref and r.tenant_key_id is not null`
  return moved.count
}

async function destroyTenantKey(sql: Sql, id: string): Promise<'destroyed' | 'needed' | 'gone'> {
  try {
    // The foreign keys are the guard: PostgreSQL itself refuses while one block or record key still needs this key.
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
