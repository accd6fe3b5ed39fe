"""How a rule's findings are mended: one module for each fixable rule, called like the rule's.

They need LibCST, and are imported only where something is mended.
"""
