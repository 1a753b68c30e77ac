"""What the numbers mean: pure functions from the warehouse's small frames to new frames."""
