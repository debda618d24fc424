-- The forwarding queue: what all workers must know together about a destination, and indexes for claiming in fair turns.

-- One row a destination, locked while a worker asks to be let in: so ten workers probe once, share one limit and one pace.
-- Codes, counts and times only; the worker alone reads and writes it (it is no pharmacy's).
create table destination_controls (
  destination text primary key,
  breaker text not null default 'closed' check (breaker in ('closed', 'open', 'half-open')),
  -- Failures one after another, with no answer between.
  failures integer not null default 0 check (failures >= 0),
  -- Openings since it last answered: each doubles the pause.
  openings integer not null default 0 check (openings >= 0),
  opened_at timestamptz,
  -- Open: nothing goes before. Half-open: until then the probe is `probe_by`'s.
  hold_until timestamptz,
  probe_by text,
  -- When it last came back: the pace climbs from there.
  closed_at timestamptz,
  tokens double precision not null default 0,
  tokens_at timestamptz not null default now(),
  -- Requests that each worker may have under way: [{"worker", "slots", "wanted", "untilMs"}].
  grants jsonb not null default '[]',
  -- The pharmacy after which the next turn begins.
  turn_after uuid not null default '00000000-0000-0000-0000-000000000000',
  -- Declarations that ended, in a count that decays with a time constant of a minute: the measured drain rate.
  drained double precision not null default 0,
  drained_at timestamptz not null default now(),
  last_accepted_at timestamptz,
  check ((breaker = 'half-open') = (probe_by is not null)),
  check (breaker = 'closed' or hold_until is not null)
) with (fillfactor = 50);
grant select, insert, update on destination_controls to passerelle_app;

-- Claims go round the pharmacies of one destination; a look ahead asks when its next row is due.
drop index declarations_due;
create index declarations_turns on declarations (destination, pharmacy_id, due_at, id) where state = 'queued';
create index declarations_due on declarations (destination, due_at) where state = 'queued';

-- Every move of a row leaves dead entries in the partial indexes: vacuum by the queue's measure, not by the table's size.
alter table declarations set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
  autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
