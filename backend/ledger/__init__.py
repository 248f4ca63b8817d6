"""The ledger: what the chain's events say, one table for each kind of object."""
