"""Platforms that sell cover in their checkout, and their API keys."""
