"""The cohorts as a reader sees them."""
