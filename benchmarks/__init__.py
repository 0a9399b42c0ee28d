"""This project beside SimpleJWT in one run: CPU and statements, growth, the purge."""
