"""Sessions and the tokens that speak for them: one row per login, one integer as its blacklist."""
