"""A committee of real member processes on a local chain, for tests, drills and measurements."""
