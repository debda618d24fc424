-- What a row-level rule costs. Each rule below says what it said before; asked in a query of its own it is answered once a statement,
-- not once a row: reading the two settings again and again was a tenth of all that forwarding cost PostgreSQL.
alter policy attempt_counts_for_worker on attempt_counts using ((select passerelle_is_worker())) with check ((select passerelle_is_worker()));
alter policy attempt_counts_of_pharmacy on attempt_counts using (pharmacy_id = (select passerelle_pharmacy()));
alter policy attempts_for_worker on attempts using ((select passerelle_is_worker())) with check ((select passerelle_is_worker()));
alter policy attempts_leave on attempts using ((select passerelle_is_worker()));
alter policy attempts_of_pharmacy on attempts using (pharmacy_id = (select passerelle_pharmacy()));
alter policy audit_events_for_worker on audit_events using ((select passerelle_is_worker()));
alter policy audit_events_of_pharmacy on audit_events using (pharmacy_id = (select passerelle_pharmacy()));
alter policy audit_events_purge on audit_events using ((select passerelle_is_worker()));
alter policy billing_months_for_worker on billing_months using ((select passerelle_is_worker())) with check ((select passerelle_is_worker()));
alter policy billing_months_of_pharmacy on billing_months using (pharmacy_id = (select passerelle_pharmacy()));
alter policy charges_for_worker on charges using ((select passerelle_is_worker())) with check ((select passerelle_is_worker()));
alter policy charges_of_pharmacy on charges using (pharmacy_id = (select passerelle_pharmacy()));
alter policy declarations_for_worker on declarations using ((select passerelle_is_worker())) with check ((select passerelle_is_worker()));
alter policy declarations_of_pharmacy on declarations using (pharmacy_id = (select passerelle_pharmacy())) with check (pharmacy_id = (select passerelle_pharmacy()));
alter policy idempotency_keys_leave on idempotency_keys using ((select passerelle_is_worker()));
alter policy idempotency_keys_of_pharmacy on idempotency_keys using (pharmacy_id = (select passerelle_pharmacy())) with check (pharmacy_id = (select passerelle_pharmacy()));
alter policy idempotency_keys_seen on idempotency_keys using ((select passerelle_is_worker()));
alter policy late_charges_for_worker on late_charges using ((select passerelle_is_worker())) with check ((select passerelle_is_worker()));
alter policy late_charges_of_pharmacy on late_charges using (pharmacy_id = (select passerelle_pharmacy()));
alter policy ledger_carried_for_worker on ledger_carried using ((select passerelle_is_worker())) with check ((select passerelle_is_worker()));
alter policy ledger_carried_of_pharmacy on ledger_carried using (pharmacy_id = (select passerelle_pharmacy()));
alter policy ledger_closes_for_worker on ledger_closes using ((select passerelle_is_worker())) with check ((select passerelle_is_worker()));
alter policy ledger_closes_of_pharmacy on ledger_closes using (pharmacy_id = (select passerelle_pharmacy()));
alter policy ledger_days_for_worker on ledger_days using ((select passerelle_is_worker())) with check ((select passerelle_is_worker()));
alter policy ledger_days_of_pharmacy on ledger_days using (pharmacy_id = (select passerelle_pharmacy()));
alter policy ledger_movements_for_worker on ledger_movements using ((select passerelle_is_worker())) with check ((select passerelle_is_worker()));
alter policy ledger_movements_of_pharmacy on ledger_movements using (pharmacy_id = (select passerelle_pharmacy()));
alter policy receipts_for_worker on receipts using ((select passerelle_is_worker())) with check ((select passerelle_is_worker()));
alter policy receipts_of_pharmacy on receipts using (pharmacy_id = (select passerelle_pharmacy()));
alter policy received_by_hand_for_worker on received_by_hand using ((select passerelle_is_worker())) with check ((select passerelle_is_worker()));
alter policy received_by_hand_leave on received_by_hand using ((select passerelle_is_worker()));
alter policy received_by_hand_of_pharmacy on received_by_hand using (pharmacy_id = (select passerelle_pharmacy())) with check (pharmacy_id = (select passerelle_pharmacy()));
alter policy reconciliation_differences_for_worker on reconciliation_differences using ((select passerelle_is_worker())) with check ((select passerelle_is_worker()));
alter policy reconciliation_differences_of_pharmacy on reconciliation_differences using (pharmacy_id = (select passerelle_pharmacy())) with check (pharmacy_id = (select passerelle_pharmacy()));
alter policy reconciliations_for_worker on reconciliations using ((select passerelle_is_worker())) with check ((select passerelle_is_worker()));
alter policy reconciliations_of_pharmacy on reconciliations using (pharmacy_id = (select passerelle_pharmacy())) with check (pharmacy_id = (select passerelle_pharmacy()));
alter policy retry_batch_items_for_worker on retry_batch_items using ((select passerelle_is_worker())) with check ((select passerelle_is_worker()));
alter policy retry_batch_items_of_pharmacy on retry_batch_items using (pharmacy_id = (select passerelle_pharmacy())) with check (pharmacy_id = (select passerelle_pharmacy()));
alter policy retry_batches_for_worker on retry_batches using ((select passerelle_is_worker())) with check ((select passerelle_is_worker()));
alter policy retry_batches_of_pharmacy on retry_batches using (pharmacy_id = (select passerelle_pharmacy())) with check (pharmacy_id = (select passerelle_pharmacy()));
alter policy screenings_for_worker on screenings using ((select passerelle_is_worker()));
alter policy screenings_leave on screenings using ((select passerelle_is_worker())) with check ((payload_left_at IS NOT NULL));
alter policy screenings_of_pharmacy on screenings using (pharmacy_id = (select passerelle_pharmacy())) with check (pharmacy_id = (select passerelle_pharmacy()));
alter policy statement_files_for_worker on statement_files using ((select passerelle_is_worker())) with check ((select passerelle_is_worker()));
alter policy statement_files_of_pharmacy on statement_files using (pharmacy_id = (select passerelle_pharmacy())) with check (pharmacy_id = (select passerelle_pharmacy()));
alter policy statement_seals_for_worker on statement_seals using ((select passerelle_is_worker())) with check ((select passerelle_is_worker()));
alter policy statement_seals_of_pharmacy on statement_seals using (pharmacy_id = (select passerelle_pharmacy())) with check (pharmacy_id = (select passerelle_pharmacy()));
alter policy statements_for_worker on statements using ((select passerelle_is_worker())) with check ((select passerelle_is_worker()));
alter policy statements_of_pharmacy on statements using (pharmacy_id = (select passerelle_pharmacy())) with check (pharmacy_id = (select passerelle_pharmacy()));

-- While nothing waits, statistics say that nothing waits, and any index of rows in some state looks as good as any other: each step of
-- a claim then read all that waited, and looking for leases that ran out read all that was open. These two are each for one question
-- alone, and named by a condition that only that question has.
drop index declarations_due;
create index if not exists declarations_next_due on declarations (destination, due_at) where lower(state) = 'queued';
drop index declarations_leased;
create index if not exists declarations_leases on declarations (lease_until) where lease_until is not null;
