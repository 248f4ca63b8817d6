"""The oracle committee as the insurer sees it: who its members are, and how each one did."""
