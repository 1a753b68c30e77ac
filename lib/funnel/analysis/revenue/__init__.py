"""The revenue to come, and what better steps would add."""
