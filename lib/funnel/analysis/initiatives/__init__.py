"""What was tried and what it brought."""
