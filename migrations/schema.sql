-- Written by test/support/write-schema-dump.ts from the migrations beside it; a test compares the two.

CREATE OR REPLACE FUNCTION public.passerelle_drop_payloads(before timestamp with time zone, screenings_max integer, really boolean)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
end $function$
;
revoke all on function passerelle_drop_payloads(timestamp with time zone,integer,boolean) from public;

CREATE OR REPLACE FUNCTION public.passerelle_drop_payloads_from(before timestamp with time zone, after_at timestamp with time zone, after_version uuid, versions_max integer, really boolean, OUT gone bigint, OUT last_at timestamp with time zone, OUT last_version uuid)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
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
end $function$
;
revoke all on function passerelle_drop_payloads_from(timestamp with time zone,timestamp with time zone,uuid,integer,boolean) from public;

CREATE OR REPLACE FUNCTION public.passerelle_finished_before(screening uuid, before timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE
AS $function$
begin
  return exists (select from declarations d where d.screening_id = screening)
    and not exists (select from declarations d where d.screening_id = screening
      and (d.state in ('queued', 'claimed', 'sent', 'parked') or d.settled_at is null or d.settled_at >= before))
    and not exists (select from declarations d join screenings s on s.version_id = d.version_id
      where d.screening_id = screening and d.state = 'rejected' and s.status <> 'superseded')
    and not exists (select from screenings s where s.screening_id = screening
      and (s.status = 'draft' or s.signed_at is null or s.signed_at >= before));
end $function$;

CREATE OR REPLACE FUNCTION public.passerelle_forget_indexes()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  new.identity_index := null;
  new.ins_index := null;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.passerelle_forget_keys(before timestamp with time zone, keys_max integer, really boolean)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
end $function$
;
revoke all on function passerelle_forget_keys(timestamp with time zone,integer,boolean) from public;

CREATE OR REPLACE FUNCTION public.passerelle_forget_sessions(before timestamp with time zone, sessions_max integer, really boolean)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
end $function$
;
revoke all on function passerelle_forget_sessions(timestamp with time zone,integer,boolean) from public;

CREATE OR REPLACE FUNCTION public.passerelle_is_worker()
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$ select coalesce(current_setting('passerelle.scope', true), '') = 'worker' $function$;

CREATE OR REPLACE FUNCTION public.passerelle_keep_unfinished_payload()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if not passerelle_finished_before(new.screening_id, now()) then
    raise exception 'the payload of a screening that is not finished stays';
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.passerelle_note_late_charges()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_advisory_xact_lock_shared(7277347237);
  insert into late_charges (screening_id, kind, pharmacy_id, charged_on, amount_cents, billing_month)
  select w.screening_id, w.kind, w.pharmacy_id, w.charged_on, w.amount_cents, (frozen.month + interval '1 month')::date
  from written w,
    lateral (select max(b.month) as month from billing_months b where b.pharmacy_id = w.pharmacy_id) frozen
  where w.charged_on < frozen.month + interval '1 month';
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.passerelle_pharmacy()
 RETURNS uuid
 LANGUAGE sql
 STABLE
AS $function$ select nullif(current_setting('passerelle.pharmacy_id', true), '')::uuid $function$;

CREATE OR REPLACE FUNCTION public.passerelle_purge_audit(before timestamp with time zone, segments_max integer)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
end $function$
;
revoke all on function passerelle_purge_audit(timestamp with time zone,integer) from public;

CREATE OR REPLACE FUNCTION public.passerelle_refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'an issued statement does not change' using errcode = '42501';
end $function$;

create table attempt_counts (
  pharmacy_id uuid not null,
  day date not null,
  destination text not null,
  outcome text not null,
  code text not null,
  count bigint not null
);
alter table attempt_counts owner to passerelle_owner;
alter table attempt_counts enable row level security;
alter table attempt_counts force row level security;

create table attempts (
  declaration_id uuid not null,
  epoch bigint not null,
  pharmacy_id uuid not null,
  worker text not null,
  started_at timestamp with time zone not null,
  ended_at timestamp with time zone,
  outcome text,
  code text,
  message_sha256 text
);
alter table attempts owner to passerelle_owner;
alter table attempts set (fillfactor=60);
alter table attempts enable row level security;
alter table attempts force row level security;

create table audit_events (
  seq bigint not null generated always as identity,
  at timestamp with time zone not null,
  actor_kind text not null,
  professional_id uuid,
  session_id uuid,
  pharmacy_id uuid,
  action text not null,
  outcome text not null,
  code text,
  object_type text,
  object_id uuid,
  request_id uuid,
  client_address inet,
  details jsonb not null default '{}'::jsonb
);
alter table audit_events owner to passerelle_owner;
alter table audit_events enable row level security;
alter table audit_events force row level security;

create table audit_sealing (
  singleton boolean not null default true,
  cut_seq bigint not null,
  next_cut_seq bigint not null,
  next_cut_xid xid8 not null,
  next_cut_at timestamp with time zone not null
);
alter table audit_sealing owner to passerelle_owner;

create table audit_segments (
  first_index bigint not null,
  size integer not null,
  seqs bigint[] not null,
  last_seq bigint not null,
  leaf_hashes bytea not null,
  edge bytea not null,
  checkpoint text not null,
  sealed_at timestamp with time zone not null,
  last_at timestamp with time zone not null,
  purged_at timestamp with time zone
);
alter table audit_segments owner to passerelle_owner;

create table backup_drills (
  id bigint not null generated always as identity,
  drilled_at timestamp with time zone not null,
  dump_taken_at timestamp with time zone not null,
  outcome text not null,
  details jsonb not null
);
alter table backup_drills owner to passerelle_owner;

create table billing_months (
  pharmacy_id uuid not null,
  month date not null,
  frozen_at timestamp with time zone not null,
  completed_at timestamp with time zone
);
alter table billing_months owner to passerelle_owner;
alter table billing_months enable row level security;
alter table billing_months force row level security;

create table charges (
  screening_id uuid not null,
  kind text not null,
  pharmacy_id uuid not null,
  declaration_id uuid not null,
  destination text not null,
  charged_at timestamp with time zone not null,
  charged_on date not null generated always as (((charged_at AT TIME ZONE 'Europe/Paris'::text))::date) stored,
  amount_cents integer not null,
  currency text not null,
  tariff_id text not null,
  demonstration boolean not null
);
alter table charges owner to passerelle_owner;
alter table charges enable row level security;
alter table charges force row level security;

create table claimed_sets (
  id bigint not null generated always as identity,
  declaration_ids uuid[] not null,
  leased_until timestamp with time zone not null
);
alter table claimed_sets owner to passerelle_owner;
alter table claimed_sets set (autovacuum_vacuum_threshold=500, autovacuum_vacuum_cost_delay=0);
alter table claimed_sets enable row level security;
alter table claimed_sets force row level security;

create table declarations (
  id uuid not null,
  pharmacy_id uuid not null,
  screening_id uuid not null,
  version_id uuid not null,
  version integer not null,
  destination text not null,
  kind text not null,
  replaces_version integer,
  state text not null,
  control_id text not null,
  due_at timestamp with time zone not null default now(),
  epoch bigint not null default 0,
  claimed_by text,
  lease_until timestamp with time zone,
  attempt_count integer not null default 0,
  code text,
  location text,
  created_at timestamp with time zone not null default now(),
  settled_at timestamp with time zone,
  standing text not null generated always as (
CASE
    WHEN (state = ANY (ARRAY['queued'::text, 'claimed'::text, 'sent'::text])) THEN 'open'::text
    ELSE state
END) stored
);
alter table declarations owner to passerelle_owner;
alter table declarations set (autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=2000, autovacuum_analyze_scale_factor=0.05, autovacuum_vacuum_cost_delay=0, fillfactor=45);
alter table declarations enable row level security;
alter table declarations force row level security;

create table destination_controls (
  destination text not null,
  breaker text not null default 'closed'::text,
  failures integer not null default 0,
  openings integer not null default 0,
  opened_at timestamp with time zone,
  hold_until timestamp with time zone,
  probe_by text,
  closed_at timestamp with time zone,
  tokens double precision not null default 0,
  tokens_at timestamp with time zone not null default now(),
  grants jsonb not null default '[]'::jsonb,
  turn_after uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  drained double precision not null default 0,
  drained_at timestamp with time zone not null default now(),
  last_accepted_at timestamp with time zone
);
alter table destination_controls owner to passerelle_owner;
alter table destination_controls set (fillfactor=50);

create table idempotency_keys (
  pharmacy_id uuid not null,
  key_sha256 bytea not null,
  body_mac bytea not null,
  screening_id uuid not null,
  created_at timestamp with time zone not null
);
alter table idempotency_keys owner to passerelle_owner;
alter table idempotency_keys enable row level security;
alter table idempotency_keys force row level security;

create table late_charges (
  screening_id uuid not null,
  kind text not null,
  pharmacy_id uuid not null,
  charged_on date not null,
  amount_cents integer not null,
  billing_month date not null
);
alter table late_charges owner to passerelle_owner;
alter table late_charges enable row level security;
alter table late_charges force row level security;

create table ledger_carried (
  pharmacy_id uuid not null,
  day date not null,
  destination text not null,
  declaration_id uuid not null
);
alter table ledger_carried owner to passerelle_owner;
alter table ledger_carried enable row level security;
alter table ledger_carried force row level security;

create table ledger_closes (
  pharmacy_id uuid not null,
  closed_through date not null,
  closed_at timestamp with time zone not null default now()
);
alter table ledger_closes owner to passerelle_owner;
alter table ledger_closes enable row level security;
alter table ledger_closes force row level security;

create table ledger_days (
  pharmacy_id uuid not null,
  day date not null,
  destination text not null,
  captured integer not null,
  accepted integer not null,
  received integer not null,
  cancelled integer not null,
  carried integer not null,
  receipts integer not null,
  first_accepted integer not null,
  first_receipts integer not null,
  billed integer not null,
  charged integer not null,
  differing integer not null,
  closed_at timestamp with time zone not null default now()
);
alter table ledger_days owner to passerelle_owner;
alter table ledger_days enable row level security;
alter table ledger_days force row level security;

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
  differing integer not null
);
alter table ledger_movements owner to passerelle_owner;
alter table ledger_movements enable row level security;
alter table ledger_movements force row level security;

