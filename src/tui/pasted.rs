//! Text that a terminal without bracketed paste sends as keys: so many letters at once are no typing, and act as nothing else.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// Letters that came at once and are more than these were pasted: no hand is so fast.
const MOST_TYPED: usize = 200;
/// A key that is held down while the program is busy comes often too, but alone and not for minutes.
const MOST_HELD: usize = 2_000;

/// The letter that a key is in a text; a line's end for Enter.
fn letter(event: &Event) -> Option<char> {
    let Event::Key(KeyEvent {
        code,
        modifiers,
        kind: KeyEventKind::Press,
        ..
    }) = event
    else {
        return None;
    };
    match code {
        KeyCode::Char(c) if (*modifiers - KeyModifiers::SHIFT).is_empty() => Some(*c),
        KeyCode::Char('j') if *modifiers == KeyModifiers::CONTROL => Some('\n'),
        KeyCode::Enter if modifiers.is_empty() => Some('\n'),
        KeyCode::Tab if modifiers.is_empty() => Some('\t'),
        _ => None,
    }
}

fn is_pasted(letters: &str) -> bool {
    let held = letters
        .chars()
        .zip(letters.chars().skip(1))
        .all(|(a, b)| a == b);
    letters
        .chars()
        .nth(if held { MOST_HELD } else { MOST_TYPED })
        .is_some()
}

/// A batch of input in which runs of letters that nobody can have typed are pastes.
pub fn joined(batch: Vec<Event>) -> Vec<Event> {
    if batch.len() <= MOST_TYPED {
        return batch;
    }
    let mut all = Vec::with_capacity(batch.len());
    let (mut run, mut letters) = (Vec::new(), String::new());
    let end = |run: &mut Vec<Event>, letters: &mut String, all: &mut Vec<Event>| {
        let text = std::mem::take(letters);
        if is_pasted(&text) {
            run.clear();
            all.push(Event::Paste(text));
        } else {
            all.append(run);
        }
    };
    for event in batch {
        if let Some(letter) = letter(&event) {
            letters.push(letter);
            run.push(event);
        } else {
            end(&mut run, &mut letters, &mut all);
            all.push(event);
        }
    }
    end(&mut run, &mut letters, &mut all);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<Event> {
        let code = |c| {
            if c == '\n' {
                KeyCode::Enter
            } else {
                KeyCode::Char(c)
            }
        };
        text.chars()
            .map(|c| Event::Key(KeyEvent::new(code(c), KeyModifiers::NONE)))
            .collect()
    }

    #[test]
    fn letters_that_nobody_can_have_typed_are_a_paste() {
        let text = "Said in the meeting: they want a date.\n".repeat(10);
        assert_eq!(joined(keys(&text)), [Event::Paste(text.clone())]);
        let left = Event::Key(KeyEvent::new(KeyCode::Left, KeyModifiers::NONE));
        let mut with_others = keys("jn");
        with_others.push(left.clone());
        with_others.extend(keys(&text));
        with_others.push(left.clone());
        let (jn, paste) = (keys("jn"), Event::Paste(text));
        assert_eq!(
            joined(with_others),
            [jn[0].clone(), jn[1].clone(), left.clone(), paste, left]
        );
    }

    #[test]
    fn what_a_hand_does_stays_keys() {
        for text in [
            "j".repeat(1_000),
            "jk".repeat(90),
            "call them back on monday\n".into(),
        ] {
            assert_eq!(joined(keys(&text)), keys(&text));
        }
    }
}
