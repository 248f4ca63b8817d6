"""Quotes: stateless offers of streamed cover; the underwriter's signature is the record."""
