"""Pages for people: insurer, policyholder, platform, and what anyone may check."""
