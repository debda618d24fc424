-- What has stopped and needs a person: declarations received by hand, and retries of many at once.

-- `received`: a person found it at the destination and said so; no receipt, never billed. Not validated again: every row that
-- stood held the narrower rule.
alter table declarations drop constraint declarations_state_check;
alter table declarations add constraint declarations_state_check
  check (state in ('queued', 'claimed', 'sent', 'accepted', 'rejected', 'parked', 'cancelled', 'received')) not valid;
-- The lists of what has stopped, and their counts, however much has settled.
create index declarations_parked on declarations (pharmacy_id, destination) where state = 'parked';
create index declarations_rejected on declarations (pharmacy_id, destination) where state = 'rejected';

-- One row for each declaration in the state `received`, written by the statement that puts it there.
create table received_by_hand (
  declaration_id uuid primary key references declarations (id),
  pharmacy_id uuid not null references pharmacies (id),
  -- What it was until then, and why it had stopped.
  was text not null check (was in ('parked', 'rejected')),
  code text,
  -- Sealed: people write about patients there.
  reason bytea not null,
  decided_by uuid references professionals (id),
  operator text check (operator ~ '^[a-z0-9][a-z0-9._-]{0,31}$'),
  decided_at timestamptz not null,
  check ((decided_by is null) <> (operator is null))
);
alter table received_by_hand enable row level security;
alter table received_by_hand force row level security;
create policy received_by_hand_of_pharmacy on received_by_hand
  using (pharmacy_id = passerelle_pharmacy()) with check (pharmacy_id = passerelle_pharmacy());
create policy received_by_hand_for_worker on received_by_hand using (passerelle_is_worker()) with check (passerelle_is_worker());
grant select, insert on received_by_hand to passerelle_app;

-- Many stopped declarations sent again together: chosen once, released at a pace by the worker, stopped at any time.
create table retry_batches (
  id uuid primary key,
  -- Null: the operator's, over several pharmacies.
  pharmacy_id uuid references pharmacies (id),
  requested_by uuid references professionals (id),
  operator text check (operator ~ '^[a-z0-9][a-z0-9._-]{0,31}$'),
  requested_at timestamptz not null default now(),
  -- What was asked for: ids and codes only.
  filter jsonb not null,
  per_second double precision not null check (per_second > 0 and per_second <= 1000),
  state text not null check (state in ('waiting', 'running', 'stopped', 'done')),
  needs_approval boolean not null,
  approved_by uuid references professionals (id),
  approved_operator text check (approved_operator ~ '^[a-z0-9][a-z0-9._-]{0,31}$'),
  approved_at timestamptz,
  chosen integer not null check (chosen > 0),
  released integer not null default 0,
  skipped integer not null default 0,
  -- The pace is counted from here.
  paced_from timestamptz not null default now(),
  ended_at timestamptz,
  check ((requested_by is null) <> (operator is null)),
  -- Two persons are two persons.
  check (approved_by is null or approved_by is distinct from requested_by),
  check (approved_operator is null or approved_operator is distinct from operator),
  check ((approved_at is null) = (approved_by is null and approved_operator is null)),
  check (not needs_approval or approved_at is not null or state in ('waiting', 'stopped')),
  check (needs_approval or state <> 'waiting'),
  check (released + skipped <= chosen),
  check ((state in ('stopped', 'done')) = (ended_at is not null))
);
create index retry_batches_open on retry_batches (requested_at) where state in ('waiting', 'running');
create index retry_batches_by_pharmacy on retry_batches (pharmacy_id, requested_at);
alter table retry_batches enable row level security;
alter table retry_batches force row level security;
create policy retry_batches_of_pharmacy on retry_batches
  using (pharmacy_id = passerelle_pharmacy()) with check (pharmacy_id = passerelle_pharmacy());
create policy retry_batches_for_worker on retry_batches using (passerelle_is_worker()) with check (passerelle_is_worker());
grant select, insert, update on retry_batches to passerelle_app;

-- The epoch is the one under which it was chosen: what was sent again meanwhile, and has stopped anew, is passed over.
create table retry_batch_items (
  batch_id uuid not null references retry_batches (id),
  declaration_id uuid not null references declarations (id),
  pharmacy_id uuid not null references pharmacies (id),
  epoch bigint not null,
  outcome text check (outcome in ('released', 'skipped')),
  primary key (batch_id, declaration_id)
);
create index retry_batch_items_waiting on retry_batch_items (batch_id, declaration_id) where outcome is null;
alter table retry_batch_items enable row level security;
alter table retry_batch_items force row level security;
create policy retry_batch_items_of_pharmacy on retry_batch_items
  using (pharmacy_id = passerelle_pharmacy()) with check (pharmacy_id = passerelle_pharmacy());
create policy retry_batch_items_for_worker on retry_batch_items using (passerelle_is_worker()) with check (passerelle_is_worker());
grant select, insert, update on retry_batch_items to passerelle_app;
