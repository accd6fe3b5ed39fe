"""What the source of a test cannot tell: seen while it runs, said when it is over.

Each kind of thing has a module here and a setting, `check_...`, that says whether it warns, fails
the test or is not looked for. None of them puts anything back: a test that depends on that would
fail without Understudy.
"""
