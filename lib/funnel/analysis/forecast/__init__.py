"""What cohorts will become, how sure that is, and how good it was."""