create table memberships (
  pharmacy_id uuid not null,
  professional_id uuid not null,
  role text not null,
  seen_at timestamp with time zone not null
);
alter table memberships owner to passerelle_owner;

create table periodic_jobs (
  name text not null,
  epoch bigint not null default 0,
  lease_until timestamp with time zone,
  started_at timestamp with time zone,
  ended_at timestamp with time zone,
  outcome text,
  counts jsonb not null default '{}'::jsonb
);
alter table periodic_jobs owner to passerelle_owner;

create table pharmacies (
  id uuid not null,
  finess text not null,
  name text not null,
  created_at timestamp with time zone not null,
  in_service boolean not null default true
);
alter table pharmacies owner to passerelle_owner;

create table professionals (
  id uuid not null,
  rpps text not null,
  subject text not null,
  family_name text not null,
  given_name text not null,
  created_at timestamp with time zone not null,
  last_signed_in_at timestamp with time zone not null
);
alter table professionals owner to passerelle_owner;

create table receipts (
  declaration_id uuid not null,
  pharmacy_id uuid not null,
  destination text not null,
  control_id text not null,
  reference text,
  answer_sha256 text not null,
  received_at timestamp with time zone not null,
  billed boolean not null default false
);
alter table receipts owner to passerelle_owner;
alter table receipts enable row level security;
alter table receipts force row level security;

create table received_by_hand (
  declaration_id uuid not null,
  pharmacy_id uuid not null,
  was text not null,
  code text,
  reason bytea not null,
  decided_by uuid,
  operator text,
  decided_at timestamp with time zone not null
);
alter table received_by_hand owner to passerelle_owner;
alter table received_by_hand enable row level security;
alter table received_by_hand force row level security;

create table reconciliation_differences (
  id uuid not null,
  reconciliation_id uuid not null,
  pharmacy_id uuid not null,
  control_id text not null,
  declaration_id uuid,
  screening_id uuid,
  state text,
  problem text not null,
  proposal text not null,
  handled_by uuid,
  handled_at timestamp with time zone
);
alter table reconciliation_differences owner to passerelle_owner;
alter table reconciliation_differences enable row level security;
alter table reconciliation_differences force row level security;

create table reconciliations (
  id uuid not null,
  pharmacy_id uuid not null,
  destination text not null,
  day date not null,
  requested_by uuid not null,
  requested_at timestamp with time zone not null default now(),
  their_list text[],
  state text not null default 'waiting'::text,
  tries integer not null default 0,
  ended_at timestamp with time zone,
  asked integer not null default 0,
  agreed integer not null default 0,
  differing integer not null default 0
);
alter table reconciliations owner to passerelle_owner;
alter table reconciliations enable row level security;
alter table reconciliations force row level security;

create table retry_batch_items (
  batch_id uuid not null,
  declaration_id uuid not null,
  pharmacy_id uuid not null,
  epoch bigint not null,
  outcome text
);
alter table retry_batch_items owner to passerelle_owner;
alter table retry_batch_items enable row level security;
alter table retry_batch_items force row level security;

