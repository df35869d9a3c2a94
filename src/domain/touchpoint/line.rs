//! The one line that logs a touchpoint: people, time, duration, mood and a follow-up among the words.
