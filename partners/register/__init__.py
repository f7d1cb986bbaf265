"""A company's contract register on its way in: safe file → table → matched columns → values → plan → written."""
