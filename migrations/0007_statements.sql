-- Statements: months frozen before they are counted, numbers without gaps, documents that nobody changes.

-- A frozen month takes no further charge: what is written later for it is billed with the month after the last frozen one.
create table billing_months (
  pharmacy_id uuid not null references pharmacies (id),
  -- The first day of the Paris month.
  month date not null check (extract(day from month) = 1),
  frozen_at timestamptz not null,
  -- When its statement was issued, or nothing was found to bill.
  completed_at timestamptz,
  primary key (pharmacy_id, month)
);
create index billing_months_open on billing_months (month, pharmacy_id) where completed_at is null;

-- The few charges that came after their month was frozen, and the month that bills them instead: all others need no mark at all.
create table late_charges (
  screening_id uuid not null,
  kind text not null,
  pharmacy_id uuid not null references pharmacies (id),
  charged_on date not null,
  amount_cents integer not null,
  billing_month date not null check (billing_month > charged_on and extract(day from billing_month) = 1),
  primary key (screening_id, kind),
  foreign key (screening_id, kind) references charges (screening_id, kind)
);
create index late_charges_by_month on late_charges (pharmacy_id, billing_month);

-- Freezing takes this lock alone, so it waits for charges that are being written and sees them; those written after see the frozen month.
create function passerelle_note_late_charges() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(7277347237);
  insert into late_charges (screening_id, kind, pharmacy_id, charged_on, amount_cents, billing_month)
  select w.screening_id, w.kind, w.pharmacy_id, w.charged_on, w.amount_cents, (frozen.month + interval '1 month')::date
  from written w,
    lateral (select max(b.month) as month from billing_months b where b.pharmacy_id = w.pharmacy_id) frozen
  where w.charged_on < frozen.month + interval '1 month';
  return null;
end $$;
create trigger charges_note_late after insert on charges referencing new table as written
  for each statement execute function passerelle_note_late_charges();

-- One row an issuer and year, locked while numbers are given: a number is taken in the commit that uses it, or not at all.
create table statement_series (
  issuer text not null check (issuer ~ '^[0-9]{9}$'),
  year integer not null,
  last_sequence integer not null check (last_sequence >= 0),
  primary key (issuer, year)
);

create table statements (
  number text primary key check (number ~ '^[A-Z0-9]{1,10}-20[0-9]{2}-[0-9]{6}$'),
  issuer text not null,
  year integer not null,
  sequence integer not null check (sequence >= 1),
  pharmacy_id uuid not null references pharmacies (id),
  kind text not null check (kind in ('invoice', 'credit-note')),
  month date not null check (extract(day from month) = 1),
  -- The statement that a credit note gives back from.
  credits text references statements (number),
  issued_on date not null,
  net_cents bigint not null,
  vat_cents bigint not null,
  gross_cents bigint not null check (gross_cents = net_cents + vat_cents),
  -- All that its files say, as they were made from it.
  content jsonb not null,
  -- Who wrote a credit note; null for the command line.
  issued_by uuid references professionals (id),
  issued_at timestamptz not null,
  unique (issuer, year, sequence),
  check ((kind = 'credit-note') = (credits is not null))
);
-- A month is billed once.
create unique index statements_of_month on statements (pharmacy_id, month) where kind = 'invoice';
create index statements_by_credited on statements (credits) where credits is not null;

create table statement_files (
  number text not null references statements (number),
  format text not null check (format in ('pdf', 'xml', 'csv', 'json')),
  pharmacy_id uuid not null references pharmacies (id),
  bytes bytea not null,
  primary key (number, format)
);

-- What was signed: the digests of the files, and the signature over them (detached JWS).
create table statement_seals (
  number text primary key references statements (number),
  pharmacy_id uuid not null references pharmacies (id),
  manifest text not null,
  signature text not null,
  key_id text not null,
  sealed_at timestamptz not null
);

-- A document that was issued stays as it is, whoever asks: what was wrong is put right by a credit note.
create function passerelle_refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'an issued statement does not change' using errcode = '42501';
end $$;
create trigger statements_stay before update or delete or truncate on statements for each statement execute function passerelle_refuse_change();
create trigger statement_files_stay before update or delete or truncate on statement_files for each statement execute function passerelle_refuse_change();
create trigger statement_seals_stay before update or delete or truncate on statement_seals for each statement execute function passerelle_refuse_change();
create trigger late_charges_stay before update or delete or truncate on late_charges for each statement execute function passerelle_refuse_change();

alter table billing_months enable row level security;
alter table billing_months force row level security;
create policy billing_months_of_pharmacy on billing_months for select using (pharmacy_id = passerelle_pharmacy());
create policy billing_months_for_worker on billing_months using (passerelle_is_worker()) with check (passerelle_is_worker());

alter table late_charges enable row level security;
alter table late_charges force row level security;
create policy late_charges_of_pharmacy on late_charges for select using (pharmacy_id = passerelle_pharmacy());
create policy late_charges_for_worker on late_charges using (passerelle_is_worker()) with check (passerelle_is_worker());

alter table statements enable row level security;
alter table statements force row level security;
create policy statements_of_pharmacy on statements using (pharmacy_id = passerelle_pharmacy()) with check (pharmacy_id = passerelle_pharmacy());
create policy statements_for_worker on statements using (passerelle_is_worker()) with check (passerelle_is_worker());

alter table statement_files enable row level security;
alter table statement_files force row level security;
create policy statement_files_of_pharmacy on statement_files using (pharmacy_id = passerelle_pharmacy()) with check (pharmacy_id = passerelle_pharmacy());
create policy statement_files_for_worker on statement_files using (passerelle_is_worker()) with check (passerelle_is_worker());

alter table statement_seals enable row level security;
alter table statement_seals force row level security;
create policy statement_seals_of_pharmacy on statement_seals using (pharmacy_id = passerelle_pharmacy()) with check (pharmacy_id = passerelle_pharmacy());
create policy statement_seals_for_worker on statement_seals using (passerelle_is_worker()) with check (passerelle_is_worker());

grant select, insert, update on billing_months, statement_series to passerelle_app;
grant select, insert on late_charges, statements, statement_files, statement_seals to passerelle_app;
