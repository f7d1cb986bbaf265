"""How they score."""
