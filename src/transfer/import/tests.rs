//! Whole imports of small folders into a book in memory.
