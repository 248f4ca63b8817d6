"""The ledger's events in chain order, after a cursor."""