create table retry_batches (
  id uuid not null,
  pharmacy_id uuid,
  requested_by uuid,
  operator text,
  requested_at timestamp with time zone not null default now(),
  filter jsonb not null,
  per_second double precision not null,
  state text not null,
  needs_approval boolean not null,
  approved_by uuid,
  approved_operator text,
  approved_at timestamp with time zone,
  chosen integer not null,
  released integer not null default 0,
  skipped integer not null default 0,
  paced_from timestamp with time zone not null default now(),
  ended_at timestamp with time zone
);
alter table retry_batches owner to passerelle_owner;
alter table retry_batches enable row level security;
alter table retry_batches force row level security;

create table schema_migrations (
  version integer not null,
  name text not null,
  sha256 text not null,
  applied_at timestamp with time zone not null
);
alter table schema_migrations owner to passerelle_owner;

create table screenings (
  version_id uuid not null,
  screening_id uuid not null,
  pharmacy_id uuid not null,
  version integer not null,
  status text not null,
  key_ref uuid not null,
  patient bytea not null,
  act bytea not null,
  reason bytea,
  drafted_by uuid not null,
  signed_by uuid,
  signed_role text,
  captured_at timestamp with time zone not null,
  signed_at timestamp with time zone,
  declared_to text[],
  payload_left_at timestamp with time zone,
  identity_index text,
  ins_index text
);
alter table screenings owner to passerelle_owner;
alter table screenings set (toast_tuple_target=4080);
alter table screenings enable row level security;
alter table screenings force row level security;

create table sessions (
  id uuid not null,
  token_hash bytea not null,
  professional_id uuid not null,
  pharmacy_id uuid,
  role text,
  activities jsonb not null,
  sealed_id_token bytea,
  created_at timestamp with time zone not null,
  last_seen_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  ended_at timestamp with time zone,
  end_reason text
);
alter table sessions owner to passerelle_owner;

create table sign_ins (
  token_hash bytea not null,
  sealed bytea not null,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null
);
alter table sign_ins owner to passerelle_owner;

create table silence_alarms (
  kind text not null,
  subject text not null,
  since timestamp with time zone,
  raised_at timestamp with time zone not null default now()
);
alter table silence_alarms owner to passerelle_owner;

create table statement_files (
  number text not null,
  format text not null,
  pharmacy_id uuid not null,
  bytes bytea not null
);
alter table statement_files owner to passerelle_owner;
alter table statement_files enable row level security;
alter table statement_files force row level security;

create table statement_seals (
  number text not null,
  pharmacy_id uuid not null,
  manifest text not null,
  signature text not null,
  key_id text not null,
  sealed_at timestamp with time zone not null
);
alter table statement_seals owner to passerelle_owner;
alter table statement_seals enable row level security;
alter table statement_seals force row level security;

create table statement_series (
  issuer text not null,
  year integer not null,
  last_sequence integer not null
);
alter table statement_series owner to passerelle_owner;

create table statements (
  number text not null,
  issuer text not null,
  year integer not null,
  sequence integer not null,
  pharmacy_id uuid not null,
  kind text not null,
  month date not null,
  credits text,
  issued_on date not null,
  net_cents bigint not null,
  vat_cents bigint not null,
  gross_cents bigint not null,
  content jsonb not null,
  issued_by uuid,
  issued_at timestamp with time zone not null
);
alter table statements owner to passerelle_owner;
alter table statements enable row level security;
alter table statements force row level security;

