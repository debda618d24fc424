-- The ledger: every capture accounted for, by pharmacy, day and destination, at a cost that does not grow with age.

-- What the commit of a capture (or correction) declared, said apart from the declarations: the two are held against each other.
-- Null where an earlier release wrote the row: its declarations are then taken at their word.
alter table screenings add column declared_to text[];
-- The days that are not closed yet are counted from the rows themselves.
create index screenings_by_signing on screenings (pharmacy_id, signed_at) where signed_at is not null;
-- Whether this receipt was owed a charge when it came: what the charges are held against.
alter table receipts add column billed boolean not null default false;

-- Until which day a pharmacy's ledger is closed. Locked while a day is being closed, so that two never close one.
create table ledger_closes (
  pharmacy_id uuid primary key references pharmacies (id),
  closed_through date not null,
  closed_at timestamptz not null default now()
);

-- One row a closed day and destination, as it was counted then; written once.
create table ledger_days (
  pharmacy_id uuid not null references pharmacies (id),
  day date not null,
  destination text not null,
  captured integer not null,
  accepted integer not null,
  received integer not null,
  cancelled integer not null,
  -- Not at their end when the day was closed: each stands in `ledger_carried`, until it has moved.
  carried integer not null,
  receipts integer not null,
  first_accepted integer not null,
  first_receipts integer not null,
  billed integer not null,
  charged integer not null,
  -- Items that were found wrong one by one, even where the sums agree.
  differing integer not null,
  closed_at timestamptz not null default now(),
  primary key (pharmacy_id, day, destination)
);

-- What moved later on a closed day, a row for each day on which the books were closed again; written once.
create table ledger_movements (
  pharmacy_id uuid not null,
  day date not null,
  destination text not null,
  moved_on date not null,
  accepted integer not null,
  received integer not null,
  cancelled integer not null,
  receipts integer not null,
  first_accepted integer not null,
  first_receipts integer not null,
  billed integer not null,
  charged integer not null,
  differing integer not null,
  primary key (pharmacy_id, day, destination, moved_on),
  foreign key (pharmacy_id, day, destination) references ledger_days (pharmacy_id, day, destination)
);

-- Declarations of closed days that may still move: waiting, under way, parked or refused.
create table ledger_carried (
  pharmacy_id uuid not null,
  day date not null,
  destination text not null,
  declaration_id uuid not null references declarations (id),
  primary key (pharmacy_id, day, destination, declaration_id),
  foreign key (pharmacy_id, day, destination) references ledger_days (pharmacy_id, day, destination)
);
create unique index ledger_carried_once on ledger_carried (declaration_id);

alter table ledger_closes enable row level security;
alter table ledger_closes force row level security;
create policy ledger_closes_of_pharmacy on ledger_closes for select using (pharmacy_id = passerelle_pharmacy());
create policy ledger_closes_for_worker on ledger_closes using (passerelle_is_worker()) with check (passerelle_is_worker());
alter table ledger_days enable row level security;
alter table ledger_days force row level security;
create policy ledger_days_of_pharmacy on ledger_days for select using (pharmacy_id = passerelle_pharmacy());
create policy ledger_days_for_worker on ledger_days using (passerelle_is_worker()) with check (passerelle_is_worker());
alter table ledger_movements enable row level security;
alter table ledger_movements force row level security;
create policy ledger_movements_of_pharmacy on ledger_movements for select using (pharmacy_id = passerelle_pharmacy());
create policy ledger_movements_for_worker on ledger_movements using (passerelle_is_worker()) with check (passerelle_is_worker());
alter table ledger_carried enable row level security;
alter table ledger_carried force row level security;
create policy ledger_carried_of_pharmacy on ledger_carried for select using (pharmacy_id = passerelle_pharmacy());
create policy ledger_carried_for_worker on ledger_carried using (passerelle_is_worker()) with check (passerelle_is_worker());

grant select, insert, update on ledger_closes to passerelle_app;
grant select, insert on ledger_days, ledger_movements to passerelle_app;
grant select, insert, delete on ledger_carried to passerelle_app;
