"""Scores from the chain, and what they mean for an applicant: accept, refer or decline."""
