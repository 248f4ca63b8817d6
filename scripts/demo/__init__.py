"""The demonstration: from packets to payout on a local chain, with every part a real process."""
