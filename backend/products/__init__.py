"""Products on the ledger, as buyers read them."""
