-- A claim (queued → claimed) was written anew into every index of the row, as a mark was before 0015: `standing` named it, and so did
-- the index of leases. Now whatever a worker can move or holds stands as `open`, and no index knows of leases: claims, marks, heartbeats
-- and what is given back change the row in place. Written before anything was released: the column rewrites the table.
drop index declarations_turns;
drop index declarations_next_due;
drop index declarations_open;
drop index declarations_parked;
drop index declarations_rejected;
drop index declarations_leases;
alter table declarations drop column standing;
alter table declarations add column standing text not null
  generated always as (case when state in ('queued', 'claimed', 'sent') then 'open' else state end) stored;
create index declarations_turns on declarations (destination, pharmacy_id, due_at, id) where standing = 'open';
create index declarations_next_due on declarations (destination, due_at) where lower(standing) = 'open';
create index declarations_parked on declarations (pharmacy_id, destination) where standing = 'parked';
create index declarations_rejected on declarations (pharmacy_id, destination) where standing = 'rejected';

-- Three indexes on random keys become one: which version of a screening was declared where, which is said once (a version and its
-- number name each other, in `screenings`); what a screening has declared; what of it is open. Each was written anew at each settlement,
-- in a place that nothing had touched for long: beside a million settled rows that was a seventh of what PostgreSQL did.
alter table declarations drop constraint declarations_version_id_destination_key;
drop index declarations_by_screening;
alter table declarations add constraint declarations_screening_id_destination_version_key unique (screening_id, destination, version);

-- Room for the claimed version beside each queued one: a set lies close together.
alter table declarations set (fillfactor = 45);

-- What was claimed together: how a rescue finds leases that ran out. A row that is claimed or sent is named by a set at least;
-- whether, by whom and until when it is held stands in the row alone.
create table claimed_sets (
  id bigint generated always as identity primary key,
  declaration_ids uuid[] not null check (cardinality(declaration_ids) > 0),
  -- No lease of the set runs out before.
  leased_until timestamptz not null
);
create index claimed_sets_leased on claimed_sets (leased_until);
alter table claimed_sets set (autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
alter table claimed_sets enable row level security;
alter table claimed_sets force row level security;
create policy claimed_sets_for_worker on claimed_sets using ((select passerelle_is_worker())) with check ((select passerelle_is_worker()));
grant select, insert, update, delete on claimed_sets to passerelle_app;
select set_config('passerelle.scope', 'worker', true);
insert into claimed_sets (declaration_ids, leased_until)
select array_agg(id), min(lease_until) from declarations where state in ('claimed', 'sent') having count(*) > 0;
