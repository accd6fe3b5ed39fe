"""The suite: unit tests per layer, integration tests in a folder of their own."""
