"""The data themselves, and what the words mean."""
