"""The cohort table, its comparisons, and how long deals take."""
