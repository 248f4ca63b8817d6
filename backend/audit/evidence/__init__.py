"""The audit's replay of evidence: scores and observations derived again from what members kept."""
