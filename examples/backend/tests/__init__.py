"""Unit tests for each layer, and integration tests in their own folder."""
