"""The capital behind cover, and how much of it is left for more."""
