"""The warehouse's small frames as arrays: every slice of every cohort by age."""