alter table attempt_counts add constraint attempt_counts_pkey PRIMARY KEY (pharmacy_id, day, destination, outcome, code);
alter table attempts add constraint attempts_message_sha256_check CHECK (((octet_length(message_sha256) = 64) AND (encode(decode(message_sha256, 'hex'::text), 'hex'::text) = message_sha256))) NOT VALID;
alter table attempts add constraint attempts_outcome_check CHECK ((outcome = ANY (ARRAY['accepted'::text, 'permanent'::text, 'transient'::text, 'ambiguous'::text, 'interrupted'::text])));
alter table attempts add constraint attempts_pkey PRIMARY KEY (declaration_id, epoch);
alter table audit_events add constraint audit_events_actor_kind_check CHECK ((actor_kind = ANY (ARRAY['professional'::text, 'system'::text, 'anonymous'::text])));
alter table audit_events add constraint audit_events_outcome_check CHECK ((outcome = ANY (ARRAY['done'::text, 'denied'::text, 'failed'::text])));
alter table audit_events add constraint audit_events_pkey PRIMARY KEY (seq);
alter table audit_sealing add constraint audit_sealing_pkey PRIMARY KEY (singleton);
alter table audit_sealing add constraint audit_sealing_singleton_check CHECK (singleton);
alter table audit_segments add constraint audit_segments_check CHECK ((cardinality(seqs) = size));
alter table audit_segments add constraint audit_segments_check1 CHECK ((octet_length(leaf_hashes) = (32 * size)));
alter table audit_segments add constraint audit_segments_edge_check CHECK (((octet_length(edge) % 32) = 0));
alter table audit_segments add constraint audit_segments_first_index_check CHECK ((first_index >= 0));
alter table audit_segments add constraint audit_segments_pkey PRIMARY KEY (first_index);
alter table audit_segments add constraint audit_segments_size_check CHECK (((size >= 1) AND (size <= 1000)));
alter table backup_drills add constraint backup_drills_check CHECK ((dump_taken_at <= drilled_at));
alter table backup_drills add constraint backup_drills_outcome_check CHECK ((outcome = ANY (ARRAY['passed'::text, 'failed'::text])));
alter table backup_drills add constraint backup_drills_pkey PRIMARY KEY (id);
alter table billing_months add constraint billing_months_month_check CHECK ((EXTRACT(day FROM month) = (1)::numeric));
alter table billing_months add constraint billing_months_pkey PRIMARY KEY (pharmacy_id, month);
alter table charges add constraint charges_check CHECK ((((kind = 'charge'::text) AND (amount_cents >= 0)) OR ((kind = 'credit'::text) AND (amount_cents <= 0))));
alter table charges add constraint charges_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text));
alter table charges add constraint charges_kind_check CHECK ((kind = ANY (ARRAY['charge'::text, 'credit'::text])));
alter table charges add constraint charges_pkey PRIMARY KEY (screening_id, kind);
alter table claimed_sets add constraint claimed_sets_declaration_ids_check CHECK ((cardinality(declaration_ids) > 0));
alter table claimed_sets add constraint claimed_sets_pkey PRIMARY KEY (id);
alter table declarations add constraint declarations_attempt_count_check CHECK ((attempt_count >= 0));
alter table declarations add constraint declarations_check CHECK (((replaces_version >= 1) AND (replaces_version < version)));
alter table declarations add constraint declarations_check1 CHECK (((kind = 'original'::text) = (replaces_version IS NULL)));
alter table declarations add constraint declarations_check2 CHECK (((state = ANY (ARRAY['claimed'::text, 'sent'::text])) = (lease_until IS NOT NULL)));
alter table declarations add constraint declarations_check3 CHECK (((state = ANY (ARRAY['claimed'::text, 'sent'::text])) = (claimed_by IS NOT NULL)));
alter table declarations add constraint declarations_control_id_check CHECK (((octet_length(control_id) >= 8) AND (octet_length(control_id) <= 20) AND (btrim(convert_to(control_id, 'UTF8'::name), '\x303132333435363738394142434445464748494a4b4c4d4e4f505152535455565758595a'::bytea) = '\x'::bytea))) NOT VALID;
alter table declarations add constraint declarations_control_id_key UNIQUE (control_id);
alter table declarations add constraint declarations_kind_check CHECK ((kind = ANY (ARRAY['original'::text, 'replacement'::text, 'cancellation'::text])));
alter table declarations add constraint declarations_pkey PRIMARY KEY (id);
alter table declarations add constraint declarations_screening_id_destination_version_key UNIQUE (screening_id, destination, version);
alter table declarations add constraint declarations_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'claimed'::text, 'sent'::text, 'accepted'::text, 'rejected'::text, 'parked'::text, 'cancelled'::text, 'received'::text]))) NOT VALID;
alter table declarations add constraint declarations_version_check CHECK ((version >= 1));
alter table destination_controls add constraint destination_controls_breaker_check CHECK ((breaker = ANY (ARRAY['closed'::text, 'open'::text, 'half-open'::text])));
alter table destination_controls add constraint destination_controls_check CHECK (((breaker = 'half-open'::text) = (probe_by IS NOT NULL)));
alter table destination_controls add constraint destination_controls_check1 CHECK (((breaker = 'closed'::text) OR (hold_until IS NOT NULL)));
alter table destination_controls add constraint destination_controls_failures_check CHECK ((failures >= 0));
alter table destination_controls add constraint destination_controls_openings_check CHECK ((openings >= 0));
alter table destination_controls add constraint destination_controls_pkey PRIMARY KEY (destination);
alter table idempotency_keys add constraint idempotency_keys_body_mac_check CHECK ((octet_length(body_mac) = 32));
alter table idempotency_keys add constraint idempotency_keys_key_sha256_check CHECK ((octet_length(key_sha256) = 32));
alter table idempotency_keys add constraint idempotency_keys_pkey PRIMARY KEY (pharmacy_id, key_sha256);
alter table late_charges add constraint late_charges_check CHECK (((billing_month > charged_on) AND (EXTRACT(day FROM billing_month) = (1)::numeric)));
alter table late_charges add constraint late_charges_pkey PRIMARY KEY (screening_id, kind);
alter table ledger_carried add constraint ledger_carried_pkey PRIMARY KEY (pharmacy_id, day, destination, declaration_id);
alter table ledger_closes add constraint ledger_closes_pkey PRIMARY KEY (pharmacy_id);
alter table ledger_days add constraint ledger_days_pkey PRIMARY KEY (pharmacy_id, day, destination);
alter table ledger_movements add constraint ledger_movements_pkey PRIMARY KEY (pharmacy_id, day, destination, moved_on);
alter table memberships add constraint memberships_pkey PRIMARY KEY (pharmacy_id, professional_id);
alter table memberships add constraint memberships_role_check CHECK ((role = ANY (ARRAY['titular'::text, 'pharmacist'::text, 'student'::text, 'preparer'::text, 'group-admin'::text, 'dpo'::text, 'operator'::text])));
alter table periodic_jobs add constraint periodic_jobs_outcome_check CHECK ((outcome = ANY (ARRAY['done'::text, 'failed'::text, 'cut-short'::text])));
alter table periodic_jobs add constraint periodic_jobs_pkey PRIMARY KEY (name);
alter table pharmacies add constraint pharmacies_finess_check CHECK ((finess ~ '^[0-9][0-9AB][0-9]{7}$'::text));
alter table pharmacies add constraint pharmacies_finess_key UNIQUE (finess);
alter table pharmacies add constraint pharmacies_pkey PRIMARY KEY (id);
alter table professionals add constraint professionals_pkey PRIMARY KEY (id);
alter table professionals add constraint professionals_rpps_check CHECK ((rpps ~ '^[0-9]{11}$'::text));
alter table professionals add constraint professionals_rpps_key UNIQUE (rpps);
alter table receipts add constraint receipts_answer_sha256_check CHECK (((octet_length(answer_sha256) = 64) AND (encode(decode(answer_sha256, 'hex'::text), 'hex'::text) = answer_sha256))) NOT VALID;
alter table receipts add constraint receipts_control_id_key UNIQUE (control_id);
alter table receipts add constraint receipts_pkey PRIMARY KEY (declaration_id);
alter table received_by_hand add constraint received_by_hand_check CHECK (((decided_by IS NULL) <> (operator IS NULL)));
alter table received_by_hand add constraint received_by_hand_operator_check CHECK ((operator ~ '^[a-z0-9][a-z0-9._-]{0,31}$'::text));
alter table received_by_hand add constraint received_by_hand_pkey PRIMARY KEY (declaration_id);
alter table received_by_hand add constraint received_by_hand_was_check CHECK ((was = ANY (ARRAY['parked'::text, 'rejected'::text, 'queued'::text]))) NOT VALID;
alter table reconciliation_differences add constraint reconciliation_differences_check CHECK ((((declaration_id IS NULL) = (state IS NULL)) AND ((declaration_id IS NULL) = (screening_id IS NULL))));
alter table reconciliation_differences add constraint reconciliation_differences_check1 CHECK (((handled_by IS NULL) = (handled_at IS NULL)));
alter table reconciliation_differences add constraint reconciliation_differences_pkey PRIMARY KEY (id);
alter table reconciliation_differences add constraint reconciliation_differences_reconciliation_id_control_id_key UNIQUE (reconciliation_id, control_id);
alter table reconciliations add constraint reconciliations_check CHECK (((state = 'waiting'::text) = (ended_at IS NULL)));
alter table reconciliations add constraint reconciliations_pkey PRIMARY KEY (id);
alter table reconciliations add constraint reconciliations_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'done'::text, 'failed'::text])));
alter table reconciliations add constraint reconciliations_their_list_check CHECK ((cardinality(their_list) <= 2000));
alter table retry_batch_items add constraint retry_batch_items_outcome_check CHECK ((outcome = ANY (ARRAY['released'::text, 'skipped'::text])));
alter table retry_batch_items add constraint retry_batch_items_pkey PRIMARY KEY (batch_id, declaration_id);
alter table retry_batches add constraint retry_batches_approved_operator_check CHECK ((approved_operator ~ '^[a-z0-9][a-z0-9._-]{0,31}$'::text));
alter table retry_batches add constraint retry_batches_check CHECK (((requested_by IS NULL) <> (operator IS NULL)));
alter table retry_batches add constraint retry_batches_check1 CHECK (((approved_by IS NULL) OR (approved_by IS DISTINCT FROM requested_by)));
alter table retry_batches add constraint retry_batches_check2 CHECK (((approved_operator IS NULL) OR (approved_operator IS DISTINCT FROM operator)));
alter table retry_batches add constraint retry_batches_check3 CHECK (((approved_at IS NULL) = ((approved_by IS NULL) AND (approved_operator IS NULL))));
alter table retry_batches add constraint retry_batches_check4 CHECK (((NOT needs_approval) OR (approved_at IS NOT NULL) OR (state = ANY (ARRAY['waiting'::text, 'stopped'::text]))));
alter table retry_batches add constraint retry_batches_check5 CHECK ((needs_approval OR (state <> 'waiting'::text)));
alter table retry_batches add constraint retry_batches_check6 CHECK (((released + skipped) <= chosen));
alter table retry_batches add constraint retry_batches_check7 CHECK (((state = ANY (ARRAY['stopped'::text, 'done'::text])) = (ended_at IS NOT NULL)));
alter table retry_batches add constraint retry_batches_chosen_check CHECK ((chosen > 0));
alter table retry_batches add constraint retry_batches_operator_check CHECK ((operator ~ '^[a-z0-9][a-z0-9._-]{0,31}$'::text));
alter table retry_batches add constraint retry_batches_per_second_check CHECK (((per_second > (0)::double precision) AND (per_second <= (1000)::double precision)));
alter table retry_batches add constraint retry_batches_pkey PRIMARY KEY (id);
alter table retry_batches add constraint retry_batches_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'running'::text, 'stopped'::text, 'done'::text])));
alter table schema_migrations add constraint schema_migrations_pkey PRIMARY KEY (version);
alter table screenings add constraint screenings_check CHECK ((((signed_by IS NULL) = (signed_at IS NULL)) AND ((signed_by IS NULL) = (signed_role IS NULL))));
alter table screenings add constraint screenings_check1 CHECK (((status = 'draft'::text) = (signed_by IS NULL)));
alter table screenings add constraint screenings_identity_index_check CHECK ((identity_index ~ '^[0-9]{1,3}[.][0-9]{1,2}[.][0-9a-f]{1,8}$'::text));
alter table screenings add constraint screenings_ins_index_check CHECK ((ins_index ~ '^[0-9]{1,3}[.][0-9]{1,2}[.][0-9a-f]{1,8}$'::text));
alter table screenings add constraint screenings_pkey PRIMARY KEY (version_id);
alter table screenings add constraint screenings_screening_id_version_key UNIQUE (screening_id, version);
alter table screenings add constraint screenings_signed_role_check CHECK ((signed_role = ANY (ARRAY['titular'::text, 'pharmacist'::text, 'student'::text])));
alter table screenings add constraint screenings_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'signed'::text, 'superseded'::text, 'cancelled'::text])));
alter table screenings add constraint screenings_version_check CHECK ((version >= 1));
alter table sessions add constraint sessions_check CHECK (((pharmacy_id IS NULL) = (role IS NULL)));
alter table sessions add constraint sessions_check1 CHECK (((ended_at IS NULL) = (end_reason IS NULL)));
alter table sessions add constraint sessions_end_reason_check CHECK ((end_reason = ANY (ARRAY['signed-out'::text, 'idle'::text, 'expired'::text, 'replaced'::text, 'revoked'::text])));
alter table sessions add constraint sessions_pkey PRIMARY KEY (id);
alter table sessions add constraint sessions_role_check CHECK ((role = ANY (ARRAY['titular'::text, 'pharmacist'::text, 'student'::text, 'preparer'::text, 'group-admin'::text, 'dpo'::text, 'operator'::text])));
alter table sessions add constraint sessions_token_hash_check CHECK ((octet_length(token_hash) = 32));
alter table sessions add constraint sessions_token_hash_key UNIQUE (token_hash);
alter table sign_ins add constraint sign_ins_pkey PRIMARY KEY (token_hash);
alter table sign_ins add constraint sign_ins_token_hash_check CHECK ((octet_length(token_hash) = 32));
alter table silence_alarms add constraint silence_alarms_kind_check CHECK ((kind = ANY (ARRAY['destination-silent'::text, 'pharmacy-quiet'::text])));
alter table silence_alarms add constraint silence_alarms_pkey PRIMARY KEY (kind, subject);
alter table statement_files add constraint statement_files_format_check CHECK ((format = ANY (ARRAY['pdf'::text, 'xml'::text, 'csv'::text, 'json'::text])));
alter table statement_files add constraint statement_files_pkey PRIMARY KEY (number, format);
alter table statement_seals add constraint statement_seals_pkey PRIMARY KEY (number);
alter table statement_series add constraint statement_series_issuer_check CHECK ((issuer ~ '^[0-9]{9}$'::text));
alter table statement_series add constraint statement_series_last_sequence_check CHECK ((last_sequence >= 0));
alter table statement_series add constraint statement_series_pkey PRIMARY KEY (issuer, year);
alter table statements add constraint statements_check CHECK ((gross_cents = (net_cents + vat_cents)));
alter table statements add constraint statements_check1 CHECK (((kind = 'credit-note'::text) = (credits IS NOT NULL)));
alter table statements add constraint statements_issuer_year_sequence_key UNIQUE (issuer, year, sequence);
alter table statements add constraint statements_kind_check CHECK ((kind = ANY (ARRAY['invoice'::text, 'credit-note'::text])));
alter table statements add constraint statements_month_check CHECK ((EXTRACT(day FROM month) = (1)::numeric));
alter table statements add constraint statements_number_check CHECK ((number ~ '^[A-Z0-9]{1,10}-20[0-9]{2}-[0-9]{6}$'::text));
alter table statements add constraint statements_pkey PRIMARY KEY (number);
alter table statements add constraint statements_sequence_check CHECK ((sequence >= 1));
alter table attempt_counts add constraint attempt_counts_pharmacy_id_fkey FOREIGN KEY (pharmacy_id) REFERENCES pharmacies(id);
alter table attempts add constraint attempts_declaration_id_fkey FOREIGN KEY (declaration_id) REFERENCES declarations(id);
alter table audit_events add constraint audit_events_professional_id_fkey FOREIGN KEY (professional_id) REFERENCES professionals(id);
alter table billing_months add constraint billing_months_pharmacy_id_fkey FOREIGN KEY (pharmacy_id) REFERENCES pharmacies(id);
alter table charges add constraint charges_declaration_id_fkey FOREIGN KEY (declaration_id) REFERENCES receipts(declaration_id);
alter table charges add constraint charges_pharmacy_id_fkey FOREIGN KEY (pharmacy_id) REFERENCES pharmacies(id);
alter table declarations add constraint declarations_pharmacy_id_fkey FOREIGN KEY (pharmacy_id) REFERENCES pharmacies(id);
alter table declarations add constraint declarations_version_id_fkey FOREIGN KEY (version_id) REFERENCES screenings(version_id);
alter table idempotency_keys add constraint idempotency_keys_pharmacy_id_fkey FOREIGN KEY (pharmacy_id) REFERENCES pharmacies(id);
alter table late_charges add constraint late_charges_pharmacy_id_fkey FOREIGN KEY (pharmacy_id) REFERENCES pharmacies(id);
alter table late_charges add constraint late_charges_screening_id_kind_fkey FOREIGN KEY (screening_id, kind) REFERENCES charges(screening_id, kind);
alter table ledger_carried add constraint ledger_carried_declaration_id_fkey FOREIGN KEY (declaration_id) REFERENCES declarations(id);
alter table ledger_carried add constraint ledger_carried_pharmacy_id_day_destination_fkey FOREIGN KEY (pharmacy_id, day, destination) REFERENCES ledger_days(pharmacy_id, day, destination);
alter table ledger_closes add constraint ledger_closes_pharmacy_id_fkey FOREIGN KEY (pharmacy_id) REFERENCES pharmacies(id);
alter table ledger_days add constraint ledger_days_pharmacy_id_fkey FOREIGN KEY (pharmacy_id) REFERENCES pharmacies(id);
alter table ledger_movements add constraint ledger_movements_pharmacy_id_day_destination_fkey FOREIGN KEY (pharmacy_id, day, destination) REFERENCES ledger_days(pharmacy_id, day, destination);
alter table memberships add constraint memberships_pharmacy_id_fkey FOREIGN KEY (pharmacy_id) REFERENCES pharmacies(id);
alter table memberships add constraint memberships_professional_id_fkey FOREIGN KEY (professional_id) REFERENCES professionals(id);
alter table receipts add constraint receipts_declaration_id_fkey FOREIGN KEY (declaration_id) REFERENCES declarations(id);
alter table received_by_hand add constraint received_by_hand_decided_by_fkey FOREIGN KEY (decided_by) REFERENCES professionals(id);
alter table received_by_hand add constraint received_by_hand_declaration_id_fkey FOREIGN KEY (declaration_id) REFERENCES declarations(id);
alter table received_by_hand add constraint received_by_hand_pharmacy_id_fkey FOREIGN KEY (pharmacy_id) REFERENCES pharmacies(id);
alter table reconciliation_differences add constraint reconciliation_differences_handled_by_fkey FOREIGN KEY (handled_by) REFERENCES professionals(id);
alter table reconciliation_differences add constraint reconciliation_differences_pharmacy_id_fkey FOREIGN KEY (pharmacy_id) REFERENCES pharmacies(id);
alter table reconciliation_differences add constraint reconciliation_differences_reconciliation_id_fkey FOREIGN KEY (reconciliation_id) REFERENCES reconciliations(id);
alter table reconciliations add constraint reconciliations_pharmacy_id_fkey FOREIGN KEY (pharmacy_id) REFERENCES pharmacies(id);
alter table reconciliations add constraint reconciliations_requested_by_fkey FOREIGN KEY (requested_by) REFERENCES professionals(id);
alter table retry_batch_items add constraint retry_batch_items_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES retry_batches(id);
alter table retry_batch_items add constraint retry_batch_items_declaration_id_fkey FOREIGN KEY (declaration_id) REFERENCES declarations(id);
alter table retry_batch_items add constraint retry_batch_items_pharmacy_id_fkey FOREIGN KEY (pharmacy_id) REFERENCES pharmacies(id);
alter table retry_batches add constraint retry_batches_approved_by_fkey FOREIGN KEY (approved_by) REFERENCES professionals(id);
alter table retry_batches add constraint retry_batches_pharmacy_id_fkey FOREIGN KEY (pharmacy_id) REFERENCES pharmacies(id);
alter table retry_batches add constraint retry_batches_requested_by_fkey FOREIGN KEY (requested_by) REFERENCES professionals(id);
alter table screenings add constraint screenings_drafted_by_fkey FOREIGN KEY (drafted_by) REFERENCES professionals(id);
alter table screenings add constraint screenings_pharmacy_id_fkey FOREIGN KEY (pharmacy_id) REFERENCES pharmacies(id);
alter table screenings add constraint screenings_signed_by_fkey FOREIGN KEY (signed_by) REFERENCES professionals(id);
alter table sessions add constraint sessions_pharmacy_id_fkey FOREIGN KEY (pharmacy_id) REFERENCES pharmacies(id);
alter table sessions add constraint sessions_professional_id_fkey FOREIGN KEY (professional_id) REFERENCES professionals(id);
alter table statement_files add constraint statement_files_number_fkey FOREIGN KEY (number) REFERENCES statements(number);
alter table statement_files add constraint statement_files_pharmacy_id_fkey FOREIGN KEY (pharmacy_id) REFERENCES pharmacies(id);
alter table statement_seals add constraint statement_seals_number_fkey FOREIGN KEY (number) REFERENCES statements(number);
alter table statement_seals add constraint statement_seals_pharmacy_id_fkey FOREIGN KEY (pharmacy_id) REFERENCES pharmacies(id);
alter table statements add constraint statements_credits_fkey FOREIGN KEY (credits) REFERENCES statements(number);
alter table statements add constraint statements_issued_by_fkey FOREIGN KEY (issued_by) REFERENCES professionals(id);
alter table statements add constraint statements_pharmacy_id_fkey FOREIGN KEY (pharmacy_id) REFERENCES pharmacies(id);

