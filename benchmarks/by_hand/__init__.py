"""Hand-written fixtures and fakes, as in a suite without Understudy."""
