-- Payloads leave in the order of their capture, from a place on: each version is looked at once a run. `passerelle_drop_payloads` looked for
-- its set among all that is unfinished, each time anew: with enough refused and undecided ones it could not end in time, and nothing left.
-- It stays for the release before, which calls it.

-- Looks at the next `versions_max` versions, and answers how many screenings left (or, not `really`, would), with the place from which
-- to go on; no place where there is nothing more to look at. The first place is ('-infinity', the id of zeros).
create function passerelle_drop_payloads_from(before timestamptz, after_at timestamptz, after_version uuid, versions_max integer, really boolean,
  out gone bigint, out last_at timestamptz, out last_version uuid)
-- Planned for its values: for any values, a tenth of the table looks as likely as a set of hundreds.
language plpgsql security definer set search_path = public, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  signed uuid[];
  leaving uuid[];
begin
  if before > now() - interval '1 day' then raise exception 'a payload stays for a day at least'; end if;
  -- Forced row-level security binds the owner, as whom the function runs, too.
  perform set_config('passerelle.scope', 'worker', true);
  select array_agg(looked.version_id) filter (where looked.status in ('signed', 'cancelled')), max(looked.captured_at),
      (array_agg(looked.version_id order by looked.captured_at desc, looked.version_id desc))[1]
    into signed, last_at, last_version
    from (select s.version_id, s.status, s.captured_at from screenings s
      where s.payload_left_at is null and s.captured_at < before and (s.captured_at, s.version_id) > (after_at, after_version)
      order by s.captured_at, s.version_id limit versions_max) looked;
  select array_agg(s.screening_id) into leaving from screenings s
    where s.version_id = any(signed) and passerelle_finished_before(s.screening_id, before);
  gone := coalesce(cardinality(leaving), 0);
  if not really or leaving is null then return; end if;
  -- Locked where it is done: one that is being corrected at this moment waits for the next run; one whose declarations move is waited for,
  -- and seen as it is then.
  select array_agg(locked.screening_id) into leaving from (
    select s.screening_id from screenings s where s.version_id = any(signed) and s.screening_id = any(leaving) and s.payload_left_at is null
      and s.status in ('signed', 'cancelled') order by s.version_id for update skip locked) locked;
  perform from declarations d where d.screening_id = any(leaving) order by d.id for update;
  select array_agg(id) into leaving from unnest(leaving) id where passerelle_finished_before(id, before);
  gone := coalesce(cardinality(leaving), 0);
  if leaving is null then return; end if;
  -- Under no key any more: readers find it erased, and the sweep of the key store finds its key unused.
  update screenings set patient = '', act = '', reason = null, key_ref = '00000000-0000-0000-0000-000000000000', payload_left_at = now()
    where screening_id = any(leaving);
  update received_by_hand r set reason = '' from declarations d where d.id = r.declaration_id and d.screening_id = any(leaving);
  with tries as (
    delete from attempts a using declarations d
    where d.id = a.declaration_id and d.screening_id = any(leaving) and a.outcome is distinct from 'accepted'
    returning a.pharmacy_id, (a.started_at at time zone 'Europe/Paris')::date as day, d.destination, coalesce(a.outcome, 'unknown') as outcome,
      coalesce(a.code, '') as code
  )
  insert into attempt_counts select pharmacy_id, day, destination, outcome, code, count(*) from tries group by 1, 2, 3, 4, 5
    on conflict (pharmacy_id, day, destination, outcome, code) do update set count = attempt_counts.count + excluded.count;
end $$;

revoke all on function passerelle_drop_payloads_from(timestamptz, timestamptz, uuid, integer, boolean) from public;
grant execute on function passerelle_drop_payloads_from(timestamptz, timestamptz, uuid, integer, boolean) to passerelle_app;
