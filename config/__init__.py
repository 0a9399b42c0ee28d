"""The ready-to-run project: the only place that knows every app."""
