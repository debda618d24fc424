-- Written by test/support/write-schema-dump.ts from the migrations beside it; a test compares the two.

create table key_blocks (
  id uuid not null,
  pharmacy_id uuid not null,
  tenant_key_id uuid not null,
  wrapped bytea not null
);
alter table key_blocks owner to keystore_owner;

create table record_keys (
  ref uuid not null,
  pharmacy_id uuid not null,
  tenant_key_id uuid,
  wrapped bytea not null,
  reserved_at timestamp with time zone not null,
  used_at timestamp with time zone,
  block_id uuid
);
alter table record_keys owner to keystore_owner;

create table schema_migrations (
  version integer not null,
  name text not null,
  sha256 text not null,
  applied_at timestamp with time zone not null
);
alter table schema_migrations owner to keystore_owner;

create table tenant_keys (
  id uuid not null,
  pharmacy_id uuid not null,
  purpose text not null,
  wrapped text not null,
  root_kid text not null,
  is_primary boolean not null,
  created_at timestamp with time zone not null
);
alter table tenant_keys owner to keystore_owner;

alter table key_blocks add constraint key_blocks_pkey PRIMARY KEY (id);
alter table key_blocks add constraint key_blocks_wrapped_check CHECK ((octet_length(wrapped) = 60));
alter table record_keys add constraint record_keys_pkey PRIMARY KEY (ref);
alter table record_keys add constraint record_keys_under_one CHECK (((tenant_key_id IS NULL) <> (block_id IS NULL)));
alter table record_keys add constraint record_keys_wrapped_check CHECK ((octet_length(wrapped) = 60));
alter table schema_migrations add constraint schema_migrations_pkey PRIMARY KEY (version);
alter table tenant_keys add constraint tenant_keys_pkey PRIMARY KEY (id);
alter table tenant_keys add constraint tenant_keys_purpose_check CHECK ((purpose = ANY (ARRAY['records'::text, 'macs'::text])));
alter table tenant_keys add constraint tenant_keys_root_kid_check CHECK (((length(root_kid) >= 1) AND (length(root_kid) <= 256)));
alter table tenant_keys add constraint tenant_keys_wrapped_check CHECK (((length(wrapped) >= 1) AND (length(wrapped) <= 8192)));
alter table key_blocks add constraint key_blocks_tenant_key_id_fkey FOREIGN KEY (tenant_key_id) REFERENCES tenant_keys(id);
alter table record_keys add constraint record_keys_block_id_fkey FOREIGN KEY (block_id) REFERENCES key_blocks(id);
alter table record_keys add constraint record_keys_tenant_key_id_fkey FOREIGN KEY (tenant_key_id) REFERENCES tenant_keys(id);

CREATE INDEX key_blocks_by_tenant_key ON public.key_blocks USING btree (tenant_key_id, id);
CREATE INDEX record_keys_by_block ON public.record_keys USING btree (block_id) WHERE (block_id IS NOT NULL);
CREATE INDEX record_keys_by_tenant_key ON public.record_keys USING btree (tenant_key_id, ref) WHERE (tenant_key_id IS NOT NULL);
CREATE INDEX record_keys_unswept ON public.record_keys USING btree (reserved_at, ref) WHERE (used_at IS NULL);
CREATE INDEX tenant_keys_by_root ON public.tenant_keys USING btree (root_kid, id);
CREATE UNIQUE INDEX tenant_keys_primary ON public.tenant_keys USING btree (pharmacy_id, purpose) WHERE is_primary;

grant usage on schema public to keystore_app;
grant usage on schema public to public;
grant delete, insert, select, update on table key_blocks to keystore_app;
grant delete, insert, select, update on table record_keys to keystore_app;
grant delete, insert, select, update on table tenant_keys to keystore_app;
