"""A real MariaDB or MySQL: find and start one, load a schema, and create test databases."""
