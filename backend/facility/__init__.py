"""A platform's line: premium float, reserved series, and the underwriter's bond."""
