"""Evidence as data, and the verdict on it. Imports the ground alone."""
