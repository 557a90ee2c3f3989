-- The columns, primary keys and indexes of the real tables, without their foreign keys and checks.
CREATE TABLE floor_transaction (LIKE transaction_ INCLUDING INDEXES INCLUDING IDENTITY);
CREATE TABLE floor_lot (LIKE lot INCLUDING INDEXES) WITH (fillfactor = 80);
