"""Streamed cover: binding a quote, and reading, topping up and cancelling policies."""
