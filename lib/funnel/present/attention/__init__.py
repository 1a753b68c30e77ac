"""What needs attention as a reader sees it."""
