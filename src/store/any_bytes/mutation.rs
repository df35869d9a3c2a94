//! Changes of lines of JSON that leave them lines of JSON: values of one stand in another, items come and go, ids are told apart or made
//! one. What bytes alone would change is mostly refused as no line at all.

use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value as Json, json};

use super::{NOW, lines_in};
use crate::domain::id::Id;

/// Lines that are changed at random, at most `most` bytes. `begin` are lines to begin with and to take values from.
pub fn mutate(bytes: &[u8], begin: &[String], most: usize, seed: u64) -> Vec<u8> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut lines: Vec<Json> = lines_in(bytes)
        .into_iter()
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    let mut maker = Maker {
        begin: begin
            .iter()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect(),
        rng: &mut rng,
    };
    if lines.is_empty() || maker.one_in(40) {
        lines = maker.some_lines();
    }
    for _ in 0..maker.rng.random_range(1..6) {
        maker.change(&mut lines);
    }
    let mut out = Vec::new();
    for line in lines {
        let text = line.to_string();
        if out.len() + text.len() < most {
            out.extend(text.bytes());
            out.push(b'\n');
        }
    }
    out
}

struct Maker<'r> {
    begin: Vec<Json>,
    rng: &'r mut ChaCha8Rng,
}

impl Maker<'_> {
    fn one_in(&mut self, n: u32) -> bool {
        self.rng.random_range(0..n) == 0
    }

    fn at(&mut self, length: usize) -> usize {
        self.rng.random_range(0..length.max(1))
    }

    fn some_lines(&mut self) -> Vec<Json> {
        let all = self.begin.len().max(1);
        let (from, count) = (self.at(all), self.rng.random_range(1..6));
        self.begin.iter().skip(from).take(count).cloned().collect()
    }

    fn fresh(&mut self) -> Json {
        let tail: u64 = self.rng.random();
        Json::String(
            Id(
                (((NOW.0 as u128) << 80) | (7 << 76) | (2 << 62) | u128::from(tail >> 2))
                    .to_be_bytes(),
            )
            .to_string(),
        )
    }

    fn change(&mut self, lines: &mut Vec<Json>) {
        let (count, what) = (lines.len(), self.rng.random_range(0..20));
        let at = self.at(count);
        match what {
            0 => lines.insert(
                at.min(count),
                self.begin.choose(self.rng).cloned().unwrap_or_default(),
            ),
            1 if count > 1 => drop(lines.remove(at)),
            2 if count > 1 => {
                let other = self.at(count);
                lines.swap(at, other);
            }
            3 if count > 0 => {
                let twin = lines[at].clone();
                lines.insert(at, twin);
            }
            4 if count > 1 => lines.shuffle(self.rng),
            5 if count > 0 => self.rename(&mut lines[at]),
            6 if count > 0 => {
                // The batch goes on in a second line.
                let mut twin = lines[at].clone();
                twin["rows"] = json!([]);
                lines[at]["edits"] = json!([]);
                lines[at]["more"] = true.into();
                lines.insert(at + 1, twin);
            }
            7..=9 if count > 0 => {
                let from = self.item(lines);
                self.put_item(&mut lines[at], from);
            }
            10..=11 if count > 0 => self.cut_item(&mut lines[at]),
            _ if count > 0 => {
                let with = self.value(lines);
                self.put_value(&mut lines[at], with);
            }
            _ => lines.extend(self.some_lines()),
        }
    }

    /// One id in a line becomes another, wherever it stands there: mostly the batch's own.
    fn rename(&mut self, line: &mut Json) {
        let own = line.get("batch").and_then(Json::as_str).map(str::to_owned);
        let ids: Vec<String> = leaves(line)
            .into_iter()
            .filter_map(|(_, v)| {
                v.as_str()
                    .filter(|t| t.parse::<Id>().is_ok())
                    .map(str::to_owned)
            })
            .collect();
        let from = if self.one_in(2) {
            own
        } else {
            ids.choose(self.rng).cloned()
        };
        let (Some(from), to) = (from, self.fresh()) else {
            return;
        };
        replace(line, &from, &to);
    }

    /// A row, an edit or something purged, from the lines or from those to begin with.
    fn item(&mut self, lines: &[Json]) -> Option<(&'static str, Json)> {
        let line = if self.one_in(2) {
            lines.choose(self.rng)
        } else {
            self.begin.choose(self.rng)
        }?
        .clone();
        let list = *["rows", "edits", "edits", "purged"].choose(self.rng)?;
        if list == "purged" || self.one_in(6) {
            return Some(("purged", self.purged(&line)));
        }
        let mut item = line.get(list)?.as_array()?.choose(self.rng)?.clone();
        if self.one_in(2) {
            item["id"] = self.fresh();
        }
        Some((list, item))
    }

    fn purged(&mut self, line: &Json) -> Json {
        let ids: Vec<Json> = leaves(line)
            .into_iter()
            .map(|(_, v)| v)
            .filter(|v| v.as_str().is_some_and(|t| t.parse::<Id>().is_ok()))
            .collect();
        let id = |maker: &mut Self| ids.choose(maker.rng).cloned().unwrap_or_default();
        let (row, by) = (id(self), id(self));
        json!({ "id": row, "entity": self.rng.random_range(-2..13), "digest": "00".repeat(16), "by": by })
    }

    fn put_item(&mut self, line: &mut Json, item: Option<(&'static str, Json)>) {
        let (Some((list, item)), Some(line)) = (item, line.as_object_mut()) else {
            return;
        };
        let list = line.entry(list).or_insert_with(|| json!([]));
        if let Some(items) = list.as_array_mut() {
            let at = self.rng.random_range(0..=items.len());
            items.insert(at, item);
        }
    }

    fn cut_item(&mut self, line: &mut Json) {
        let lists = lists(line);
        let Some(path) = lists.choose(self.rng) else {
            return;
        };
        if let Some(items) = line
            .pointer_mut(path)
            .and_then(Json::as_array_mut)
            .filter(|items| !items.is_empty())
        {
            let at = self.rng.random_range(0..items.len());
            items.remove(at);
        }
    }

    /// A value for any place: one that stands somewhere, or one at which readers stumble.
    fn value(&mut self, lines: &[Json]) -> (Option<String>, Json) {
        if self.one_in(2) {
            let line = if self.one_in(2) {
                lines.choose(self.rng)
            } else {
                self.begin.choose(self.rng)
            };
            let mut all = line.map(leaves).unwrap_or_default();
            if !all.is_empty() {
                let at = self.rng.random_range(0..all.len());
                let (path, value) = all.swap_remove(at);
                return (Some(last_of(&path).to_owned()), value);
            }
        }
        let odd = [
            Json::Null,
            json!(0),
            json!(1),
            json!(-1),
            json!(2),
            json!(65_535),
            json!(400_000),
            json!(i64::MAX),
            json!(i64::MIN),
            json!(u64::MAX),
            json!(0.5),
            json!(1e308),
            json!(true),
            json!(""),
            json!("x".repeat(3000)),
            json!("\u{1b}]52;c;AAAA\u{7}\u{202e}"),
            json!("nul\0in it"),
            json!("[[[["),
            json!("{\"with\":[1]}"),
            json!("{}"),
            json!("2026-02-30"),
            json!("EUR"),
            json!("removed"),
            json!("purged"),
            json!("purge"),
            json!("merge_customers"),
            json!("customer"),
            json!("stage"),
            json!("undo"),
            json!("churned"),
            json!("ffffffff-ffff-ffff-ffff-ffffffffffff"),
            json!("00000000-0000-0000-0000-000000000000"),
            json!({ "blob": "00ff" }),
            json!({ "blob": "ff".repeat(16) }),
            json!([]),
            json!({}),
            json!("0000000001-9223372036854775807.jsonl"),
            json!("0000000000-0000000000.jsonl"),
        ];
        let fresh = self.one_in(4).then(|| self.fresh());
        (
            None,
            fresh.unwrap_or_else(|| odd.choose(self.rng).cloned().unwrap_or_default()),
        )
    }

    /// Puts a value where another stands: mostly under the same name.
    fn put_value(&mut self, line: &mut Json, (key, value): (Option<String>, Json)) {
        let all: Vec<String> = leaves(line).into_iter().map(|(path, _)| path).collect();
        let same: Vec<&String> = all
            .iter()
            .filter(|path| key.as_deref().is_some_and(|key| last_of(path) == key))
            .collect();
        let at = if same.is_empty() || self.one_in(4) {
            all.choose(self.rng).cloned()
        } else {
            same.choose(self.rng).map(|path| (*path).clone())
        };
        if self.one_in(30)
            && let Some(line) = line.as_object_mut()
        {
            line.insert(key.unwrap_or_else(|| "counts".into()), value);
            return;
        }
        if let Some(place) = at.and_then(|path| line.pointer_mut(&path)) {
            *place = value;
        }
    }
}

