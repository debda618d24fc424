/** What the application roles may do, read from the live catalogue: exactly this, and nothing by another road. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { connect, createTestDatabases, type TestDatabases } from '../support/database.ts'

let databases: TestDatabases
let admin: ReturnType<typeof connect>
let app: ReturnType<typeof connect>

beforeAll(async () => {
  databases = await createTestDatabases(inject('postgresSuperUrl'))
  admin = connect(databases.superUrl)
  app = connect(databases.appUrl)
})
afterAll(async () => {
  await app.end()
  await admin.end()
  await databases.drop()
})

const privileges = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN'] as const

/** Per table of the database: which of all table privileges `role` holds, by whatever grant or membership. */
async function rightsOf(sql: ReturnType<typeof connect>, role: string): Promise<Record<string, string>> {
  const rows = await sql<{ table: string; rights: string }[]>`
    select c.relname as table, coalesce(string_agg(p.name, ' ' order by p.place) filter (where has_table_privilege(${role}, c.oid, p.name)), '') as rights
    from pg_class c, unnest(${[...privileges]}::text[]) with ordinality p (name, place)
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f') group by c.relname order by c.relname`
  return Object.fromEntries(rows.map((row) => [row.table, row.rights.toLowerCase()]))
}

test('the application holds these rights in the main database, and no others', async () => {
  expect(await rightsOf(admin, 'passerelle_app')).toEqual({
    attempt_counts: 'select',
    attempts: 'select insert update',
    audit_events: 'select insert',
    audit_sealing: 'select update',
    audit_segments: 'select insert',
    backup_drills: 'select insert',
    billing_months: 'select insert update',
    charges: 'select insert',
    claimed_sets: 'select insert update delete',
    declarations: 'select insert update',
    destination_controls: 'select insert update',
    idempotency_keys: 'select insert delete',
    late_charges: 'select insert',
    ledger_carried: 'select insert delete',
    ledger_closes: 'select insert update',
    ledger_days: 'select insert',
    ledger_movements: 'select insert',
    memberships: 'select insert update',
    periodic_jobs: 'select insert update',
    pharmacies: 'select insert update',
    professionals: 'select insert update',
    receipts: 'select insert',
    received_by_hand: 'select insert',
    reconciliation_differences: 'select insert update',
    reconciliations: 'select insert update',
    retry_batch_items: 'select insert update',
    retry_batches: 'select insert update',
    schema_migrations: 'select',
    screenings: 'select insert update',
    sessions: 'select insert update',
    sign_ins: 'select insert delete',
    silence_alarms: 'select insert update delete',
    statement_files: 'select insert',
    statement_seals: 'select insert',
    statement_series: 'select insert update',
    statements: 'select insert',
  })
})

test('the application holds these rights in the key store, and the data’s own role none there', async () => {
  const keystore = connect(databases.keystoreOwnerUrl)
  const expected = {
    key_blocks: 'select insert update delete',
    record_keys: 'select insert update delete',
    schema_migrations: '',
    tenant_keys: 'select insert update delete',
  }
  expect(await rightsOf(keystore, 'keystore_app')).toEqual(expected)
  expect(Object.values(await rightsOf(keystore, 'passerelle_app')).join('')).toBe('')
  await keystore.end()
  expect(Object.values(await rightsOf(admin, 'keystore_app')).join('')).toBe('')
})

describe.for(['passerelle_app', 'keystore_app', 'passerelle_owner', 'keystore_owner'])('the role %s', (role) => {
  test('is no superuser, passes no row-level security, makes no roles or databases, and belongs to no other role', async () => {
    const rows = await admin`select rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,
      exists (select from pg_auth_members where member = r.oid) as member from pg_roles r where rolname = ${role}`
    expect(rows).toEqual([
      { rolsuper: false, rolcreaterole: false, rolcreatedb: false, rolreplication: false, rolbypassrls: false, member: false },
    ])
  })
})

test('the application owns nothing, and can make nothing in the schema', async () => {
  const [row] = await admin<{ owned: number; creates: boolean }[]>`
    select (select count(*) from pg_shdepend where deptype = 'o' and refobjid = 'passerelle_app'::regrole)::int as owned,
      has_schema_privilege('passerelle_app', 'public', 'create') as creates`
  expect(row).toEqual({ owned: 0, creates: false })
})

test('no right is given on single columns, past the table above', async () => {
  expect(
    await admin`select attrelid::regclass, attname from pg_attribute where attacl is not null
    and attrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)`,
  ).toEqual([])
})

describe('an event that is written stays', () => {
  test.for([
    ['changed', `update audit_events set action = 'x'`],
    ['deleted', 'delete from audit_events'],
    ['truncated', 'truncate audit_events'],
    ['truncated with its neighbours', 'truncate professionals cascade'],
    ['dropped', 'drop table audit_events'],
    ['let out of the wall', 'alter table audit_events disable row level security'],
    ['opened by a policy', 'create policy mine on audit_events for delete using (true)'],
    ['unguarded by switching triggers off', `set session_replication_role = 'replica'`],
    ['hidden behind a rule', 'create rule swallow as on insert to audit_events do instead nothing'],
    [
      'hidden behind a trigger',
      'create trigger swallow before insert on audit_events execute function suppress_redundant_updates_trigger()',
    ],
    ['counted anew', 'alter table audit_events alter seq restart with 1'],
    ['counted anew by its sequence', `select setval(pg_get_serial_sequence('audit_events', 'seq'), 1)`],
    ['handed to another role', 'alter table audit_events owner to passerelle_app'],
    ['reached as its owner', 'set role passerelle_owner'],
  ] as const)('it cannot be %s by the application', async ([, statement]) => {
    const [before] = await admin<{ count: number }[]>`select count(*)::int as count from audit_events`
    await expect(app.unsafe(statement)).rejects.toMatchObject({ code: '42501' })
    expect(await admin`select count(*)::int as count from audit_events`).toEqual([before])
  })

  test('its number comes from the database: one that is named is refused', async () => {
    const chosen = app`insert into audit_events (seq, at, actor_kind, action, outcome) values (1, now(), 'system', 'access', 'done')`
    await expect(chosen).rejects.toMatchObject({ code: '428C9' })
  })

  test('each audit event has the columns that an event must have', async () => {
    for (const missing of ['at', 'actor_kind', 'action', 'outcome']) {
      const given = { at: new Date(), actor_kind: 'system', action: 'access', outcome: 'done', [missing]: null }
      await expect(app`insert into audit_events ${app(given)}`).rejects.toMatchObject({ code: '23502' })
    }
    for (const wrong of [{ actor_kind: 'robot' }, { outcome: 'maybe' }])
      await expect(
        app`insert into audit_events ${app({ at: new Date(), actor_kind: 'system', action: 'access', outcome: 'done', ...wrong })}`,
      ).rejects.toMatchObject({ code: '23514' })
  })
})
