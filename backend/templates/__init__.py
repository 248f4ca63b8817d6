"""Product templates, as buyers read them: what is covered, and what is not and why."""
