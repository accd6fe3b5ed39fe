"""A PostgreSQL made of Python: real drivers connect to it, and a script answers."""
