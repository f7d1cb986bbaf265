"""Who, and on what terms."""
