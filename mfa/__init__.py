"""Second factors: the app that the login pipeline will demand them through."""
