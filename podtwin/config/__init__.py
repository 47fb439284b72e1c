"""What an operator writes: site files and settings, with the file and line of every mistake.

`sites` reads site files, `load` puts settings together.
"""
