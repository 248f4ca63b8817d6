"""What the backend writes to the chain, readable from intent to finality."""
