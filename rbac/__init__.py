"""Roles and permissions: what somebody may do."""
