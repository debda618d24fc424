-- The key store: wrapped keys only, in a database of its own, apart from the data and its backups.
create table tenant_keys (
  id uuid primary key,
  pharmacy_id uuid not null,
  -- Compact JWE (A256GCMKW + A256GCM) under the root key that `root_kid` names.
  jwe text not null,
  root_kid text not null,
  is_primary boolean not null,
  created_at timestamptz not null
);
create unique index tenant_keys_primary on tenant_keys (pharmacy_id) where is_primary;
create index tenant_keys_by_root on tenant_keys (root_kid);

-- One key a screening. Reserved in blocks ahead of need; `used_at` is set with hindsight, by the sweeper.
create table record_keys (
  ref uuid primary key,
  pharmacy_id uuid not null,
  tenant_key_id uuid not null references tenant_keys (id),
  wrapped bytea not null check (octet_length(wrapped) = 60),
  reserved_at timestamptz not null
);
create index record_keys_by_tenant_key on record_keys (tenant_key_id);

grant usage on schema public to keystore_app;
grant select, insert, update, delete on tenant_keys, record_keys to keystore_app;
