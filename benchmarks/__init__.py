"""This project beside SimpleJWT in one run, its growth, its purge, and a real site under load."""
