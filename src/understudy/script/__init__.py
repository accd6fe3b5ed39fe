"""What to answer, and what was asked: the same for every lane. Imports nothing of ours.

Its modules are imported one by one: whoever needs the excerpt of a text pays for no more.
"""
