"""Mutation testing of SQL: which tests would notice a wrong statement."""
