-- The key store: wrapped keys only, in a database of its own, apart from the data and its backups.
-- Run by the owner role. The application role `keystore_app` must exist (it logs in; it owns nothing).
create table tenant_keys (
  id uuid primary key,
  pharmacy_id uuid not null,
  -- `records` keys wrap record keys and rotate; a `macs` key is the root of the pharmacy's digests and stays.
  purpose text not null check (purpose in ('records', 'macs')),
  -- Under the root key that `root_kid` names: a compact JWE, or what a key service gave.
  wrapped text not null check (length(wrapped) between 1 and 8192),
  root_kid text not null check (length(root_kid) between 1 and 256),
  is_primary boolean not null,
  created_at timestamptz not null
);
create unique index tenant_keys_primary on tenant_keys (pharmacy_id, purpose) where is_primary;
create index tenant_keys_by_root on tenant_keys (root_kid, id);

-- One key a screening version. Reserved in blocks ahead of need; `used_at` is set with hindsight, by the sweeper.
create table record_keys (
  ref uuid primary key,
  pharmacy_id uuid not null,
  tenant_key_id uuid not null references tenant_keys (id),
  wrapped bytea not null check (octet_length(wrapped) = 60),
  reserved_at timestamptz not null,
  used_at timestamptz
);
-- With `ref`, so that a rewrap walks on instead of stepping over the entries that it left behind.
create index record_keys_by_tenant_key on record_keys (tenant_key_id, ref);
create index record_keys_unswept on record_keys (reserved_at, ref) where used_at is null;

grant usage on schema public to keystore_app;
grant select, insert, update, delete on tenant_keys, record_keys to keystore_app;
