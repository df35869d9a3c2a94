//! An example of each subcommand, shown at the end of its help. A test runs every one of them on a small book, so none of them goes stale.

use clap::Command;

/// The subcommand by its whole name, and what is typed.
pub(super) const EXAMPLES: &[(&str, &[&str])] = &[
    ("demo", &["retain demo --customers 50 --into play.db"]),
    ("import", &["retain import customers.csv --dry-run"]),
    (
        "add",
        &["retain add \"Globex Air\" --owner ana --stage conversion --tags pilot,eu --mrr 2k"],
    ),
    (
        "edit",
        &[
            "retain edit acme owner=ana website=https://acme.example",
            "retain edit -f 'owner:bob' attr.industry=food --dry-run",
        ],
    ),
    ("remove", &["retain remove acorn"]),
    (
        "list",
        &[
            "retain list -f 'health<60 renews<90d' --sort -arr --csv",
            "retain list -f 'tag:pilot' --ids | retain tag - +eu",
        ],
    ),
    ("show", &["retain show acme --json"]),
    ("search", &["retain search short calls"]),
    ("today", &["retain today --owner me --jsonl"]),
    ("done", &["retain done acme"]),
    (
        "snooze",
        &[
            "retain snooze acme --until mon --reason 'on holiday'",
            "retain snooze -f 'owner:me' --until-event ticket",
        ],
    ),
    (
        "wake",
        &["retain snooze acme --until mon; retain wake acme"],
    ),
    (
        "log",
        &["retain log acme \"Walked through the fix @dana 45m !call back fri\" --channel meeting"],
    ),
    (
        "note",
        &[
            "retain note acme Likes short calls",
            "echo 'They moved offices' | retain note acme - --idempotency-key mail-4711",
        ],
    ),
    (
        "move",
        &[
            "retain move acorn acquisition",
            "retain move -f 'stage:conversion' churned --reason price --dry-run",
        ],
    ),
    (
        "assign",
        &["retain assign acme ana", "retain assign -f '@bob' ana"],
    ),
    ("tag", &["retain tag acme +beta -pilot"]),
    ("pulse", &["retain pulse acme 4 they answer at once"]),
    ("contact list", &["retain contact list acme"]),
    (
        "contact add",
        &["retain contact add acme \"Mia Stone\" --role sponsor --email mia@acme.example"],
    ),
    (
        "contact edit",
        &["retain contact edit \"Dana Ruiz\" role=buyer main=yes"],
    ),
    (
        "contact remove",
        &["retain contact remove omar@acme.example"],
    ),
    (
        "event list",
        &["retain event list acme --kind note,touch --jsonl"],
    ),
    (
        "event edit",
        &[
            "retain event edit $(retain event list acme --kind note -n 1 --ids) text='Very short calls'",
        ],
    ),
    (
        "event remove",
        &["retain event remove $(retain event list acme --kind note -n 1 --ids)"],
    ),
    ("ticket list", &["retain ticket list -f 'tickets>0'"]),
    (
        "ticket open",
        &["retain ticket open acme Export is slow --severity 2"],
    ),
    ("ticket close", &["retain ticket close T1 --csat 4"]),
    ("ticket edit", &["retain ticket edit T1 severity=2"]),
    ("ticket remove", &["retain ticket remove T1"]),
    ("subscription list", &["retain subscription list acme"]),
    (
        "subscription add",
        &["retain subscription add acorn 240 --every month --quantity 5 --key S3"],
    ),
    (
        "subscription end",
        &["retain subscription end S1 --on 2026-12-31"],
    ),
    (
        "subscription edit",
        &["retain subscription edit S1 end=2027-04-30"],
    ),
    ("subscription remove", &["retain subscription remove S2"]),
    (
        "task",
        &[
            "retain task acme Prepare the review --due fri --owner ana",
            "retain task -f 'stage:retention' Ask about the budget --due +7d --dry-run",
        ],
    ),
    ("task list", &["retain task list --owner me"]),
    ("task done", &["retain task done 'prepare renewal'"]),
    (
        "task snooze",
        &["retain task snooze 'prepare renewal' --until +7d --reason 'they are away'"],
    ),
    (
        "task edit",
        &["retain task edit 'prepare renewal' due=2026-12-08 priority=1"],
    ),
    ("task remove", &["retain task remove 'prepare renewal'"]),
    ("checklist", &["retain checklist acme"]),
    ("people", &["retain people acme"]),
    (
        "handover",
        &[
            "retain handover bob ana --dry-run",
            "retain handover bob ana -o brief.md",
        ],
    ),
    ("action list", &["retain action list --kind risk"]),
    (
        "action open",
        &["retain action open acme They want more seats --kind opportunity --money 24k --due +30d"],
    ),
    (
        "action set",
        &["retain action set 'they find it dear' severity=1 mitigation='offer two years'"],
    ),
    (
        "action snooze",
        &["retain action snooze 'they find it dear' --until mon --reason waiting_customer"],
    ),
    (
        "action close",
        &["retain action close 'they find it dear' they signed for two years"],
    ),
    ("play books", &["retain play books"]),
    ("play list", &["retain play list acme"]),
    ("play start", &["retain play start severe_ticket acme"]),
    (
        "play skip",
        &["retain play skip 'say what we have changed' nothing was changed"],
    ),
    (
        "play end",
        &["retain play end 'close the loop' they are content"],
    ),
    ("rule list", &["retain rule list"]),
    ("rule try", &["retain rule try 'usage<-30 arr>50k'"]),
    (
        "rule add",
        &["retain rule add falling --when 'usage<-30 arr>50k' --alert owner"],
    ),
    ("rule on", &["retain rule on detractor"]),
    ("rule off", &["retain rule off detractor"]),
    ("rule remove", &["retain rule remove detractor"]),
    ("rule log", &["retain rule log --since 2026-11-01"]),
    ("rule undo", &["retain rule undo 'low nps answer'"]),
    ("rule run", &["retain rule run"]),
    ("alerts", &["retain alerts --all --json"]),
    (
        "nps",
        &[
            "retain nps --days 90",
            "retain nps acme 9 much better --contact omar",
        ],
    ),
    (
        "answer",
        &["retain answer acme --csat 4 --text 'quick help' --contact dana"],
    ),
    (
        "invite",
        &[
            "retain invite acme --wave '2026 autumn'",
            "retain invite -f 'stage:retention' --wave '2026 autumn' --asks csat",
        ],
    ),
    ("survey", &["retain survey --days 90"]),
    (
        "health",
        &[
            "retain health acme --explain --since '28d ago'",
            "retain health acme --set 30 --until 2w --reason 'their sponsor left'",
        ],
    ),
    (
        "funnel",
        &[
            "retain funnel --days 180 --mode any_order",
            "retain funnel --by owner --csv",
        ],
    ),
    ("segments", &["retain segments --mark 'At risk'"]),
    ("targets", &["retain targets"]),
    ("help-first", &["retain help-first --days 90"]),
    ("issues", &["retain issues --days 90"]),
    ("stays", &["retain stays"]),
    ("view list", &["retain view list"]),
    (
        "view save",
        &[
            "retain view save Renewals --filter 'renews<90d' --sort renews --columns name,owner,arr,renews",
        ],
    ),
    ("view remove", &["retain view remove 'At risk'"]),
    ("owners", &["retain owners --csv"]),
    ("tags", &["retain tags"]),
    ("stages", &["retain stages"]),
    ("attribute list", &["retain attribute list"]),
    (
        "attribute add",
        &["retain attribute add seats_sold --label 'Seats sold' --type int"],
    ),
    ("attribute remove", &["retain attribute remove industry"]),
    ("fields", &["retain fields"]),
    (
        "sql",
        &[
            "retain sql \"select owner, count(*) as customers from customer group by owner\" --csv",
            "retain sql --views",
        ],
    ),
    (
        "export",
        &[
            "retain export customers -f 'owner:ana' -o customers.xlsx",
            "retain export timeline acme -o acme.md",
        ],
    ),
    ("calendar", &["retain calendar --owner ana -o feed.ics"]),
    ("brief", &["retain brief acme -o acme.md"]),
    (
        "qbr",
        &["retain qbr acme --since 2026-07-01 --html -o review.html"],
    ),
    ("digest", &["retain digest --since yesterday --owner ana"]),
    ("mail", &["retain mail renewal acme -o drafts"]),
    ("person", &["retain person \"Dana Ruiz\" -o dana.json"]),
    ("dump", &["retain dump -o book.jsonl"]),
    (
        "load",
        &["retain dump -o book.jsonl; retain load book.jsonl --book new.db"],
    ),
    ("undo", &["retain undo"]),
    ("redo", &["retain undo; retain redo"]),
    ("revert", &["retain revert $(retain history -n 1 --ids)"]),
    (
        "history",
        &["retain history --customer acme --since 2026-11-01 --edits"],
    ),
    (
        "config",
        &["retain config currency EUR", "retain config scorecards"],
    ),
    ("config export", &["retain config export settings"]),
    (
        "config import",
        &["retain config import config/rules.toml --dry-run"],
    ),
    ("config check", &["retain config check config"]),
    (
        "config edit",
        &["EDITOR='sed -i s/Retention/Living/' retain config edit stages"],
    ),
    ("keys", &["retain keys"]),
    ("completions", &["retain completions bash > retain.bash"]),
    ("man", &["retain man > retain.1", "retain man action open"]),
    ("duplicates", &["retain duplicates"]),
    (
        "merge-customers",
        &[
            "retain merge-customers acme acorn --dry-run",
            "retain merge-customers acme acorn",
        ],
    ),
    ("merge", &["retain merge away/laptop.db"]),
    ("conflicts", &["retain conflicts"]),
    ("resolve", &["retain resolve acme phone --take 1"]),
    ("sync", &["retain sync --on"]),
    (
        "merge-driver",
        &["retain merge-driver book/book.db book/book.db away/laptop.db"],
    ),
    (
        "purge",
        &[
            "retain purge acorn --plan",
            "retain purge acorn --why 'they asked for it' --yes",
        ],
    ),
    ("doctor", &["retain doctor || retain conflicts"]),
    ("outbox", &["retain outbox"]),
    ("backup", &["retain backup copy.db"]),
    ("backup list", &["retain backup list"]),
    ("backup verify", &["retain backup verify"]),
    ("restore", &["retain restore"]),
    ("share", &["retain share --machines"]),
];

