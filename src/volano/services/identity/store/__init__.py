"""SQL of identity: rows <-> model, given a reader or a transaction; decides nothing."""