fn last_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// Every value that holds no other, with the way to it.
fn leaves(line: &Json) -> Vec<(String, Json)> {
    let mut found = Vec::new();
    walk(line, &mut String::new(), &mut |path, value| {
        if !matches!(value, Json::Array(a) if !a.is_empty())
            && !matches!(value, Json::Object(o) if !o.is_empty())
        {
            found.push((path.to_owned(), value.clone()));
        }
    });
    found
}

fn lists(line: &Json) -> Vec<String> {
    let mut found = Vec::new();
    walk(line, &mut String::new(), &mut |path, value| {
        if matches!(value, Json::Array(a) if !a.is_empty()) {
            found.push(path.to_owned());
        }
    });
    found
}

fn walk(value: &Json, path: &mut String, each: &mut dyn FnMut(&str, &Json)) {
    each(path, value);
    let length = path.len();
    let mut inner = |key: &str, value: &Json| {
        path.push('/');
        path.push_str(&key.replace('~', "~0").replace('/', "~1"));
        walk(value, path, each);
        path.truncate(length);
    };
    match value {
        Json::Array(all) => all
            .iter()
            .enumerate()
            .for_each(|(at, value)| inner(&at.to_string(), value)),
        Json::Object(all) => all.iter().for_each(|(key, value)| inner(key, value)),
        _ => {}
    }
}

fn replace(value: &mut Json, from: &str, to: &Json) {
    match value {
        Json::String(text) if text == from => *value = to.clone(),
        Json::Array(all) => all.iter_mut().for_each(|value| replace(value, from, to)),
        Json::Object(all) => all.values_mut().for_each(|value| replace(value, from, to)),
        _ => {}
    }
}
