"""Webhooks: ledger events told to platforms, signed as Standard Webhooks say."""
