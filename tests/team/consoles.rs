//! Two people in front of their screens.

use std::time::Duration;

use crate::terminal::Desk;

#[test]
fn two_consoles_see_each_others_writes() {
    let desk = Desk::with_demo();
    let (mut ana, mut bo) = (desk.open_as("ana"), desk.open_as("bo"));
    for (from, to, words) in [(true, "ana: Note on", "from ana"), (false, "bo: Note on", "from bo")] {
        let (writer, reader) = if from { (&mut ana, &mut bo) } else { (&mut bo, &mut ana) };
        writer.press("n");
        writer.wait("the line for a note", |c| c.shows("Note on"));
        writer.press(&format!("{words}\r"));
        writer.wait("that it is written", |c| c.message().contains("Note on") && c.message().contains("undo"));
        reader.wait_for(Duration::from_secs(5), to, |c| c.message().contains(to));
    }
}
