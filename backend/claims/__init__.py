"""Claims, referrals to assessors, and payouts."""
