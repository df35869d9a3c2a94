//! The one line that logs a touchpoint: people, time, duration, mood and a follow-up among the words.

use std::ops::Range;

use super::TouchDraft;
use crate::domain::customer::Contact;
use crate::domain::task::TaskDraft;
use crate::domain::time::{Day, Moment, Stamp, words};
use crate::text::fold;

/// A follow-up without a day is due after this many days.
const DUE_DAYS: i64 = 7;

/// What a part of the line was understood as, for showing while typing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// Where it stands in the line, bytes.
    pub range: Range<usize>,
    /// What it means, in words: `Dana Ruiz`, `Fri 20 Nov 14:30`, `45 min`, `mood 4`, `task "call back" due Fri 27 Nov`.
    pub meaning: Result<String, String>,
}

/// A word of the line and where it stands.
#[derive(Clone)]
struct Token<'a> {
    start: usize,
    /// Without punctuation behind it.
    word: &'a str,
    /// As a rule compares it.
    folded: String,
    taken: bool,
}

impl Token<'_> {
    fn end(&self) -> usize {
        self.start + self.word.len()
    }
}

/// Reads a line such as `Walked through the fix @dana 2d ago 45m :) !call back fri`. What is not understood stays text.
/// An `@name` that fits no contact or several is a part with an error; the draft keeps the word as text.
///
/// `<` or `in:` at the start: they came to us. Of times, durations and moods the first counts, a second one is text.
/// Parts come in the order of the line and do not overlap.
pub fn parse(line: &str, contacts: &[Contact], now: &Moment) -> (TouchDraft, Vec<Part>) {
    let mut reader = Reader {
        contacts,
        now,
        draft: TouchDraft::default(),
        parts: Vec::new(),
        cuts: Vec::new(),
    };
    let task = task_start(line);
    let begin = reader.direction(line);
    let mut tokens = tokens(line, begin..task.unwrap_or(line.len()));
    for at in 0..tokens.len() {
        if !tokens[at].taken {
            reader.token(at, &mut tokens);
        }
    }
    reader.weekday_at_the_edge(&mut tokens);
    if let Some(start) = task {
        reader.follow_up(line, start);
    }
    reader.parts.sort_by_key(|part| part.range.start);
    reader.draft.text = remainder(line, reader.cuts);
    (reader.draft, reader.parts)
}

/// Ways to complete the word before the end of the line: contacts after `@`, times after `!`. Each replaces what stands
/// after the last white space of the line.
pub fn completions(line: &str, contacts: &[Contact]) -> Vec<String> {
    let word = line.rsplit(char::is_whitespace).next().unwrap_or_default();
    if let Some(name) = word.strip_prefix('@') {
        let fits = contacts
            .iter()
            .filter(|c| name.is_empty() || fits(&name_parts(name), c));
        let mut found: Vec<String> = Vec::new();
        for handle in fits.map(|c| handle(c, contacts)) {
            if handle != word && !found.contains(&handle) {
                found.push(handle);
            }
        }
        return found;
    }
    let Some(task) = task_start(line) else {
        return Vec::new();
    };
    // The first word after the mark is the title's, and white space before the word is what makes it the next one.
    let before = line[task + 1..].strip_suffix(word).unwrap_or_default();
    if before.trim().is_empty() {
        return Vec::new();
    }
    let typed = fold(word);
    TIMES
        .iter()
        .filter(|time| time.starts_with(&typed) && **time != typed)
        .map(|time| (*time).to_owned())
        .collect()
}

/// Due days that are offered after `!`, nearest first.
const TIMES: &[&str] = &[
    "today", "tomorrow", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "+3d", "+7d", "+14d",
    "+30d", "eom", "eoq",
];

/// What is gathered while the line is read.
struct Reader<'a> {
    contacts: &'a [Contact],
    now: &'a Moment,
    draft: TouchDraft,
    parts: Vec<Part>,
    /// Ranges that are not text.
    cuts: Vec<Range<usize>>,
}

