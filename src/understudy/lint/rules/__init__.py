"""The rules, one in each module; `understudy.lint.registry` finds them here."""
