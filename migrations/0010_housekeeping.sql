-- What is done with leaves: patient and act after their retention, keys of requests, ended sessions. Never what is not finished.

alter table screenings add column payload_left_at timestamptz;
create index screenings_with_payload on screenings (captured_at) where payload_left_at is null;
create index idempotency_keys_by_age on idempotency_keys (created_at);

-- Finished: every declaration of every version ended before `before`, none is refused in the version in force, and nothing was
-- signed since. A draft, and a screening that nothing was ever declared of, is never finished.
create function passerelle_finished_before(screening uuid, before timestamptz) returns boolean language plpgsql stable as $$
begin
  return exists (select from declarations d where d.screening_id = screening)
    and not exists (select from declarations d where d.screening_id = screening
      and (d.state in ('queued', 'claimed', 'sent', 'parked') or d.settled_at is null or d.settled_at >= before))
    and not exists (select from declarations d join screenings s on s.version_id = d.version_id
      where d.screening_id = screening and d.state = 'rejected' and s.status <> 'superseded')
    and not exists (select from screenings s where s.screening_id = screening
      and (s.status = 'draft' or s.signed_at is null or s.signed_at >= before));
end $$;

-- The last wall: whoever empties a payload, and by whatever statement, unfinished work keeps its own.
create function passerelle_keep_unfinished_payload() returns trigger language plpgsql as $$
begin
  if not passerelle_finished_before(new.screening_id, now()) then
    raise exception 'the payload of a screening that is not finished stays';
  end if;
  return new;
end $$;
create trigger screenings_keep_unfinished before update of patient, act on screenings for each row
  when (octet_length(new.patient) = 0 or octet_length(new.act) = 0) execute function passerelle_keep_unfinished_payload();

-- Tries at what has ended are kept as counts a day; the accepted try stays, with the digest of what was sent.
create table attempt_counts (
  pharmacy_id uuid not null references pharmacies (id),
  day date not null,
  destination text not null,
  outcome text not null,
  code text not null,
  count bigint not null,
  primary key (pharmacy_id, day, destination, outcome, code)
);
alter table attempt_counts enable row level security;
alter table attempt_counts force row level security;
create policy attempt_counts_of_pharmacy on attempt_counts for select using (pharmacy_id = passerelle_pharmacy());
create policy attempt_counts_for_worker on attempt_counts using (passerelle_is_worker()) with check (passerelle_is_worker());
grant select on attempt_counts to passerelle_app;

-- Each runs as the owner, who alone may do this, and answers how many screenings, keys or sessions left (or, not `really`, would).
create policy screenings_leave on screenings for update to current_user using (passerelle_is_worker()) with check (payload_left_at is not null);
create policy attempts_leave on attempts for delete to current_user using (passerelle_is_worker());
create policy received_by_hand_leave on received_by_hand for update to current_user using (passerelle_is_worker());
create policy idempotency_keys_leave on idempotency_keys for delete to current_user using (passerelle_is_worker());
create policy idempotency_keys_seen on idempotency_keys for select to current_user using (passerelle_is_worker());

create function passerelle_drop_payloads(before timestamptz, screenings_max integer, really boolean) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  leaving uuid[];
begin
  if before > now() - interval '1 day' then raise exception 'a payload stays for a day at least'; end if;
  -- Forced row-level security binds the owner, as whom the function runs, too.
  perform set_config('passerelle.scope', 'worker', true);
  -- Locked where it is done: a correction that is under way is waited for, and seen.
  if really then
    select array_agg(screening_id) into leaving from (
      select s.screening_id from screenings s
      where s.payload_left_at is null and s.captured_at < before and s.status in ('signed', 'cancelled')
        and passerelle_finished_before(s.screening_id, before)
      order by s.captured_at limit screenings_max for update skip locked) done;
    perform from declarations d where d.screening_id = any(leaving) order by d.id for update;
    select array_agg(id) into leaving from unnest(leaving) id where passerelle_finished_before(id, before);
  else
    select array_agg(screening_id) into leaving from (
      select s.screening_id from screenings s
      where s.payload_left_at is null and s.captured_at < before and s.status in ('signed', 'cancelled')
        and passerelle_finished_before(s.screening_id, before)
      order by s.captured_at limit screenings_max) done;
    return coalesce(cardinality(leaving), 0);
  end if;
  if leaving is null then return 0; end if;
  -- Under no key any more: readers find it erased, and the sweep of the key store finds its key unused.
  update screenings set patient = '', act = '', reason = null, key_ref = '00000000-0000-0000-0000-000000000000', payload_left_at = now()
    where screening_id = any(leaving);
  update received_by_hand r set reason = '' from declarations d where d.id = r.declaration_id and d.screening_id = any(leaving);
  with gone as (
    delete from attempts a using declarations d
    where d.id = a.declaration_id and d.screening_id = any(leaving) and a.outcome is distinct from 'accepted'
    returning a.pharmacy_id, (a.started_at at time zone 'Europe/Paris')::date as day, d.destination, coalesce(a.outcome, 'unknown') as outcome,
      coalesce(a.code, '') as code
  )
  insert into attempt_counts select pharmacy_id, day, destination, outcome, code, count(*) from gone group by 1, 2, 3, 4, 5
    on conflict (pharmacy_id, day, destination, outcome, code) do update set count = attempt_counts.count + excluded.count;
  return cardinality(leaving);
end $$;

create function passerelle_forget_keys(before timestamptz, keys_max integer, really boolean) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare gone bigint;
begin
  if before > now() - interval '1 day' then raise exception 'keys of requests stay for a day at least'; end if;
  perform set_config('passerelle.scope', 'worker', true);
  if not really then
    select count(*) into gone from (select from idempotency_keys where created_at < before limit keys_max) old;
    return gone;
  end if;
  with old as (select pharmacy_id, key_sha256 from idempotency_keys where created_at < before order by created_at limit keys_max)
  delete from idempotency_keys k using old where k.pharmacy_id = old.pharmacy_id and k.key_sha256 = old.key_sha256;
  get diagnostics gone = row_count;
  return gone;
end $$;

create function passerelle_forget_sessions(before timestamptz, sessions_max integer, really boolean) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare gone bigint;
begin
  if before > now() - interval '1 day' then raise exception 'ended sessions stay for a day at least'; end if;
  if not really then
    select count(*) into gone from (select from sessions where ended_at < before limit sessions_max) old;
    return gone;
  end if;
  delete from sessions where id in (select id from sessions where ended_at < before limit sessions_max);
  get diagnostics gone = row_count;
  return gone;
end $$;

revoke all on function passerelle_drop_payloads(timestamptz, integer, boolean), passerelle_forget_keys(timestamptz, integer, boolean),
  passerelle_forget_sessions(timestamptz, integer, boolean) from public;
grant execute on function passerelle_drop_payloads(timestamptz, integer, boolean), passerelle_forget_keys(timestamptz, integer, boolean),
  passerelle_forget_sessions(timestamptz, integer, boolean) to passerelle_app;

-- Silences that stand, by whoever saw them first: so that one is told once, and its end too. Ids and times only.
create table silence_alarms (
  kind text not null check (kind in ('destination-silent', 'pharmacy-quiet')),
  -- A destination's id, or a pharmacy's.
  subject text not null,
  since timestamptz,
  raised_at timestamptz not null default now(),
  primary key (kind, subject)
);
grant select, insert, update, delete on silence_alarms to passerelle_app;
