"""Reads the code blocks of a Markdown file and does what they say, from top to bottom."""
