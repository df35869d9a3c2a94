//! Checklists: the questions of a stage, and what was answered about a customer. The latest answer of a question holds.

use serde::{Deserialize, Serialize};

use super::time::Stamp;

/// A question of a stage's checklist. Config may give its words alone; then its code is made of them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct Question {
    /// Stable code, under which answers are kept: the words may change.
    pub code: String,
    /// What is asked.
    pub ask: String,
}

/// A question as config may write it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Words(String),
    #[serde(rename_all = "lowercase")]
    Coded {
        code: String,
        ask: String,
    },
}

impl From<Written> for Question {
    fn from(written: Written) -> Question {
        match written {
            Written::Coded { code, ask } => Question { code, ask },
            Written::Words(ask) => {
                let words = crate::text::fold(&ask);
                let words = words
                    .split(|c: char| !c.is_alphanumeric())
                    .filter(|w| !w.is_empty());
                Question {
                    code: words.collect::<Vec<_>>().join("_"),
                    ask,
                }
            }
        }
    }
}

/// What was answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// It is so.
    Yes,
    /// It is not so.
    No,
    /// The question does not arise here.
    Na,
}

impl Answer {
    /// As events store it: 1 yes, 0 no, 2 not applicable.
    pub fn number(self) -> i64 {
        match self {
            Answer::Yes => 1,
            Answer::No => 0,
            Answer::Na => 2,
        }
    }

    /// The answer of a stored number.
    pub fn from_number(number: i64) -> Option<Answer> {
        [Answer::Yes, Answer::No, Answer::Na]
            .into_iter()
            .find(|a| a.number() == number)
    }

    /// What scripts and people read: `yes`, `no`, `n/a`.
    pub fn code(self) -> &'static str {
        match self {
            Answer::Yes => "yes",
            Answer::No => "no",
            Answer::Na => "n/a",
        }
    }

    /// What a person typed: `yes`, `y`, `no`, `n`, `na`, `n/a`.
    pub fn parse(text: &str) -> Option<Answer> {
        match text.trim().to_lowercase().as_str() {
            "yes" | "y" => Some(Answer::Yes),
            "no" | "n" => Some(Answer::No),
            "na" | "n/a" | "a" => Some(Answer::Na),
            _ => None,
        }
    }
}

/// The checklist of a stage at a customer.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Checklist {
    /// Code of the stage.
    pub stage: String,
    /// Its label.
    pub label: String,
    /// The customer is in this stage now.
    pub present: bool,
    /// Its questions in order.
    pub items: Vec<Item>,
    /// What should be true before a customer leaves the stage, in words.
    pub exit: Vec<String>,
    /// The same as filters, and whether the customer meets each today.
    pub exit_when: Vec<(String, bool)>,
}

/// One question with its latest answer.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Item {
    /// The question.
    #[serde(flatten)]
    pub question: Question,
    /// Its answer; `None`: a gap.
    pub answered: Option<Answered>,
}

/// An answer with who gave it and when.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Answered {
    /// What.
    pub answer: Answer,
    /// In words.
    pub note: String,
    /// Who.
    pub by: String,
    /// When, UTC milliseconds.
    pub at: Stamp,
}

impl Checklist {
    /// How many questions have no answer.
    pub fn gaps(&self) -> usize {
        self.items.iter().filter(|i| i.answered.is_none()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_read_with_and_without_a_code_and_written_with_one() {
        #[derive(Serialize, Deserialize)]
        struct List {
            checklist: Vec<Question>,
        }
        let text = "checklist = [\"Is there a blog, and is it easy to reach?\", { code = \"fraud\", ask = \"Enough against fraud?\" }]";
        let list: List = toml::from_str(text).expect("TOML");
        let codes: Vec<&str> = list.checklist.iter().map(|q| q.code.as_str()).collect();
        assert_eq!(codes, ["is_there_a_blog_and_is_it_easy_to_reach", "fraud"]);
        let again: List = toml::from_str(&toml::to_string(&list).expect("TOML")).expect("TOML");
        assert_eq!(again.checklist, list.checklist);
    }

    #[test]
    fn answers_are_stored_as_events_say() {
        for (answer, number) in [(Answer::Yes, 1), (Answer::No, 0), (Answer::Na, 2)] {
            assert_eq!(
                (
                    answer.number(),
                    Answer::from_number(number),
                    Answer::parse(answer.code())
                ),
                (number, Some(answer), Some(answer))
            );
        }
        assert_eq!(
            (Answer::from_number(3), Answer::parse("perhaps")),
            (None, None)
        );
    }
}
