"""Drawings of what happened, as inline SVG made on the server. What is theirs is solid, what is ours is an outline."""
