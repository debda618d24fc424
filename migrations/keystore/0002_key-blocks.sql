-- Blocks: record keys reserved together stand under a key of their own, and only that one stands under a tenant key. A rotation
-- rewrites one row a block instead of one a record. Run by the owner role.
--
-- A release before this one finds no tenant key for what stands in a block and answers "unavailable": nothing is lost, and it
-- opens again once every replica has been upgraded.
create table key_blocks (
  id uuid primary key,
  pharmacy_id uuid not null,
  tenant_key_id uuid not null references tenant_keys (id),
  -- nonce, key, tag. A block is written once: no record key is ever added to it.
  wrapped bytea not null check (octet_length(wrapped) = 60)
);
-- With `id`, so that a rewrap walks on instead of stepping over the entries that it left behind.
create index key_blocks_by_tenant_key on key_blocks (tenant_key_id, id);

alter table record_keys add column block_id uuid references key_blocks (id);
-- Record keys stored before stand under a tenant key themselves until a rewrap moves them into blocks.
alter table record_keys alter column tenant_key_id drop not null;
alter table record_keys add constraint record_keys_under_one check ((tenant_key_id is null) <> (block_id is null));
create index record_keys_by_block on record_keys (block_id) where block_id is not null;
drop index record_keys_by_tenant_key;
create index record_keys_by_tenant_key on record_keys (tenant_key_id, ref) where tenant_key_id is not null;

grant select, insert, update, delete on key_blocks to keystore_app;
