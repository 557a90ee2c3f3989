-- The file as it is; temporary, as the import's own staging table.
CREATE TEMPORARY TABLE raw_row (
  customerprofileid text,
  amount text,
  startdate text,
  expirydate text,
  subledgerid text,
  reason text
) ON COMMIT DROP;
