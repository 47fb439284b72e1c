"""What an operator writes: site files and settings, with the file and line of every mistake."""
