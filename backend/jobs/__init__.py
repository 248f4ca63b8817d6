"""What the backend does by itself: index, send, post, settle, expire."""
