"""The forecast as a reader sees it."""
