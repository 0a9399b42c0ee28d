"""What can be done with an account, as verbs."""
