-- What forwarding pays for each declaration. Every rule below still holds; it is said in a way that costs less to check.

-- A pattern is compiled to a machine each time it is asked, and these were asked seven times a declaration: a sixth of all that
-- PostgreSQL did. Not validated again: the rules are the same, and every row that stands held them.
alter table declarations drop constraint declarations_control_id_check;
alter table declarations add constraint declarations_control_id_check
  check (octet_length(control_id) >= 8 and octet_length(control_id) <= 20
    and btrim(convert_to(control_id, 'UTF8'), '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'::bytea) = ''::bytea) not valid;
alter table attempts drop constraint attempts_message_sha256_check;
alter table attempts add constraint attempts_message_sha256_check
  check (octet_length(message_sha256) = 64 and encode(decode(message_sha256, 'hex'), 'hex') = message_sha256) not valid;
alter table receipts drop constraint receipts_answer_sha256_check;
alter table receipts add constraint receipts_answer_sha256_check
  check (octet_length(answer_sha256) = 64 and encode(decode(answer_sha256, 'hex'), 'hex') = answer_sha256) not valid;

-- An attempt and a receipt take their pharmacy from the declaration that they name, in the statement that writes it; the declaration's
-- own key says that the pharmacy is there, and nobody but the owner could take one away. An event names the pharmacy of whoever acted.
-- Each of these keys was a query a row and locked the pharmacy's one row, for every worker, again and again.
alter table attempts drop constraint attempts_pharmacy_id_fkey;
alter table receipts drop constraint receipts_pharmacy_id_fkey;
alter table audit_events drop constraint audit_events_pharmacy_id_fkey;

-- An attempt is written open and ended once: with room beside it, without touching its index.
alter table attempts set (fillfactor = 60);
-- Two sealed columns of 1 KiB stay in the row: sending reads them once, in one place.
alter table screenings set (toast_tuple_target = 4080);