CREATE INDEX audit_events_by_object ON public.audit_events USING btree (object_id, seq) WHERE (object_id IS NOT NULL);
CREATE INDEX audit_events_by_pharmacy ON public.audit_events USING btree (pharmacy_id, seq);
CREATE INDEX audit_segments_by_last_seq ON public.audit_segments USING btree (last_seq);
CREATE INDEX audit_segments_to_purge ON public.audit_segments USING btree (last_at) WHERE (purged_at IS NULL);
CREATE INDEX backup_drills_by_time ON public.backup_drills USING btree (drilled_at);
CREATE INDEX billing_months_open ON public.billing_months USING btree (month, pharmacy_id) WHERE (completed_at IS NULL);
CREATE INDEX charges_by_month ON public.charges USING btree (pharmacy_id, charged_on) INCLUDE (kind, amount_cents, tariff_id, demonstration);
CREATE INDEX claimed_sets_leased ON public.claimed_sets USING btree (leased_until);
CREATE INDEX declarations_next_due ON public.declarations USING btree (destination, due_at) WHERE (lower(standing) = 'open'::text);
CREATE INDEX declarations_parked ON public.declarations USING btree (pharmacy_id, destination) WHERE (standing = 'parked'::text);
CREATE INDEX declarations_rejected ON public.declarations USING btree (pharmacy_id, destination) WHERE (standing = 'rejected'::text);
CREATE INDEX declarations_turns ON public.declarations USING btree (destination, pharmacy_id, due_at, id) WHERE (standing = 'open'::text);
CREATE INDEX idempotency_keys_by_age ON public.idempotency_keys USING btree (created_at);
CREATE INDEX late_charges_by_month ON public.late_charges USING btree (pharmacy_id, billing_month);
CREATE UNIQUE INDEX ledger_carried_once ON public.ledger_carried USING btree (declaration_id);
CREATE INDEX reconciliations_by_pharmacy ON public.reconciliations USING btree (pharmacy_id, requested_at);
CREATE UNIQUE INDEX reconciliations_one_waiting ON public.reconciliations USING btree (pharmacy_id, destination, day) WHERE (state = 'waiting'::text);
CREATE INDEX retry_batch_items_waiting ON public.retry_batch_items USING btree (batch_id, declaration_id) WHERE (outcome IS NULL);
CREATE INDEX retry_batches_by_pharmacy ON public.retry_batches USING btree (pharmacy_id, requested_at);
CREATE INDEX retry_batches_open ON public.retry_batches USING btree (requested_at) WHERE (state = ANY (ARRAY['waiting'::text, 'running'::text]));
CREATE INDEX screenings_by_day ON public.screenings USING btree (pharmacy_id, captured_at);
CREATE INDEX screenings_by_identity ON public.screenings USING btree (pharmacy_id, identity_index) WHERE (identity_index IS NOT NULL);
CREATE INDEX screenings_by_ins ON public.screenings USING btree (pharmacy_id, ins_index) WHERE (ins_index IS NOT NULL);
CREATE INDEX screenings_by_key ON public.screenings USING btree (key_ref);
CREATE INDEX screenings_by_signing ON public.screenings USING btree (pharmacy_id, signed_at) WHERE (signed_at IS NOT NULL);
CREATE INDEX screenings_with_payload ON public.screenings USING btree (captured_at) WHERE (payload_left_at IS NULL);
CREATE INDEX sessions_by_professional ON public.sessions USING btree (professional_id) WHERE (ended_at IS NULL);
CREATE INDEX sessions_open ON public.sessions USING btree (expires_at) WHERE (ended_at IS NULL);
CREATE INDEX sign_ins_expiry ON public.sign_ins USING btree (expires_at);
CREATE INDEX statements_by_credited ON public.statements USING btree (credits) WHERE (credits IS NOT NULL);
CREATE UNIQUE INDEX statements_of_month ON public.statements USING btree (pharmacy_id, month) WHERE (kind = 'invoice'::text);

