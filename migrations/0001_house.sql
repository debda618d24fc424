-- The first house: who, screenings, the outbox, proof, traces.
-- Run by the owner role. The application role `passerelle_app` must exist (it logs in; it owns nothing).

create function passerelle_pharmacy() returns uuid language sql stable as
  $$ select nullif(current_setting('passerelle.pharmacy_id', true), '')::uuid $$;
-- The worker reads and settles declarations of every pharmacy; it says so for each transaction.
create function passerelle_is_worker() returns boolean language sql stable as
  $$ select coalesce(current_setting('passerelle.scope', true), '') = 'worker' $$;

create table pharmacies (
  id uuid primary key,
  finess text not null unique check (finess ~ '^[0-9][0-9AB][0-9]{7}$'),
  name text not null,
  created_at timestamptz not null,
  -- False once config names it no more: nobody signs in for it, and its rows stay.
  in_service boolean not null default true
);

create table professionals (
  id uuid primary key,
  rpps text not null unique check (rpps ~ '^[0-9]{11}$'),
  subject text not null,
  family_name text not null,
  given_name text not null,
  created_at timestamptz not null,
  last_signed_in_at timestamptz not null
);

create table memberships (
  pharmacy_id uuid not null references pharmacies (id),
  professional_id uuid not null references professionals (id),
  role text not null check (role in ('titular', 'pharmacist', 'student', 'preparer', 'group-admin', 'dpo', 'operator')),
  seen_at timestamptz not null,
  primary key (pharmacy_id, professional_id)
);

-- A sign-in on its way through Pro Santé Connect. `sealed` opens only with the browser's own cookie.
create table sign_ins (
  token_hash bytea primary key check (octet_length(token_hash) = 32),
  sealed bytea not null,
  created_at timestamptz not null,
  expires_at timestamptz not null
);
create index sign_ins_expiry on sign_ins (expires_at);

create table sessions (
  id uuid primary key,
  token_hash bytea not null unique check (octet_length(token_hash) = 32),
  professional_id uuid not null references professionals (id),
  pharmacy_id uuid references pharmacies (id),
  role text check (role in ('titular', 'pharmacist', 'student', 'preparer', 'group-admin', 'dpo', 'operator')),
  -- What Pro Santé Connect said this person may choose from: [{"pharmacyId", "role"}].
  activities jsonb not null,
  -- The ID token that a logout must show to Pro Santé Connect; opens only with the browser's own cookie.
  sealed_id_token bytea,
  created_at timestamptz not null,
  last_seen_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz,
  end_reason text check (end_reason in ('signed-out', 'idle', 'expired', 'replaced', 'revoked')),
  check ((pharmacy_id is null) = (role is null)),
  check ((ended_at is null) = (end_reason is null))
);
create index sessions_by_professional on sessions (professional_id) where ended_at is null;
create index sessions_open on sessions (expires_at) where ended_at is null;

-- One row a version. Ids are random, times are rounded to the minute: neither tells the order of patients.
create table screenings (
  version_id uuid primary key,
  screening_id uuid not null,
  pharmacy_id uuid not null references pharmacies (id),
  version integer not null check (version >= 1),
  status text not null check (status in ('draft', 'signed', 'superseded', 'cancelled')),
  key_ref uuid not null,
  patient bytea not null,
  act bytea not null,
  -- Why a correction or cancellation was made; sealed, since people write about patients there.
  reason bytea,
  drafted_by uuid not null references professionals (id),
  signed_by uuid references professionals (id),
  -- In which role: what the message says of its author.
  signed_role text check (signed_role in ('titular', 'pharmacist', 'student')),
  captured_at timestamptz not null,
  signed_at timestamptz,
  unique (screening_id, version),
  check ((signed_by is null) = (signed_at is null) and (signed_by is null) = (signed_role is null)),
  check ((status = 'draft') = (signed_by is null))
);
create index screenings_by_day on screenings (pharmacy_id, captured_at);
-- The sweep of the key store asks which keys a row still names.
create index screenings_by_key on screenings (key_ref);

create table declarations (
  id uuid primary key,
  pharmacy_id uuid not null references pharmacies (id),
  screening_id uuid not null,
  version_id uuid not null references screenings (version_id),
  version integer not null check (version >= 1),
  destination text not null,
  kind text not null check (kind in ('original', 'replacement', 'cancellation')),
  -- The version that this one replaces or cancels at this destination; the one before may never have left.
  replaces_version integer check (replaces_version >= 1 and replaces_version < version),
  state text not null check (state in ('queued', 'claimed', 'sent', 'accepted', 'rejected', 'parked', 'cancelled')),
  control_id text not null unique check (control_id ~ '^[A-Z0-9]{8,20}$'),
  -- The queue's clock is this server's: a worker whose own clock is wrong neither rushes nor stalls.
  due_at timestamptz not null default now(),
  -- Fencing: grows with each claim; every write on a claimed row names the epoch that it holds.
  epoch bigint not null default 0,
  claimed_by text,
  lease_until timestamptz,
  attempt_count integer not null default 0 check (attempt_count >= 0),
  code text,
  location text,
  created_at timestamptz not null default now(),
  settled_at timestamptz,
  unique (version_id, destination),
  check ((kind = 'original') = (replaces_version is null)),
  check ((state in ('claimed', 'sent')) = (lease_until is not null)),
  check ((state in ('claimed', 'sent')) = (claimed_by is not null))
);
create index declarations_due on declarations (due_at, id) where state = 'queued';
create index declarations_leased on declarations (lease_until) where state in ('claimed', 'sent');
create index declarations_open on declarations (screening_id, destination, version) where state in ('queued', 'claimed', 'sent', 'parked');
create index declarations_by_screening on declarations (screening_id);

