-- Work that comes round by itself (housekeeping, sweeps, checkpoints): one row a job, so that of many replicas one runs it.

-- Names, times and counts only; it is no pharmacy's.
create table periodic_jobs (
  name text primary key,
  -- A run is whoever set the lease; its epoch fences what it writes here at its end.
  epoch bigint not null default 0,
  lease_until timestamptz,
  started_at timestamptz,
  ended_at timestamptz,
  outcome text check (outcome in ('done', 'failed', 'cut-short')),
  counts jsonb not null default '{}'
);
grant select, insert, update on periodic_jobs to passerelle_app;
