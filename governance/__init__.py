"""What we do about it."""
