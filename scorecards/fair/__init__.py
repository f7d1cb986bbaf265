"""Fair scores: how sure a score, a rank and a weight are. Plain arithmetic, each figure with its source."""
