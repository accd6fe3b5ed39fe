"""Rules of `real_postgres`."""

from understudy.fake_postgres.scripted_rules import ServerRule
from understudy.serving.mixed_rules import MixedRule


class RealRule(MixedRule, ServerRule):
    """A rule for statements of a real driver, which may be answered by the real server."""
