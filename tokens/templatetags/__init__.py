"""Template tags of tokens."""
