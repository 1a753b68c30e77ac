"""Initiatives as a reader sees them."""
