-- The audit log sealed: committed events, in sets, become leaves of a Merkle tree whose root is signed (security.md §5).
create table audit_segments (
  -- Position of the first leaf in the tree: a second sealer at the same place collides here.
  first_index bigint primary key check (first_index >= 0),
  size integer not null check (size between 1 and 1000),
  -- audit_events.seq of each leaf, in the order of the tree.
  seqs bigint[] not null check (cardinality(seqs) = size),
  last_seq bigint not null,
  leaf_hashes bytea not null check (octet_length(leaf_hashes) = 32 * size),
  -- Right edge of the tree after this segment: what appending the next needs.
  edge bytea not null check (octet_length(edge) % 32 = 0),
  checkpoint text not null,
  sealed_at timestamptz not null,
  -- Times of the newest event inside: a segment leaves whole once it is past its retention.
  last_at timestamptz not null,
  purged_at timestamptz
);
create index audit_segments_by_last_seq on audit_segments (last_seq);
create index audit_segments_to_purge on audit_segments (last_at) where purged_at is null;

-- Numbers are given out before their transactions commit: up to `cut_seq` no event can appear any more, beyond it one may.
create table audit_sealing (
  singleton boolean primary key default true check (singleton),
  cut_seq bigint not null,
  next_cut_seq bigint not null,
  -- Once every transaction older than this one has ended, `next_cut_seq` becomes the cut.
  next_cut_xid xid8 not null,
  next_cut_at timestamptz not null
);
insert into audit_sealing values (true, 0, 0, pg_current_xact_id(), now());

-- The sealer reads the events of every pharmacy, and of none.
create policy audit_events_for_worker on audit_events for select using (passerelle_is_worker());

-- Old events leave in whole sealed segments, hashes stay, and nothing younger than half a year goes, whoever asks (CNIL 2021-122).
create function passerelle_purge_audit(before timestamptz, segments_max integer) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare purged bigint;
begin
  if before > now() - interval '180 days' then raise exception 'audit events stay for 180 days at least'; end if;
  perform set_config('passerelle.scope', 'worker', true);
  with old as (
    select first_index, seqs from audit_segments where purged_at is null and last_at < before
    order by first_index limit segments_max for update
  ), gone as (
    delete from audit_events where seq in (select unnest(seqs) from old) returning seq
  ), marked as (
    update audit_segments set purged_at = now() where first_index in (select first_index from old)
  )
  select count(*) into purged from gone;
  return purged;
end $$;
-- Forced row-level security binds the owner, as whom the function runs, too.
create policy audit_events_purge on audit_events for delete using (passerelle_is_worker());
revoke all on function passerelle_purge_audit(timestamptz, integer) from public;
grant execute on function passerelle_purge_audit(timestamptz, integer) to passerelle_app;

grant select, insert on audit_segments to passerelle_app;
grant select, update on audit_sealing to passerelle_app;
