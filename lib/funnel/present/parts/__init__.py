"""What every chapter is drawn with: grids, cards, figures, words, escapes."""
