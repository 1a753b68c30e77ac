"""The revenue to come as a reader sees it."""
