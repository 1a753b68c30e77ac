"""What several chapters reckon with: scores, over-dispersion, levels of conversion."""
