"""Everything that imports torch; `compare.in_keras` is its twin, file by file."""
