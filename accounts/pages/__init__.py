"""The pages of accounts: a private edge that only the URLconf imports."""
