"""The pages of tokens: a private edge that only the URLconf imports."""