-- One row a try; `epoch` is the claim under which it was made.
create table attempts (
  declaration_id uuid not null references declarations (id),
  epoch bigint not null,
  pharmacy_id uuid not null references pharmacies (id),
  worker text not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  outcome text check (outcome in ('accepted', 'permanent', 'transient', 'ambiguous', 'interrupted')),
  code text,
  message_sha256 text check (message_sha256 ~ '^[0-9a-f]{64}$'),
  primary key (declaration_id, epoch)
);

create table receipts (
  declaration_id uuid primary key references declarations (id),
  pharmacy_id uuid not null references pharmacies (id),
  destination text not null,
  control_id text not null unique,
  reference text,
  answer_sha256 text not null check (answer_sha256 ~ '^[0-9a-f]{64}$'),
  received_at timestamptz not null
);

create table idempotency_keys (
  pharmacy_id uuid not null references pharmacies (id),
  key_sha256 bytea not null check (octet_length(key_sha256) = 32),
  -- Keyed digest of the body: a bare one could be guessed from the traits of a known person.
  body_mac bytea not null check (octet_length(body_mac) = 32),
  screening_id uuid not null,
  created_at timestamptz not null,
  primary key (pharmacy_id, key_sha256)
);

-- Append-only: the application may insert and select, nothing else.
create table audit_events (
  seq bigint generated always as identity primary key,
  at timestamptz not null,
  actor_kind text not null check (actor_kind in ('professional', 'system', 'anonymous')),
  professional_id uuid references professionals (id),
  session_id uuid,
  pharmacy_id uuid references pharmacies (id),
  action text not null,
  outcome text not null check (outcome in ('done', 'denied', 'failed')),
  code text,
  object_type text,
  object_id uuid,
  request_id uuid,
  client_address inet,
  details jsonb not null default '{}'
);
create index audit_events_by_pharmacy on audit_events (pharmacy_id, seq);
create index audit_events_by_object on audit_events (object_id, seq) where object_id is not null;

-- Second wall of tenancy: forced, so that not even the owner's own queries slip past by mistake.
alter table screenings enable row level security;
alter table screenings force row level security;
create policy screenings_of_pharmacy on screenings using (pharmacy_id = passerelle_pharmacy()) with check (pharmacy_id = passerelle_pharmacy());
create policy screenings_for_worker on screenings for select using (passerelle_is_worker());

alter table declarations enable row level security;
alter table declarations force row level security;
create policy declarations_of_pharmacy on declarations using (pharmacy_id = passerelle_pharmacy()) with check (pharmacy_id = passerelle_pharmacy());
create policy declarations_for_worker on declarations using (passerelle_is_worker()) with check (passerelle_is_worker());

alter table attempts enable row level security;
alter table attempts force row level security;
create policy attempts_of_pharmacy on attempts for select using (pharmacy_id = passerelle_pharmacy());
create policy attempts_for_worker on attempts using (passerelle_is_worker()) with check (passerelle_is_worker());

alter table receipts enable row level security;
alter table receipts force row level security;
create policy receipts_of_pharmacy on receipts for select using (pharmacy_id = passerelle_pharmacy());
create policy receipts_for_worker on receipts using (passerelle_is_worker()) with check (passerelle_is_worker());

alter table idempotency_keys enable row level security;
alter table idempotency_keys force row level security;
create policy idempotency_keys_of_pharmacy on idempotency_keys using (pharmacy_id = passerelle_pharmacy()) with check (pharmacy_id = passerelle_pharmacy());

-- Events without a pharmacy (a sign-in refused) and the worker's own are written from any scope, and read in none of a tenant's.
alter table audit_events enable row level security;
alter table audit_events force row level security;
create policy audit_events_append on audit_events for insert with check (true);
create policy audit_events_of_pharmacy on audit_events for select using (pharmacy_id = passerelle_pharmacy());

grant usage on schema public to passerelle_app;
grant select, insert, update on pharmacies, professionals, memberships, sessions to passerelle_app;
grant select, insert, delete on sign_ins to passerelle_app;
grant select, insert, update on screenings, declarations, attempts to passerelle_app;
grant select, insert on receipts, audit_events to passerelle_app;
grant select, insert, delete on idempotency_keys to passerelle_app;
-- At start the application compares what has been run with the files that it carries.
grant select on schema_migrations to passerelle_app;