/// The command with the examples at the end of each help.
pub(super) fn shown_in(command: Command) -> Command {
    with(command, "")
}

fn with(mut command: Command, path: &str) -> Command {
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    for name in names {
        let below = format!("{path} {name}").trim_start().to_owned();
        command = command.mut_subcommand(&name, |sub| with(sub, &below));
    }
    match EXAMPLES.iter().find(|(of, _)| *of == path) {
        Some((_, lines)) => command.after_help(format!(
            "{}\n  {}",
            if lines.len() > 1 {
                "Examples:"
            } else {
                "Example:"
            },
            lines.join("\n  ")
        )),
        None => command,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whole names of all subcommands that do something: those without others below, and those that work without one too.
    fn doing(command: &Command, path: &str, all: &mut Vec<String>) {
        for sub in command
            .get_subcommands()
            .filter(|sub| sub.get_name() != "help")
        {
            let below = format!("{path} {}", sub.get_name()).trim_start().to_owned();
            if !sub.is_subcommand_required_set() {
                all.push(below.clone());
            }
            doing(sub, &below, all);
        }
    }

    #[test]
    fn each_subcommand_has_an_example_and_each_example_a_subcommand() {
        let mut all = Vec::new();
        doing(&super::super::command(), "", &mut all);
        for name in &all {
            let lines = EXAMPLES
                .iter()
                .find(|(of, _)| of == name)
                .map_or(&[][..], |(_, lines)| *lines);
            assert!(!lines.is_empty(), "`retain {name}` has no example");
            assert!(
                lines.iter().all(|line| line.len() < 98),
                "an example of `retain {name}` would be broken into lines"
            );
            assert!(
                lines
                    .iter()
                    .any(|line| line.contains(&format!("retain {name}"))),
                "the example of `retain {name}` does not use it"
            );
        }
        let strange: Vec<&str> = EXAMPLES
            .iter()
            .map(|e| e.0)
            .filter(|name| !all.iter().any(|known| known == name))
            .collect();
        assert_eq!(strange, Vec::<&str>::new());
    }
}
