"""Test networks in Linux namespaces, in which real tools make the shipped traffic."""
