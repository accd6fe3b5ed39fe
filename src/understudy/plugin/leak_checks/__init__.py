"""Checks of what a passing test leaves behind, reported when the test is over.

Each check has a module here and a setting, `check_...`, that says whether it warns, fails the test
or is off. None of them restores anything: a test that relied on that would fail without Understudy.
"""
