"""Costs and worth as a reader sees them."""
