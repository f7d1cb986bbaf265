"""Measures how fast the product is, each number beside a reference measured in the same run."""
