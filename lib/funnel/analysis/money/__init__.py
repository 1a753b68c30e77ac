"""What conversions cost and what leads are worth."""
