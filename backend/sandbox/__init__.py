"""The sandbox: on a development chain, platforms move the clock and stage scores and incidents."""
