"""Quarterly packs: what is brought to the table about a partner, or about the portfolio, on paper.

A chapter is gathered from what the decision brief, the evidence page and the scorecard already gather, and is written
as markup that is frozen with the pack. Print and PDF are made of the same markup.
"""
