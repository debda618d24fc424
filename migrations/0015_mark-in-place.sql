-- A mark (claimed → sent) is written once a declaration, and was written anew into every index of the row, since conditions of indexes
-- name the state. They now name a column that a mark leaves as it is: the new version stays on its page, and no index hears of it.
-- Written before anything was released: the column rewrites the table, which no table of any size may be asked for.
alter table declarations add column standing text not null generated always as (case state when 'sent' then 'claimed' else state end) stored;

drop index declarations_turns;
drop index declarations_next_due;
drop index declarations_open;
drop index declarations_parked;
drop index declarations_rejected;
create index declarations_turns on declarations (destination, pharmacy_id, due_at, id) where standing = 'queued';
create index declarations_next_due on declarations (destination, due_at) where lower(standing) = 'queued';
create index declarations_open on declarations (screening_id, destination, version) where standing in ('queued', 'claimed', 'parked');
create index declarations_parked on declarations (pharmacy_id, destination) where standing = 'parked';
create index declarations_rejected on declarations (pharmacy_id, destination) where standing = 'rejected';

-- Room for that version beside the one that it replaces.
alter table declarations set (fillfactor = 70);
