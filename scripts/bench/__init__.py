"""Benchmarks: what runs how fast, printed beside what it is compared with."""
