"""Isolation by rollback: every client of a test works in one transaction of a real PostgreSQL."""
