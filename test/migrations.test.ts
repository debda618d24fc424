/** Holds migrations/README.md: what a new file may do while the previous release still runs on the same database. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { brokenRules, type MigrationRule, migrationRules } from './support/migration-rules.ts'

const root = resolve(import.meta.dirname, '../migrations')

/** Made before anything was released: no table of any size stood in their way. A released file never joins this list. */
const accepted: Record<string, readonly MigrationRule[]> = {
  '0002_queue.sql': ['index-on-existing-table'],
  '0006_stopped-work.sql': ['index-on-existing-table'],
  '0008_ledger.sql': ['index-on-existing-table'],
  '0010_housekeeping.sql': ['index-on-existing-table'],
  '0011_blind-indexes.sql': ['index-on-existing-table'],
  '0014_hot-plans.sql': ['index-on-existing-table'],
  '0015_mark-in-place.sql': ['index-on-existing-table'],
  '0018_claim-in-place.sql': ['drops-what-is-read', 'index-on-existing-table'],
  'keystore/0002_key-blocks.sql': ['index-on-existing-table', 'constraint-not-left-unchecked'],
}

const files = ['.', 'keystore'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => /^\d{4}_.*\.sql$/.test(name))
    .sort()
    .map((name) => ({ name: folder === '.' ? name : `${folder}/${name}`, path: join(root, folder, name) })),
)

test('no migration hurts the release before it, nor the traffic that goes on', () => {
  expect(files.length).toBeGreaterThan(3)
  const broken = files.map(({ name, path }) => [name, brokenRules(readFileSync(path, 'utf8'))] as const)
  const allowed = (name: string): readonly MigrationRule[] =>
    /(^|\/)\d{4}_contract-\d{4}-/.test(name) ? ['drops-what-is-read', 'renames'] : (accepted[name] ?? [])
  expect(broken.filter(([name, rules]) => rules.some((rule) => !allowed(name).includes(rule)))).toEqual([])
})

test('every rule is explained, and nothing is accepted that is not broken', () => {
  const prose = readFileSync(join(root, 'README.md'), 'utf8')
  expect(migrationRules.filter((rule) => !prose.includes(`\`${rule}\``))).toEqual([])
  for (const [name, rules] of Object.entries(accepted)) {
    const file = files.find((one) => one.name === name)
    expect([name, file ? brokenRules(readFileSync(file.path, 'utf8')) : []]).toEqual([name, rules])
  }
})

test.for<[MigrationRule, string]>([
  ['drops-what-is-read', 'alter table screenings drop column act'],
  ['drops-what-is-read', 'alter table screenings add column x text, drop act'],
  ['drops-what-is-read', 'drop table receipts'],
  ['renames', 'alter table screenings rename column act to deed'],
  ['renames', 'ALTER TABLE screenings\n  RENAME TO acts'],
  ['changes-a-type', 'alter table receipts alter column control_id type text'],
  ['not-null-without-default', 'alter table receipts add column seen boolean not null'],
  ['sets-not-null', 'alter table receipts alter seen set not null'],
  ['index-on-existing-table', 'create index by_seen on receipts (seen)'],
  ['index-on-existing-table', 'alter table receipts add constraint one unique (seen)'],
  ['constraint-not-left-unchecked', 'alter table receipts add check (seen)'],
  ['constraint-not-left-unchecked', 'alter table receipts add constraint f foreign key (a) references b'],
  ['empties-a-table', 'update receipts set seen = true'],
  ['empties-a-table', 'truncate receipts'],
  ['locks-a-table', 'lock table receipts'],
])('%s: %s', ([rule, sql]) => {
  expect(brokenRules(`-- a comment; with a semicolon\n${sql};`)).toEqual([rule])
})

test.for([
  'create table t (id int not null); create index i on t (id); alter table t add check (id > 0)',
  'alter table receipts add column seen boolean not null default false',
  'alter table receipts add constraint c check (seen) not valid',
  'alter table receipts drop constraint c, alter a drop not null, alter b drop default',
  'create function f() returns void language plpgsql as $$ begin delete from x; lock table y; end $$',
  "comment on table receipts is 'drop table; rename'",
  'update receipts set seen = true where id = 1',
])('nothing against: %s', (sql) => {
  expect(brokenRules(sql)).toEqual([])
})
