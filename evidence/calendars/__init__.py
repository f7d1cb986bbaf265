"""Reads calendar files (RFC 5545): who met which partner, when, and who invited."""
