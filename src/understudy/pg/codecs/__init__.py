"""PostgreSQL's types, and their values in and out in both of its forms."""