CREATE TRIGGER charges_note_late AFTER INSERT ON public.charges REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION passerelle_note_late_charges();
CREATE TRIGGER late_charges_stay BEFORE DELETE OR UPDATE OR TRUNCATE ON public.late_charges FOR EACH STATEMENT EXECUTE FUNCTION passerelle_refuse_change();
CREATE TRIGGER screenings_forget_indexes BEFORE UPDATE OF payload_left_at ON public.screenings FOR EACH ROW WHEN ((new.payload_left_at IS NOT NULL)) EXECUTE FUNCTION passerelle_forget_indexes();
CREATE TRIGGER screenings_keep_unfinished BEFORE UPDATE OF patient, act ON public.screenings FOR EACH ROW WHEN (((octet_length(new.patient) = 0) OR (octet_length(new.act) = 0))) EXECUTE FUNCTION passerelle_keep_unfinished_payload();
CREATE TRIGGER statement_files_stay BEFORE DELETE OR UPDATE OR TRUNCATE ON public.statement_files FOR EACH STATEMENT EXECUTE FUNCTION passerelle_refuse_change();
CREATE TRIGGER statement_seals_stay BEFORE DELETE OR UPDATE OR TRUNCATE ON public.statement_seals FOR EACH STATEMENT EXECUTE FUNCTION passerelle_refuse_change();
CREATE TRIGGER statements_stay BEFORE DELETE OR UPDATE OR TRUNCATE ON public.statements FOR EACH STATEMENT EXECUTE FUNCTION passerelle_refuse_change();

