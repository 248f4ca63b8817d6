"""The audit chain of each tenant, readable row by row and checked as a whole."""
