"""What runs inside the pytest of each lane."""
