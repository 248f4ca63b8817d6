"""Holders who sign in with their wallet and see their own covers, claims and payouts."""
