"""Statements whose number grows with the rows: N+1, found without a threshold.

A test that sends a statement repeatedly runs again with more rows in the tables that the rows of
the loop come from. If the statement is then sent more often, its number depends on the rows.
"""
