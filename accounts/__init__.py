"""Who may act and what was sent."""
