"""SimpleJWT's endpoints over the one login pipeline, for clients that were written for them.

Optional: a project includes `accounts.compat.urls` in its own (docs/migrating.md).
"""
