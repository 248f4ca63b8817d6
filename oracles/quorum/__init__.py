"""How members come to one word on chain: gossip, turns, transactions."""
