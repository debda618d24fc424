-- A person holds one day of their pharmacy against what a destination says it holds: asked for on a page, compared by a worker.
create table reconciliations (
  id uuid primary key,
  pharmacy_id uuid not null references pharmacies (id),
  destination text not null,
  -- Paris day on which the versions were signed.
  day date not null,
  requested_by uuid not null references professionals (id),
  requested_at timestamptz not null default now(),
  -- Control ids that the destination listed, where a person was given its list; null: it is asked for each.
  their_list text[] check (cardinality(their_list) <= 2000),
  state text not null default 'waiting' check (state in ('waiting', 'done', 'failed')),
  -- Runs begun: one that kills its worker again and again ends as failed.
  tries integer not null default 0,
  ended_at timestamptz,
  asked integer not null default 0,
  agreed integer not null default 0,
  differing integer not null default 0,
  check ((state = 'waiting') = (ended_at is null))
);
create unique index reconciliations_one_waiting on reconciliations (pharmacy_id, destination, day) where state = 'waiting';
create index reconciliations_by_pharmacy on reconciliations (pharmacy_id, requested_at);
alter table reconciliations enable row level security;
alter table reconciliations force row level security;
create policy reconciliations_of_pharmacy on reconciliations
  using (pharmacy_id = passerelle_pharmacy()) with check (pharmacy_id = passerelle_pharmacy());
create policy reconciliations_for_worker on reconciliations using (passerelle_is_worker()) with check (passerelle_is_worker());
grant select, insert, update on reconciliations to passerelle_app;

create table reconciliation_differences (
  id uuid primary key,
  reconciliation_id uuid not null references reconciliations (id),
  pharmacy_id uuid not null references pharmacies (id),
  control_id text not null,
  -- Null: they name a control id that we never gave. No foreign key: retention may take the declaration first.
  declaration_id uuid,
  screening_id uuid,
  -- Ours when it was compared.
  state text,
  problem text not null,
  proposal text not null,
  handled_by uuid references professionals (id),
  handled_at timestamptz,
  check ((declaration_id is null) = (state is null) and (declaration_id is null) = (screening_id is null)),
  check ((handled_by is null) = (handled_at is null)),
  unique (reconciliation_id, control_id)
);
alter table reconciliation_differences enable row level security;
alter table reconciliation_differences force row level security;
create policy reconciliation_differences_of_pharmacy on reconciliation_differences
  using (pharmacy_id = passerelle_pharmacy()) with check (pharmacy_id = passerelle_pharmacy());
create policy reconciliation_differences_for_worker on reconciliation_differences
  using (passerelle_is_worker()) with check (passerelle_is_worker());
grant select, insert, update on reconciliation_differences to passerelle_app;
