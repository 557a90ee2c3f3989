-- The foreign keys, after the tables (and, on a sharded database, after their distribution).

ALTER TABLE tier
  ADD CONSTRAINT tier_program_fkey FOREIGN KEY (program_id) REFERENCES program;
ALTER TABLE subledger
  ADD CONSTRAINT subledger_program_fkey FOREIGN KEY (program_id) REFERENCES program;
ALTER TABLE user_session
  ADD CONSTRAINT user_session_user_fkey FOREIGN KEY (user_id) REFERENCES user_account;
ALTER TABLE point_import
  ADD CONSTRAINT point_import_program_fkey FOREIGN KEY (program_id) REFERENCES program;

ALTER TABLE transaction_
  ADD CONSTRAINT transaction_holder_fkey FOREIGN KEY (holder_id) REFERENCES holder;
ALTER TABLE lot
  ADD CONSTRAINT lot_transaction_fkey
    FOREIGN KEY (holder_id, lot_no) REFERENCES transaction_ (holder_id, txn_no);
ALTER TABLE allocation
  ADD CONSTRAINT allocation_lot_fkey FOREIGN KEY (holder_id, lot_no) REFERENCES lot;
ALTER TABLE allocation
  ADD CONSTRAINT allocation_transaction_fkey
    FOREIGN KEY (holder_id, txn_no) REFERENCES transaction_;
