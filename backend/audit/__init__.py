"""The audit: recomputes the ledger from the chain alone, trusting no database and no indexer.

It shares no code with the indexer or the contracts' client: it declares the events itself, speaks
plain JSON-RPC, and computes premiums and payouts by rules written a second time, plainly.
"""
