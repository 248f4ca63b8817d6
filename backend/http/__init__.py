"""What every endpoint shares: problems, keys, idempotency, audit rows, pages."""
