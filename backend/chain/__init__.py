"""Everything that touches the chain: node, keys, outbox, indexer, views."""
