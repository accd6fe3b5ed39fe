"""The pitfalls of async tests, found in their source. It never imports what it reads."""
