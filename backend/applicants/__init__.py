"""Applicants and the network assets that they want covered."""
