"""From one edition to its pages: run the notebooks, render the report, put it into the archive."""