impl Reader<'_> {
    /// Reads the mark of direction; the answer is where the rest begins.
    fn direction(&mut self, line: &str) -> usize {
        let start = line.len() - line.trim_start().len();
        let is_mark = |mark: &&str| {
            line.get(start..start + mark.len())
                .is_some_and(|s| s.eq_ignore_ascii_case(mark))
        };
        let Some(mark) = ["<", "in:"].iter().find(|mark| is_mark(mark)) else {
            return start;
        };
        self.draft.inbound = true;
        self.understood(
            start..start + mark.len(),
            say!("line.they_came_us").to_string(),
        );
        start + mark.len()
    }

    /// Reads what starts at a token, the longest reading first.
    fn token(&mut self, at: usize, tokens: &mut [Token<'_>]) {
        if let Some(name) = tokens[at]
            .word
            .strip_prefix('@')
            .filter(|name| !name.is_empty())
        {
            self.person(at, name, tokens);
        } else if let Some((count, when)) = self
            .may_be_time(at, tokens)
            .then(|| time_at(&tokens[at..], self.now))
            .flatten()
        {
            self.time(at, count, when, tokens);
        } else if let Some((count, mood)) = self
            .draft
            .mood
            .is_none()
            .then(|| mood_at(&tokens[at..]))
            .flatten()
        {
            self.draft.mood = Some(mood);
            self.take(at, count, format!("mood {mood}"), tokens);
        } else if let Some((count, minutes)) = self
            .draft
            .minutes
            .is_none()
            .then(|| minutes_at(&tokens[at..]))
            .flatten()
        {
            self.draft.minutes = Some(minutes);
            self.take(at, count, show_minutes(minutes), tokens);
        }
    }

    fn person(&mut self, at: usize, name: &str, tokens: &mut [Token<'_>]) {
        match find(name, self.contacts) {
            Ok(contact) => {
                // "@Dana Ruiz" with the rest of the name behind it is one person, not a person and a word.
                let rest = name_parts(&contact.name);
                let typed = name_parts(name);
                let follows = |n: usize| {
                    n > 0
                        && typed.len() + n == rest.len()
                        && rest.starts_with(&typed)
                        && tokens.len() > at + n
                        && (1..=n).all(|i| {
                            !tokens[at + i].taken
                                && tokens[at + i].folded == rest[typed.len() + i - 1]
                        })
                };
                let more = rest.len().saturating_sub(typed.len());
                let count = if follows(more) { more + 1 } else { 1 };
                if !self.draft.contacts.contains(&contact.id) {
                    self.draft.contacts.push(contact.id);
                }
                self.take(at, count, contact.name.clone(), tokens);
            }
            Err(reason) => {
                tokens[at].taken = true;
                self.parts.push(Part {
                    range: tokens[at].start..tokens[at].end(),
                    meaning: Err(reason),
                });
            }
        }
    }

    /// No time was read yet, and the word before does not make this one a time of what was talked about ("next fri").
    fn may_be_time(&self, at: usize, tokens: &[Token<'_>]) -> bool {
        const OTHERS: &[&str] = &[
            "next", "this", "every", "each", "by", "until", "till", "before", "after", "since",
            "from",
        ];
        let before = at
            .checked_sub(1)
            .map_or("", |at| tokens[at].folded.as_str());
        self.draft.at.is_none() && !OTHERS.contains(&before)
    }

    /// Takes a time with the "on" or "at" before it.
    fn time(&mut self, at: usize, count: usize, when: Stamp, tokens: &mut [Token<'_>]) {
        let leads = at > 0
            && !tokens[at - 1].taken
            && matches!(tokens[at - 1].folded.as_str(), "on" | "at");
        let (at, count) = if leads {
            (at - 1, count + 1)
        } else {
            (at, count)
        };
        self.draft.at = Some(when);
        self.take(at, count, words::show_moment(when, self.now), tokens);
    }

    /// A weekday alone is a time only as the first or the last word of the text: elsewhere it is what was talked about.
    fn weekday_at_the_edge(&mut self, tokens: &mut [Token<'_>]) {
        let mut free = (0..tokens.len()).filter(|at| !tokens[*at].taken);
        let first = free.next();
        let last = free.next_back().or(first);
        for at in [first, last].into_iter().flatten() {
            if self.may_be_time(at, tokens)
                && words::weekday(tokens[at].word).is_some()
                && let Some(when) = words::past(tokens[at].word, self.now)
            {
                return self.time(at, 1, when, tokens);
            }
        }
    }

    /// Reads the follow-up from its `!` to the end of the line.
    fn follow_up(&mut self, line: &str, start: usize) {
        let rest = tokens(line, start + 1..line.len());
        let default = self.now.today.plus(DUE_DAYS);
        let (count, due) = due_at_end(&rest, self.now).unwrap_or((0, default));
        let mut title = rest.len() - count;
        if count > 0
            && title > 1
            && matches!(rest[title - 1].folded.as_str(), "on" | "by" | "until")
        {
            title -= 1;
        }
        let end = if title == rest.len() {
            line.len()
        } else {
            rest[title].start
        };
        let title: Vec<&str> = line[start + 1..end].split_whitespace().collect();
        let title = title.join(" ");
        let meaning = say!(
            "line.task_due",
            title = title,
            today = words::show(due, self.now.today)
        );
        self.draft.follow_up = Some(TaskDraft {
            title,
            due: Some(due),
            ..TaskDraft::default()
        });
        self.understood(
            start..start + line[start..].trim_end().len(),
            meaning.to_string(),
        );
    }

    /// Takes `count` tokens out of the text as one part.
    fn take(&mut self, at: usize, count: usize, meaning: String, tokens: &mut [Token<'_>]) {
        let part = &mut tokens[at..at + count];
        part.iter_mut().for_each(|token| token.taken = true);
        let range = part[0].start..part[count - 1].end();
        self.understood(range, meaning);
    }

    fn understood(&mut self, range: Range<usize>, meaning: String) {
        self.cuts.push(range.clone());
        self.parts.push(Part {
            range,
            meaning: Ok(meaning),
        });
    }
}

/// Where the `!` of a follow-up stands: it starts a word and something follows it.
fn task_start(line: &str) -> Option<usize> {
    let starts = |at: usize| {
        line[..at]
            .chars()
            .next_back()
            .is_none_or(char::is_whitespace)
    };
    let says = |at: usize| {
        line[at + 1..].contains(char::is_alphanumeric) && !line[at + 1..].starts_with('!')
    };
    line.match_indices('!')
        .map(|(at, _)| at)
        .find(|at| starts(*at) && says(*at))
}

/// The words of a part of the line.
fn tokens(line: &str, within: Range<usize>) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut at = within.start;
    for piece in line[within].split(char::is_whitespace) {
        let start = at;
        // One separator ends each piece; the last one's is beyond the range and never read.
        at += piece.len()
            + line[start + piece.len()..]
                .chars()
                .next()
                .map_or(0, char::len_utf8);
        let word = if is_face(piece) {
            piece
        } else {
            piece.trim_end_matches([',', '.', ';', '!', '?'])
        };
        if !word.is_empty() {
            found.push(Token {
                start,
                word,
                folded: fold(word),
                taken: false,
            });
        }
    }
    found
}

/// The parts of a name as they are compared.
fn name_parts(name: &str) -> Vec<String> {
    fold(name)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|p| !p.is_empty())
        .map(str::to_owned)
        .collect()
}

/// True when each typed part starts a part of the name, in order.
fn fits(typed: &[String], contact: &Contact) -> bool {
    let parts = name_parts(&contact.name);
    let mut parts = parts.iter();
    !typed.is_empty()
        && typed
            .iter()
            .all(|t| parts.any(|p| p.starts_with(t.as_str())))
}

/// The one contact that `@name` means: a whole part of a name goes before a start of one.
fn find<'a>(name: &str, contacts: &'a [Contact]) -> Result<&'a Contact, String> {
    let typed = name_parts(name);
    let found: Vec<&Contact> = contacts.iter().filter(|c| fits(&typed, c)).collect();
    let whole = |c: &&&Contact| {
        let parts = name_parts(&c.name);
        typed.iter().all(|t| parts.contains(t))
    };
    let mut exact = found.iter().filter(whole);
    match (found.as_slice(), exact.next(), exact.next()) {
        ([], ..) => Err(say!("line.no_contact_called", name = name).to_string()),
        ([one], ..) | (_, Some(one), None) => Ok(one),
        (several, ..) => {
            let names: Vec<&str> = several.iter().take(3).map(|c| c.name.as_str()).collect();
            let more = if several.len() > 3 { ", …" } else { "" };
            Err(say!(
                "line.contacts_fit",
                several = several.len(),
                names = names.join(", "),
                more = more
            )
            .to_string())
        }
    }
}

/// The shortest `@name` that means this contact: the first name, else all names with dots between.
fn handle(contact: &Contact, contacts: &[Contact]) -> String {
    let clean = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    let words: Vec<String> = contact
        .name
        .split_whitespace()
        .map(clean)
        .filter(|w| !w.is_empty())
        .collect();
    match words.first() {
        Some(first) if find(first, contacts).is_ok_and(|c| c.id == contact.id) => {
            format!("@{first}")
        }
        _ => format!("@{}", words.join(".")),
    }
}

/// A time at the start of the tokens that can't be meant otherwise, the longest first: how many tokens, and when.
fn time_at(tokens: &[Token<'_>], now: &Moment) -> Option<(usize, Stamp)> {
    (1..=tokens.len().min(4)).rev().find_map(|count| {
        let part = &tokens[..count];
        let said: Vec<&str> = part.iter().map(|t| t.folded.as_str()).collect();
        let open = part.iter().all(|t| !t.taken);
        // The words as typed: an ISO moment has letters in capitals.
        let text = || part.iter().map(|t| t.word).collect::<Vec<_>>().join(" ");
        (open && is_time(&said))
            .then(|| words::past(&text(), now))
            .flatten()
            .map(|at| (count, at))
    })
}

/// True for `2d ago`, `yesterday`, `last fri`, a weekday or today with a time, `14:30`, and ISO dates.
fn is_time(said: &[&str]) -> bool {
    let is_clock = |words: &[&str]| {
        let words = words.strip_prefix(&["at"]).unwrap_or(words);
        (1..=2).contains(&words.len()) && words::time(&words.concat()).is_some()
    };
    let is_iso = |word: &str| {
        let digits = |range: Range<usize>| {
            word.get(range)
                .is_some_and(|s| s.bytes().all(|b| b.is_ascii_digit()))
        };
        digits(0..4)
            && digits(5..7)
            && digits(8..10)
            && word.get(4..5) == Some("-")
            && word.get(7..8) == Some("-")
    };
    match said {
        [.., "ago"] => (2..=3).contains(&said.len()),
        [one] if one.contains(':') && words::time(one).is_some() => true,
        ["yesterday"] => true,
        ["last", day] => words::weekday(day).is_some(),
        ["last", day, rest @ ..] => words::weekday(day).is_some() && is_clock(rest),
        [day] => is_iso(day),
        [day, rest @ ..] => {
            (is_iso(day) || words::weekday(day).is_some() || matches!(*day, "today" | "yesterday"))
                && is_clock(rest)
        }
        [] => false,
    }
}

/// True for a mood drawn with signs.
fn is_face(word: &str) -> bool {
    face(word).is_some()
}

fn face(word: &str) -> Option<u8> {
    Some(match word {
        ":D" | ":-D" | ":))" => 5,
        ":)" | ":-)" => 4,
        ":|" | ":-|" => 3,
        ":(" | ":-(" => 2,
        ":((" | ":'(" => 1,
        _ => return None,
    })
}

/// `:)` or `mood 4` at the start of the tokens: how many tokens, and the mood 1 to 5.
fn mood_at(tokens: &[Token<'_>]) -> Option<(usize, u8)> {
    let first = tokens.first()?;
    if let Some(mood) = face(first.word) {
        return Some((1, mood));
    }
    let (count, figure) = match first.folded.strip_prefix("mood")? {
        "" => (2, tokens.get(1).filter(|t| !t.taken)?.folded.as_str()),
        rest => (1, rest.strip_prefix([':', '='])?),
    };
    let mood = if figure.len() == 1 {
        figure.parse().ok()?
    } else {
        return None;
    };
    (1..=5).contains(&mood).then_some((count, mood))
}

/// `45m`, `45 min`, `1h`, `1h30m`, `1.5h` at the start of the tokens: how many tokens, and the minutes, at most a day.
fn minutes_at(tokens: &[Token<'_>]) -> Option<(usize, u32)> {
    let first = tokens.first()?.folded.as_str();
    let followed = tokens.get(1).is_some_and(|t| !t.taken && t.folded == "min");
    let (count, minutes) = match figure(first) {
        Some(minutes) if followed => (2, minutes),
        _ => (1, duration(first)?),
    };
    (1..=1440).contains(&minutes).then_some((count, minutes))
}

fn duration(word: &str) -> Option<u32> {
    let Some((hours, rest)) = word.split_once('h') else {
        return figure(
            word.strip_suffix("min")
                .or_else(|| word.strip_suffix('m'))?,
        );
    };
    if let Some((whole, half)) = hours.split_once('.') {
        return (rest.is_empty() && half == "5").then_some(figure(whole)? * 60 + 30);
    }
    let rest = rest
        .strip_suffix("min")
        .or_else(|| rest.strip_suffix('m'))
        .unwrap_or(rest);
    let minutes = if rest.is_empty() {
        0
    } else {
        figure(rest).filter(|m| *m < 60)?
    };
    (!word.ends_with("hm") && !word.ends_with("hmin")).then_some(figure(hours)? * 60 + minutes)
}

/// A number of at most four figures.
fn figure(text: &str) -> Option<u32> {
    let fits = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| text.parse().ok())?
}

fn show_minutes(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, rest) => format!("{rest} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, rest) => say!("line.h_min", hours = hours, rest = rest).to_string(),
    }
}

/// The due day that ends a follow-up, today or later: how many tokens it takes. At least one stays for the title.
fn due_at_end(tokens: &[Token<'_>], now: &Moment) -> Option<(usize, Day)> {
    (1..tokens.len().min(5)).rev().find_map(|count| {
        let part = &tokens[tokens.len() - count..];
        let text = part.iter().map(|t| t.word).collect::<Vec<_>>().join(" ");
        // "45m" is minutes in the rest of the line; months need their plus here.
        let is_plain = count > 1
            || !(text.starts_with(|c: char| c.is_ascii_digit()) && text.ends_with(['m', 'M']));
        is_plain
            .then(|| words::day(&text, now))
            .flatten()
            .filter(|day| *day >= now.today)
            .map(|day| (count, day))
    })
}

/// The line without the cuts, with its spaces tidied and no punctuation left hanging where something was cut.
fn remainder(line: &str, mut cuts: Vec<Range<usize>>) -> String {
    cuts.sort_by_key(|cut| cut.start);
    let mut rest = String::with_capacity(line.len());
    let mut at = 0;
    for cut in cuts {
        rest.push_str(&line[at..cut.start]);
        at = cut.end;
        let is_hanging = |c: char| {
            matches!(c, ',' | ';' | '.')
                && (rest.trim_end().is_empty() || rest.trim_end().ends_with([',', ';', '.']))
        };
        if line[at..].starts_with(is_hanging) {
            at += 1;
        } else if line[at..].starts_with([',', '.', ';', '!', '?']) {
            rest.truncate(rest.trim_end().len());
        }
    }
    if at > 0 && line[at..].trim().is_empty() {
        // "all well, 20m": nothing follows the comma any more.
        rest.truncate(rest.trim_end().trim_end_matches([',', ';']).len());
    }
    rest.push_str(&line[at..]);
    let words: Vec<&str> = rest.split_whitespace().collect();
    words.join(" ")
}

#[cfg(test)]
mod tests;
