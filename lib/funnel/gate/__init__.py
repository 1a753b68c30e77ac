"""The gate: what did not get in, what stopped, what is stamped. Small frames in, findings out."""
