-- Money tied to proof: one charge a screening, written by the statement that stores the receipt.

-- A charge names a receipt that exists; the key holds it to one a screening, and to one credit, however many workers settle at once.
create table charges (
  screening_id uuid not null,
  -- A credit gives a charge back, where the tariff refunds cancellations: its receipt is the cancellation's, its amount negative.
  kind text not null check (kind in ('charge', 'credit')),
  pharmacy_id uuid not null references pharmacies (id),
  declaration_id uuid not null references receipts (declaration_id),
  destination text not null,
  charged_at timestamptz not null,
  -- The day on which it is billed, kept as it was when it was written.
  charged_on date not null generated always as ((charged_at at time zone 'Europe/Paris')::date) stored,
  amount_cents integer not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  -- The tariff of the configuration that set the price.
  tariff_id text not null,
  demonstration boolean not null,
  primary key (screening_id, kind),
  check ((kind = 'charge' and amount_cents >= 0) or (kind = 'credit' and amount_cents <= 0))
);
-- A month of one pharmacy is read from the index alone.
create index charges_by_month on charges (pharmacy_id, charged_on) include (kind, amount_cents, tariff_id, demonstration);

alter table charges enable row level security;
alter table charges force row level security;
create policy charges_of_pharmacy on charges for select using (pharmacy_id = passerelle_pharmacy());
create policy charges_for_worker on charges using (passerelle_is_worker()) with check (passerelle_is_worker());
-- Neither changed nor taken back: what was wrong is put right by a credit.
grant select, insert on charges to passerelle_app;
