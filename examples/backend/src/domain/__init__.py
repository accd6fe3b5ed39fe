"""What the backend is about, free of HTTP."""
