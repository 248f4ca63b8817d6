"""The backend: sells cover through an API, keeps a copy of the ledger, and settles by itself."""

__version__ = "0.1.0"
