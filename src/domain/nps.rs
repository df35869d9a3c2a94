//! NPS: the score, its interval, and what may be said with few answers.
