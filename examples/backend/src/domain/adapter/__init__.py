"""Other systems that the backend talks to."""
