-- What waits for a destination that the configuration has dropped can be received by hand too: nothing else would ever end it.
-- Wider than before, so that every row that stands holds it: not validated again.
alter table received_by_hand drop constraint received_by_hand_was_check;
alter table received_by_hand add constraint received_by_hand_was_check check (was in ('parked', 'rejected', 'queued')) not valid;
