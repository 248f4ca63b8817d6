"""Incidents: runs of slots that the quorum attested as lost."""
