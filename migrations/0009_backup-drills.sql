-- What restore drills found: a backup that was never restored is a hope. One row a drill; nobody changes it afterwards.
create table backup_drills (
  id bigint generated always as identity primary key,
  drilled_at timestamptz not null,
  -- When the dump was taken that was restored.
  dump_taken_at timestamptz not null check (dump_taken_at <= drilled_at),
  outcome text not null check (outcome in ('passed', 'failed')),
  -- Counts by name, and codes of what failed: nothing of a patient.
  details jsonb not null
);
create index backup_drills_by_time on backup_drills (drilled_at);
grant select, insert on backup_drills to passerelle_app;
