"""A stand-in amoCRM for tests and guide, written from the documentation, seeded from a known truth."""