create policy attempt_counts_for_worker on attempt_counts as permissive for all to public using (( SELECT passerelle_is_worker() AS passerelle_is_worker)) with check (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy attempt_counts_of_pharmacy on attempt_counts as permissive for select to public using ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy)));
create policy attempts_for_worker on attempts as permissive for all to public using (( SELECT passerelle_is_worker() AS passerelle_is_worker)) with check (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy attempts_leave on attempts as permissive for delete to passerelle_owner using (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy attempts_of_pharmacy on attempts as permissive for select to public using ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy)));
create policy audit_events_append on audit_events as permissive for insert to public with check (true);
create policy audit_events_for_worker on audit_events as permissive for select to public using (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy audit_events_of_pharmacy on audit_events as permissive for select to public using ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy)));
create policy audit_events_purge on audit_events as permissive for delete to public using (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy billing_months_for_worker on billing_months as permissive for all to public using (( SELECT passerelle_is_worker() AS passerelle_is_worker)) with check (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy billing_months_of_pharmacy on billing_months as permissive for select to public using ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy)));
create policy charges_for_worker on charges as permissive for all to public using (( SELECT passerelle_is_worker() AS passerelle_is_worker)) with check (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy charges_of_pharmacy on charges as permissive for select to public using ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy)));
create policy claimed_sets_for_worker on claimed_sets as permissive for all to public using (( SELECT passerelle_is_worker() AS passerelle_is_worker)) with check (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy declarations_for_worker on declarations as permissive for all to public using (( SELECT passerelle_is_worker() AS passerelle_is_worker)) with check (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy declarations_of_pharmacy on declarations as permissive for all to public using ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy))) with check ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy)));
create policy idempotency_keys_leave on idempotency_keys as permissive for delete to passerelle_owner using (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy idempotency_keys_of_pharmacy on idempotency_keys as permissive for all to public using ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy))) with check ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy)));
create policy idempotency_keys_seen on idempotency_keys as permissive for select to passerelle_owner using (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy late_charges_for_worker on late_charges as permissive for all to public using (( SELECT passerelle_is_worker() AS passerelle_is_worker)) with check (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy late_charges_of_pharmacy on late_charges as permissive for select to public using ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy)));
create policy ledger_carried_for_worker on ledger_carried as permissive for all to public using (( SELECT passerelle_is_worker() AS passerelle_is_worker)) with check (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy ledger_carried_of_pharmacy on ledger_carried as permissive for select to public using ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy)));
create policy ledger_closes_for_worker on ledger_closes as permissive for all to public using (( SELECT passerelle_is_worker() AS passerelle_is_worker)) with check (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy ledger_closes_of_pharmacy on ledger_closes as permissive for select to public using ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy)));
create policy ledger_days_for_worker on ledger_days as permissive for all to public using (( SELECT passerelle_is_worker() AS passerelle_is_worker)) with check (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy ledger_days_of_pharmacy on ledger_days as permissive for select to public using ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy)));
create policy ledger_movements_for_worker on ledger_movements as permissive for all to public using (( SELECT passerelle_is_worker() AS passerelle_is_worker)) with check (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy ledger_movements_of_pharmacy on ledger_movements as permissive for select to public using ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy)));
create policy receipts_for_worker on receipts as permissive for all to public using (( SELECT passerelle_is_worker() AS passerelle_is_worker)) with check (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy receipts_of_pharmacy on receipts as permissive for select to public using ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy)));
create policy received_by_hand_for_worker on received_by_hand as permissive for all to public using (( SELECT passerelle_is_worker() AS passerelle_is_worker)) with check (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy received_by_hand_leave on received_by_hand as permissive for update to passerelle_owner using (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy received_by_hand_of_pharmacy on received_by_hand as permissive for all to public using ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy))) with check ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy)));
create policy reconciliation_differences_for_worker on reconciliation_differences as permissive for all to public using (( SELECT passerelle_is_worker() AS passerelle_is_worker)) with check (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy reconciliation_differences_of_pharmacy on reconciliation_differences as permissive for all to public using ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy))) with check ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy)));
create policy reconciliations_for_worker on reconciliations as permissive for all to public using (( SELECT passerelle_is_worker() AS passerelle_is_worker)) with check (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy reconciliations_of_pharmacy on reconciliations as permissive for all to public using ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy))) with check ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy)));
create policy retry_batch_items_for_worker on retry_batch_items as permissive for all to public using (( SELECT passerelle_is_worker() AS passerelle_is_worker)) with check (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy retry_batch_items_of_pharmacy on retry_batch_items as permissive for all to public using ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy))) with check ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy)));
create policy retry_batches_for_worker on retry_batches as permissive for all to public using (( SELECT passerelle_is_worker() AS passerelle_is_worker)) with check (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy retry_batches_of_pharmacy on retry_batches as permissive for all to public using ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy))) with check ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy)));
create policy screenings_for_worker on screenings as permissive for select to public using (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy screenings_leave on screenings as permissive for update to passerelle_owner using (( SELECT passerelle_is_worker() AS passerelle_is_worker)) with check ((payload_left_at IS NOT NULL));
create policy screenings_of_pharmacy on screenings as permissive for all to public using ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy))) with check ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy)));
create policy statement_files_for_worker on statement_files as permissive for all to public using (( SELECT passerelle_is_worker() AS passerelle_is_worker)) with check (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy statement_files_of_pharmacy on statement_files as permissive for all to public using ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy))) with check ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy)));
create policy statement_seals_for_worker on statement_seals as permissive for all to public using (( SELECT passerelle_is_worker() AS passerelle_is_worker)) with check (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy statement_seals_of_pharmacy on statement_seals as permissive for all to public using ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy))) with check ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy)));
create policy statements_for_worker on statements as permissive for all to public using (( SELECT passerelle_is_worker() AS passerelle_is_worker)) with check (( SELECT passerelle_is_worker() AS passerelle_is_worker));
create policy statements_of_pharmacy on statements as permissive for all to public using ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy))) with check ((pharmacy_id = ( SELECT passerelle_pharmacy() AS passerelle_pharmacy)));

