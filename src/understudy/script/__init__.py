"""The script: which answers a test expects to give, and the log of what was asked.

Import its modules one by one: loading the excerpt of a text should not load the rules.
"""
