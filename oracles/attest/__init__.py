"""What one member says: it reads its sources, scores and observes, and signs."""
