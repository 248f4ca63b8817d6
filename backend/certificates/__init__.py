"""Per-transaction cover: signed at sale, stored, and posted in bordereaux."""
