"""What goes in and out: pydantic models, grouped per noun."""
