"""Where to look: deviations, arrivals, known shapes."""
