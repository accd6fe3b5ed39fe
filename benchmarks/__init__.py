"""What Understudy costs, as ratios from one run: `python -m benchmarks`."""
