//! The words of the program per language, from `assets/text/<lang>.toml`.
