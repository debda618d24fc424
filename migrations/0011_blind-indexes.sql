-- Blind indexes: short keyed digests of a patient's identity and national number, by which a pharmacy finds the same person again
-- without a row saying who (src/crypto/README.md). `version.bits.value`; null: written by a release before, erased, or left.
-- Never of a result, a sex or a birth date alone. Run by the owner role.
alter table screenings add column identity_index text check (identity_index ~ '^[0-9]{1,3}[.][0-9]{1,2}[.][0-9a-f]{1,8}$');
alter table screenings add column ins_index text check (ins_index ~ '^[0-9]{1,3}[.][0-9]{1,2}[.][0-9a-f]{1,8}$');
create index screenings_by_identity on screenings (pharmacy_id, identity_index) where identity_index is not null;
create index screenings_by_ins on screenings (pharmacy_id, ins_index) where ins_index is not null;

-- Where a patient has left, no digest of them stays.
create function passerelle_forget_indexes() returns trigger language plpgsql as $$
begin
  new.identity_index := null;
  new.ins_index := null;
  return new;
end $$;
create trigger screenings_forget_indexes before update of payload_left_at on screenings
  for each row when (new.payload_left_at is not null) execute function passerelle_forget_indexes();