grant execute on function passerelle_drop_payloads(timestamp with time zone,integer,boolean) to passerelle_app;
grant execute on function passerelle_drop_payloads_from(timestamp with time zone,timestamp with time zone,uuid,integer,boolean) to passerelle_app;
grant execute on function passerelle_forget_keys(timestamp with time zone,integer,boolean) to passerelle_app;
grant execute on function passerelle_forget_sessions(timestamp with time zone,integer,boolean) to passerelle_app;
grant execute on function passerelle_purge_audit(timestamp with time zone,integer) to passerelle_app;
grant usage on schema public to passerelle_app;
grant usage on schema public to public;
grant select on table attempt_counts to passerelle_app;
grant insert, select, update on table attempts to passerelle_app;
grant insert, select on table audit_events to passerelle_app;
grant select, update on table audit_sealing to passerelle_app;
grant insert, select on table audit_segments to passerelle_app;
grant insert, select on table backup_drills to passerelle_app;
grant insert, select, update on table billing_months to passerelle_app;
grant insert, select on table charges to passerelle_app;
grant delete, insert, select, update on table claimed_sets to passerelle_app;
grant insert, select, update on table declarations to passerelle_app;
grant insert, select, update on table destination_controls to passerelle_app;
grant delete, insert, select on table idempotency_keys to passerelle_app;
grant insert, select on table late_charges to passerelle_app;
grant delete, insert, select on table ledger_carried to passerelle_app;
grant insert, select, update on table ledger_closes to passerelle_app;
grant insert, select on table ledger_days to passerelle_app;
grant insert, select on table ledger_movements to passerelle_app;
grant insert, select, update on table memberships to passerelle_app;
grant insert, select, update on table periodic_jobs to passerelle_app;
grant insert, select, update on table pharmacies to passerelle_app;
grant insert, select, update on table professionals to passerelle_app;
grant insert, select on table receipts to passerelle_app;
grant insert, select on table received_by_hand to passerelle_app;
grant insert, select, update on table reconciliation_differences to passerelle_app;
grant insert, select, update on table reconciliations to passerelle_app;
grant insert, select, update on table retry_batch_items to passerelle_app;
grant insert, select, update on table retry_batches to passerelle_app;
grant select on table schema_migrations to passerelle_app;
grant insert, select, update on table screenings to passerelle_app;
grant insert, select, update on table sessions to passerelle_app;
grant delete, insert, select on table sign_ins to passerelle_app;
grant delete, insert, select, update on table silence_alarms to passerelle_app;
grant insert, select on table statement_files to passerelle_app;
grant insert, select on table statement_seals to passerelle_app;
grant insert, select, update on table statement_series to passerelle_app;
grant insert, select on table statements to passerelle_app;
