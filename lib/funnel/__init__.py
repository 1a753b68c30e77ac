"""The weekly sales-funnel cohort report: sources, warehouse, analysis, presentation, publication."""
