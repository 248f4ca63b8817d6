"""Disputes of scores: a platform's reason, and the insurer's one answer."""
