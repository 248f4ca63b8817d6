"""Evidence bundles: what a member saw, kept by hash, from which its word can be derived again."""
