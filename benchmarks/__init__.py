"""CPU per operation and SQL statements, this project beside SimpleJWT in one run."""
