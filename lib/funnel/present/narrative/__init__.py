"""The drafted narrative and what it may cite."""
