//! Retain is a customer-success console for the terminal over one local SQLite file. A customer success manager opens it in the
//! morning, sees which accounts need a person today and why, works through them with one key an account, and closes it knowing
//! that nothing is lost.
//!
//! # Words
//! | word | meaning |
//! |---|---|
//! | book | one SQLite file: the team's customers and everything about them |
//! | customer, contact, owner | an account; a person there; the person of our team who looks after it |
//! | stage, visit, cohort | where a customer is in the lifecycle; one stay there; one start of the relationship |
//! | event | something that happened at a time: a touchpoint, an NPS answer, a note, a ticket step, a move, an order, a reading |
//! | signal | a figure folded from one customer's events ([`domain::signal::Signals`]) |
//! | reader | how a field of a customer is read from a roster ([`domain::roster::Reader`]) |
//! | rate | what one currency is in another from a day on ([`domain::money::Rates`]) |
//! | apart | revenue in a currency that no rate brings into the book's: it is told beside a sum, never added to it |
//! | sentence | a code of the words file with its arguments, and what it says in English ([`sentence::Sentence`]) |
//! | wave | one round of asking customers; [`domain::survey`] says what belongs to it |
//! | segment | a ready-made set of customers ([`domain::segment`]), or a saved view that is counted as one |
//! | health, priority, reason | pure functions of signals, config and a day |
//! | scorecard | the measures, weights and bands by which a customer is scored: the first whose stages and filter fit it |
//! | override | a person's word over the score, with a reason and a last day |
//! | batch, edit | one thing a person did, one undo step; one change of one field of one row |
//! | roster | what lists need of every customer, in memory |
//!
//! # The house
//! One crate: a library and a thin binary. A module names only what is to its left; `tests/architecture.rs` reads the sources
//! and fails with a sentence such as "columns.rs reaches up to tui":
//!
//! [`text`] ← [`domain`] ← [`columns`] ← [`store`] ← [`transfer`] ← { [`cli`], [`tui`] } ← `main`
//!
//! ([`sentence`], [`error`] and [`files`] stand below the row: everybody returns errors, which are sentences, and works with
//! [`files`] in folders of others.)
//! rusqlite and SQL are only in `store`, ratatui and crossterm only in `tui`, clap and printing only in `cli`;
//! the clock is read in `cli.rs` and `tui.rs` and handed on as a value.
//!
//! - [`text`]: words per language, text from outside made safe, widths by grapheme, folding for search.
//! - [`domain`]: types and rules, pure. [`domain::command`] has every write, [`domain::query`] every question and its page.
//! - [`columns`]: what a customer row can show, sort and filter by. One table for list, filter, CSV, JSON and choosers.
//! - [`store`]: the file. Opening rules, batches, undo, signals, roster, answers, the worker.
//! - [`transfer`]: files in, the demo book; tables, whole books, calendars, reports, drafts, config files out, hooks.
//! - [`cli`]: one file a subcommand. [`tui`]: one file a screen; its page says how to add one.
//!
//! # One key press, there and back
//! The input thread puts the key into the one inbox; all that is pending is drained before one frame is drawn. The view on top
//! finds the row for the key and runs its handler, which only collects steps; `update` turns them into effects, plain values
//! that a test can compare; the runner carries them out. A write goes to the worker, the thread that owns the book: one IMMEDIATE
//! transaction, a receipt back, then every **watched query** is answered again. A view declares its queries and never
//! refreshes: its own write, a teammate's write and a changed filter come back the same way, as a page that names its question.
//! Lists hold row numbers of the shared roster, which is read while drawing, so that the cursor never waits for the worker.
//! The worker reads first and writes into the roster then. Where another's lock shuts readers out (a book without WAL), the worker
//! owes the page, goes on with what else is asked, and asks again.
//!
//! # What is stored
//! Every row has an id of its own (UUIDv7); the integers beside it mean nothing in another copy of the book, because copies
//! exchange batches. `batch` says who did what, with the device's contiguous number, logical time and a hash. `event` is
//! written once. Entities carry their present values, and `edit` logs every change: before, after, and the edits that it had
//! seen. So the log is the audit, and undo is a new batch that writes the values before, across restarts, only one's own, and
//! refused where somebody else has edited since and something else stands now ([`domain::command::Command::Undo`]).
//!
//! **Money** is minor units and an ISO 4217 code with that currency's digits. A row of a file is read by the currency that it says,
//! in a column or by a sign or code beside the figure. ARR is figured from the price and not from the rounded month
//! ([`domain::revenue::Terms`]). [`domain::money::Arr`] is the only sum of revenue: it has no `+`, what a rate of the book converted
//! is marked, and what no rate converts stands apart by currency. Priority weighs the part in the book's currency alone. Orders and
//! invoices in another currency are refused, because an event keeps no currency of its own.
//!
//! **Sentences.** An error, a receipt and a line of output are values: a code, named arguments, and the English that they make. The
//! compiler looks the code up in the words file and compares the placeholders; `Sentence::in_words` says it in another language.
//! A batch keeps the English label, over which its hash goes.
//!
//! **Which scorecard** a customer comes under is asked outside of the scoring ([`domain::health::score`] gets it): a roster prepares
//! the filters once for all its rows, and one customer alone is a roster of one row (`store/rated.rs`), so both say the same.
//!
//! **Does the score tell anything?** [`domain::health::backtest`] compares scores of past month ends with who was lost afterwards, from one
//! pass over the facts, each fact with the time in which the book said it (`store/backtest.rs`). It is stricter than a look at the
//! past: of what an import brought, no end of an agreement is known ahead, and a week of usage counts when it is over.
//!
//! # Copies of a book
//! A book has an id that its copies share. [`store::Store::merge`] is the union of batches, rows and edits by id: a batch comes
//! whole, with its hash, or is left out and named. Nothing is written of the merging itself, so both directions end with the
//! same facts, and [`store::Store::digest`] says so. [`domain::heads`] decides what a field shows: the edit that no other has
//! seen; of several the one of the later batch, and the field is a conflict until somebody's edit has seen all of them. Moves
//! between stages are events, so each says itself which moves it had seen (`store/moves.rs`): two that had not seen each other
//! and lead to different stages are a conflict of the customer under the name `stage`; deciding takes the other moves back.
//!
//! A setting or a view that two copies made under one name ([`store`]'s `twins`) is two rows: the later holds, both are a conflict where
//! they say different things, and whoever sets the name next leaves one.
//!
//! The hash of a batch is over ids and values in the order of ids (the order of writing), so every copy can compute it again
//! from its tables: what a row said when it was made is the value before the first edit of each field, else what stands there.
//! It is a hash of digests, one a row or edit, so that something purged can leave its digest and nothing else.
//!
//! A **purge** is a batch with one edit of the field `purged`, of a customer, a contact or one text (several where customers were made
//! one). Rows, edits and labels go; tombstones keep their ids and digests, so that every hash can still be computed (a label counts in it
//! by its digest). What arrives later for something purged is buried on arrival. Whose a row is stays in the log, because these edits hold
//! ids alone: a row goes that was ever a purged customer's, but for moves away that the purge says it knew. So every order of merging ends
//! the same. The outbox loses the purged rows and edits, not the batches that had them. A meeting with others is theirs too: the purging
//! batch writes it anew for them. What else names the purged one ([`store::mentions`]) is told and stays, because it is about others.
//!
//! [`store::sync`] carries the same batches in files: a folder of bundles, one writer a file, one line a batch (a large one in parts),
//! checksums a line and a file. Bundles are taken through the door of the merge; which are known is kept in `meta`, in the transaction
//! that took them, so a book that is put back takes them again. What one's own bundles hold is known by the ids of batches, never by a
//! name or a number: a batch that is in none, or in one that was lost or damaged, is given (again). Small ones are joined when they are
//! many; the sum in a bundle's head tells who has all of it that it need not be read.
//!
//! **The door.** A hash proves that nobody has changed a batch since it was written, not that its writer knew what a book holds. So each
//! batch is looked at before any of it is written (`merge/sound.rs`): types, rows, what an edit found and had seen, and what is said to be
//! purged, which counts only with the purge that took it. One bad batch is left out and named, the others come. Two batches under one id
//! are told, and each copy keeps its own; one that cannot be believed keeps no other of its id out, and what is signed by a key that is
//! known is taken before what is not. What an outbox has is looked at in the same way.
//!
//! **Who wrote it** (`store/sign.rs`): each machine has an Ed25519 key (RFC 8032) in the state folder and signs the book's id, the batch's
//! id and its hash. The key of a device is kept in the book as it was seen first; from its first signature on, what that device did not
//! sign, or another key did, stays out and is told. A signature proves that one key wrote what a device wrote; not who sat there, and not
//! whose a key is that is seen for the first time. Batches from before keys, and those of a person without a state folder, are not signed.
//!
//! **A purge of somebody else** (`sync/hold.rs`) that comes through a folder is told and waits for a day, or for a yes; a backup from
//! before it stays. A merge is an act of its person, after a backup, and holds nothing.
//!
//! **Who exchanges where** is no word of the book's alone, for every copy of it says the same, and somebody else may have written it
//! (`sync/yes.rs`). The folder that has its name from the book's and lies beside it needs no yes. Any other needs the yes of each
//! person on each machine: `retain sync --on`, kept in the state folder for this folder, book and file. The file is that of its path, so
//! a restore goes on; or the very file (device, inode, time of making) at another path, so a move goes on and says so. A copy is
//! neither: it gives, takes and sweeps nothing, and says that once a command. Who gave there before anybody asked has said yes.
//!
//! `signal` caches one packed row a customer, folded in the same transaction as the write; `retain doctor` folds all of them
//! again and compares. Health, priority and reasons are never stored, so they are never stale and can be had for any past date:
//! with a date in the past ([`store::Options::as_of`]) the facts up to it are folded.
//!
//! Figures over all customers (funnel, NPS, segments, tables) are pure functions of facts that the store reads at the first question
//! and keeps until something is written (`store/kept.rs`), each from an index that has all of it: a table scan of the events would
//! take seconds where there are millions. What takes longer all the same answers a piece at a time ([`domain::query::Page::is_unfinished`]):
//! the worker goes on with it while nobody asks for anything else. Orders are put beside the roster when a filter, a sort or a
//! column first reads them. [`domain::table`] is the one shape of figures in rows, for screen, subcommand and JSON.
//!
//! # What goes out
//! - A cell on its way out is a [`domain::sheet::Datum`]; what a file format makes of it is in [`transfer::sheet`] alone. Screens and
//!   subcommands ask [`transfer::sheets`] the same [`domain::query::Query`], so they write the same bytes.
//! - [`store::dump`] is a bundle with every batch in the order of logical time, each line JSON. It begins with the book's digest, and what
//!   is loaded has to give it again. The loaded book has the id of the dumped one: it is a copy of it.
//! - [`store::facts`] is what stands now, by table, with ids and without history. A book that is filled from such rows is another book: it
//!   gets batches of its own, through the same door as a merge.
//! - A calendar entry ([`domain::appointment`]) is named by its row; its sequence is the number of edits, and what is removed, purged,
//!   given away or without a date stays in the feed as cancelled while its day is in the window.
//! - Reports are Markdown and plots; a page ([`transfer::report`]) is made of them, with everything from the book as text.
//!
//! # How nothing is lost
//! - **Before the COMMIT, the outbox.** Each finished batch is added to a file in the person's state folder, one file a book
//!   ([`store::outbox`]), and is on the disk before the book's COMMIT. At the opening, a batch that the book lacks is written again,
//!   once, with the same ids; an edit says itself what it had seen, so it stands beside what others did meanwhile.
//! - **"Queued" and "not saved" are two things.** A change that the book could take but not just now (busy for 10 s, a full disk, a
//!   file that is gone, a newer schema) waits in the outbox as its command, and the person is told that it is queued; `retain
//!   outbox` lists it and `--drop` lets go of it. A change that is told as not saved is crossed out in the outbox before it is told.
//!   What a book could never take (read-only, a conflict, wrong input) is refused and not queued; nor is "undo the latest",
//!   because what that is may be another thing later. Imports, the demo and batches of more than 20,000 rows are kept by name only.
//!   What waits keeps what its person knew: "one step on" is looked up when it is asked for, days count from then, and an edit has not
//!   seen what others wrote since, so it stands beside theirs. Nothing in an outbox keeps a book from being opened.
//! - **Between BEGIN and COMMIT** nothing is believed that was read before: settings are read again when somebody has changed them. A
//!   setting says what was seen of it, as a field does; each rule is a row of its own (`rule.CODE`, an empty one where a shipped rule is
//!   taken away), so that two who change two rules change two things. Whatever fails, no transaction stays open.
//! - **After an error of COMMIT** the connection is closed, the file is opened again and the batch looked for: what stands is told as
//!   saved. Where it does not, the log is written over before anything else is said, and what is queued keeps the id of the try, so
//!   that no recovery of SQLite brings it twice.
//! - **A look costs nobody anything**: figures that a reader has folded are kept only where no lock has to be waited for, and a subcommand
//!   that only reads takes no book into WAL.
//! - **A copy of a book is a device.** The id under which batches are numbered is made for one book at one path on one machine, and
//!   is kept in its outbox; without an outbox the id and its last number are kept there all the same. A book that knows fewer of our
//!   numbers than that (an older copy was put back) gets a new one, and so does a home that was copied to another machine: no number
//!   is given twice. All ids that a person's outboxes name are one's own for ever: what was given under them is looked after.
//! - **The file under the name** is compared (device and inode) before each write and each look. Another file is opened anew and
//!   told, and one's own changes follow; a write that was meant for the old one is refused.
//! - **Backups** ([`store::backup`]) are made by SQLite into `.BOOK.backups`, read from end to end and renamed: one a day by whoever
//!   comes first, one before imports, merges, migrations, and purges that come from elsewhere. In a folder of a group they are the group's. A
//!   restore moves what is there away. A purge names those, and what was moved to them, that still have its rows
//!   ([`store::Store::files_that_still_have`]). Below 64 MB the hash of every batch is computed at once, of a larger one by `retain backup verify`; a file beside the
//!   backup says that it was, and what its bytes were, or what is wrong with it. Thinning keeps the newest three and the newest three
//!   that are verified; a damaged one takes the place of no other. It counts days of which there are backups and asks no clock, a few go at
//!   once, and a restore chooses by what they hold: a wrong clock costs one day. Whoever looks at a backup looks at a private copy.
//! - **What lies beside a book is not trusted** ([`files`]), nor in the sync folder: links are not followed, pipes and giants not opened, only
//!   names of Retain's own removed, and only files that still are what Retain wrote. `retain doctor` names what does not belong there.
//! - **No lock is waited for for ever** ([`store::locks`]): whoever holds one may be stopped. They are named, and the change is refused.
//! - **A damaged book** ([`store::salvage`]) is read page by page, not by SQLite, and never written to: rows of a tree that is not
//!   whole are looked for in every page that no tree reaches, and frames of a -wal behind a damaged one are taken too. A batch
//!   whose hash fits is taken from wherever it is whole (the file, a backup, the outbox); of the rest what is left is kept, with
//!   the hash that goes on telling so, and named.
//! - **Who is here** is a file a session in `.BOOK.here` ([`store::presence`]), not a row: no lock, no journal. While somebody has
//!   the book open on another machine nobody uses WAL. Where memory cannot be shared a book that is in WAL is taken out of it by a
//!   connection that has the file for itself.
//!
//! # What comes in
//! Whatever a file is, [`transfer::import`] makes one table of it that can be read as often as is needed: a CSV in UTF-8 is read where it
//! lies, everything else is brought into that form in a file that goes away by itself, so memory stays flat and one reader has the limits.
//! Which column is which field is said, or stands in a profile ([`domain::profile`], shipped or in the book's config), or is
//! guessed from headers and values. What is found out about a file is found out only where a cell needs it, and told with the cell that
//! proves it. A row finds its customer by key, else by domain, e-mail address or exact folded name; a list with keys of its own adopts
//! customers that no list has given a key.
//! - What a file has no column for it does not say ([`store::load`]): a row that is there keeps it. A card and a JSON object say row by row
//!   what they have. What a second import writes is every field of the entity table of which the row says something else.
//! - Meetings and mails are rows too, with a reference of their own, so that a moved meeting moves its touchpoint and a cancelled one takes it away.
//! - A person's edit since files last spoke of a field is never overwritten without a word ([`domain::profile::Winner`]): where the file
//!   still says what it said, the edit stays; where it says something new, the rule or an answer decides, and both values are told. What was taken
//!   back was not said: behind an undo the next import of a file does what the first did.
//!
//! # What happens by itself
//! A rule ([`domain::rule`]) is a filter; the cache `inside` says whom each holds, so that an entry is told from a stay. Behind every
//! write, in its transaction, the rules are asked for the customers that it touched ([`store::rules`]): what they do is part of the
//! batch, so one undo takes all of it back. What a day alone brings is a batch of its own, made by whoever is there first.
//! - Undoing, correcting and merging note whom the rules hold and fire nothing; a new or changed rule begins with whom it holds, each by
//!   itself, and what the day has brought by the settings of before fires before they change.
//! - Customers that an import brings came with a past: no rule fires for them until they leave and come again.
//! - A step of a playbook is a task; the row `step` ties the two, so a task is the same with and without playbooks.
//!
//! # Two people at one account
//! A change says what was seen of its field. Where another value stands there now, the write is refused with both values, who
//! and when ([`domain::clash::Clash`], the source of the error, so that no layer reads words), and the screen asks: theirs,
//! mine, another, or for texts both together, to be read before they are saved ([`domain::clash::join`]). What is chosen is written over the value that was
//! shown as theirs, so a third person is asked about in turn. Nothing is written before a key chooses, and Enter is not one.
//! - An open form watches the history of its row. Fields that nobody typed in follow; typed ones keep text and base, and say
//!   who wrote what. A draft keeps what was seen with what was typed: taken up a day later it still does not overwrite.
//! - An edit of a row that another has removed is refused too, where it says what it had seen; bringing it back is an edit of
//!   `removed` in the same batch, and takes its customer along.
//! - [`domain::command::Command::PutBack`] writes the value before of one edit, of whomever;
//!   [`domain::command::Command::TakeBack`] takes another's batch back as a batch of one's own: its maker sees who did, and it
//!   can be taken back in turn. Both stop where somebody has changed it since, and so does undo; the same dialog asks, names what
//!   is in the way, and takes back the rest ([`domain::command::Command::UndoRest`]) or leaves it: the next undo passes over it.
//! - Open calls to action and tasks of a customer's owner go along when the customer changes hands.
//! - A text in a line (note, task, touchpoint) that went into a write which was refused becomes a draft again, and is in the state
//!   file until the write is answered. A draft is of its customers, its place and its book ([`tui::drafts::Key`]); it follows a
//!   customer that is merged. Newer typing stands before an older draft, which is kept. Consoles of one person bring only their own
//!   changes to the state file, and of two texts of one thing both stay.
//! - What comes from outside the keys never stands over somebody who types or chooses (`tui::app::arrived`): it waits with a sign and
//!   the key `g .`, and what has come by itself takes no key for 500 ms. Each worker has a number, and each job on a thread has one with
//!   the worker that it began beside: what another says is dropped, but for the ends of writes (`tui::app::jobs`).
//! - Lists know customers by id ([`tui::who::Who`]); the row in the roster is a hint that is looked up anew where it does not fit.
//! - Keys and pastes that come before a view is ready for them wait in order (`tui::app::input`); Esc lets go of them. More letters at
//!   once than a hand can type are a paste (`tui::pasted`), so a terminal without bracketed paste runs no commands by one.
//! - A merge from the screen is looked at first, on a thread with its own connection; what came is noticed like any writes. A copy
//!   that lay beside the book is moved to the backups once the book has all of it: a file that stays, and that thinning leaves.
//!
//! # Scripts
//! - A subcommand that writes goes through one door (`Cx::write`): it can be tried ([`store::Store::rehearse`]: the real transaction, taken
//!   back), it takes an idempotency key (a config row `once.HASH` in the batch itself, so log, outbox and merges carry it; its value is
//!   the digest of the call, so another call under the key is refused), and hooks hear of it. `cli/sub.rs` says of each how it writes;
//!   what only looks, or writes in a way of its own, takes no key.
//! - One JSON object an answer; lines and CSV are made from its rows, so all three have the same names.
//! - [`store::select`] runs SQL of a person's own on a second, read-only connection with temporary views and an authorizer.
//! - Each row of keys names its subcommand ([`tui::key_row::KeyRow::cli`]), or is listed as of the screen only; a test compares.
//! - Examples of helps are a table (`cli/examples.rs`) whose every line a test runs.
//! - Hooks ([`transfer::hooks`]) are read from the config folder only, and get batches that stand; nothing waits for them but the end of
//!   a subcommand.
//! - Two customers become one by edits of whose each row is ([`store`]'s field `customer`: an id in the log, an integer in the column), so
//!   undo, history and merges need to know nothing of it. Past stages, overrides and firings stay with the one that goes.
//!
//! # How to add a thing
//! | add | touch | what tells you if you forgot |
//! |---|---|---|
//! | an event kind or channel | a row in [`domain::event`] or [`domain::touchpoint`], a word | `every_code_has_a_word` |
//! | a figure | a row in [`domain::signal::Signals`], its lines in `signal/folding.rs`; packing and the layout of the cache follow | the properties of folds |
//! | a column or filter field | a row in `columns/table.rs` that says what it needs, a word under `[column]`; from what it needs follows whether a rule, an exit criterion or a scorecard may ask for it | the columns' tests; list, filter, sort, chooser, CSV, JSON get it |
//! | a health measure | a row in [`domain::health::MEASURES`], a word, a line in `assets/config/scorecards.toml` | the sum property |
//! | a question of a checklist, an exit criterion, a cadence | `assets/config`, or the book's own config | its check refuses what cannot be meant |
//! | a queue reason | a row in [`domain::priority::REASONS`], a word | the sum property |
//! | a key | a row in its screen with its subcommand, a word | duplicate, unparsable and unnamed keys fail a test |
//! | a ready-made segment | a row in [`domain::segment::READY`], two words | `every_code_has_a_word` |
//! | a table of figures | a variant of [`domain::table::Kind`], its rows in `store/answer/tables.rs`, words under `[tables]` | the tables' tests |
//! | a screen | a file in `tui/views`, a line in its registry, a variant of `tui/go.rs` with what it shows, words | the compiler, the palette test, the test that parses every key |
//! | work beside the screens (an import, an export) | one file with a type that is a `Job`: what runs, and what becomes of its answer | the compiler |
//! | a sentence | a line under `[say]` in `assets/text/en.toml`, `say!` where it is said | the compiler: the code and its placeholders have to be there |
//! | a default rule or playbook | a table in `assets/config/rules.toml` or `playbooks.toml` | the tests that read them |
//! | a write | a variant of [`domain::command::Command`], a function in `store/write` | the compiler |
//! | a form | a row in `tui/views/form/tables.rs`, words | the test that opens every form |
//! | something that is exported | a name in [`transfer::sheets::name_of`], its rows there | its test asks every screen |
//! | an export of another system | a file in `assets/profiles`, a line in [`domain::profile`], its headers in the origins' tests | the tests that read them |
//! | a file format | a reader beside `transfer/import/json.rs` that fills a spool, a line in `source.rs` | the tests of formats |
//! | a subcommand | a file in `cli`, a line in `cli/sub.rs`, an example in `cli/examples.rs` | the tests of examples, pages and completions |
//! | an entity or a field | a row in `store/entities.rs`: its columns, what each holds, whether its words are found | the compiler, the properties of histories |
//! | a setting | a row in [`domain::config::KEYS`], behind those that it reads; its field in the config; how it is read in `store/settings.rs` | the test of settings |
//! | a migration | a file in `store/migrations`, a line in `store/schema.rs` | the schema test |
//! | a language | not yet as short as it will be: `assets/text/<code>.toml` has codes and sentences, the screens' words and what dates are called are English alone | the completeness test |
//!
//! # Decisions that differ from what one might expect
//! - The roster is an array of rows, not of columns: 128 bytes a customer and its name. Filters and sorts of 100,000 customers
//!   take a few milliseconds so, and a row is put or read in one place.
//! - Signals are packed into a blob of one layout number, because the roster is loaded from them at every start. A row of
//!   another layout is folded again.
//! - Subscriptions count as agreements known ahead: a past date sees a version that starts after it.
//! - The full-text index is written behind small batches at once, and behind an import in idle moments; a search reads what is
//!   not indexed yet, at most 20,000 texts of it.
//! - A removal knows what it removes (the latest edits of the row, a customer's live rows), and an edit of something removed
//!   knows the removal. So a row that one removes and another changes without knowing stays visible, by the log alone and the
//!   same in every copy. Removals of the first version are taken to have known everything.
//! - In the past (`--as-of` before today) temporary views stand before the tables, filled from the log, so no query knows of it. A row
//!   that an import brought counts from the day that it says of itself, not from that of the import.
//! - The screens show the past through a second store beside the worker's own ([`store::Store::open_past`]), with `query_only` set: the
//!   present goes on behind it, and what is written there has the past read anew. Rows have other numbers on another day, so the
//!   views are made anew from what they save. A key that leads to a write says so in its row ([`tui::key_row::KeyRow::writes`]).
//! - At the start the roster and the first answers come first. Presence, the sync folder and copies beside the book follow in the
//!   first quiet moments; subcommands take bundles at once, because for them there is no later.
//! - A label that may name what is purged is blanked with all of its batch's purged parts, an import's only where it names that. So labels
//!   keep their words: what a purge can reach as a row it can reach as a label.
//! - An exchange of bundles makes no backup before it, as a merge does, but where it purges: it happens every 30 seconds, and the bundles
//!   stay.
//! - A merge driver succeeds also when fields have two values: both are in the book, and `retain conflicts` is the place to decide.
//! - Two who wrote the same value are no conflict. Keeping what is shown is an edit too, so that it can be told and taken back.
//! - An undo stands back where the latest edit is somebody else's, also when it wrote the same value, and where copies disagree.
//! - A batch that builds on one that is missing (an edit seen, a row) waits outside with it; the next merge brings both.
//! - New batches are found by comparing all ids in order, 16 bytes each, not by the devices' numbers: two machines with one
//!   device's number would hide a batch. The numbers find gaps.
//! - Plans of statements do not depend on what is bound (SQLite's QPSG): otherwise each statement on a table with a partial index
//!   would be parsed again for each value. A new backup and the copy that a merge reads are checked table by table, of the full-text
//!   index its pages only: what it means is in the rows, and `retain backup verify` looks at that too.
//! - A logical time follows others' at most ten minutes past the own clock, so one wrong clock does not take all along.
//! - The id of a book of the first version comes from its first batch, so that copies made before stay copies.
//! - Which cadence holds is folded (its place in the config), because it depends on stage and tags and says which touches count; other
//!   cadences or stages fold all customers again in the transaction that sets them.
//! - A key role counts as waiting in the queue only when somebody of it has heard from us before; a role that nobody has is a gap on
//!   the stakeholder map, and a filter (`buyer:none`), but no daily reason.
//! - A stage is not a field but the last move on the timeline, so that undo, history and funnel cannot disagree. What a person sets is
//!   dated now, and what another clock had dated later is dated before it: a move that is told shows.
//! - Undo goes back by the order in which batches came into the file; clocks count only for what arrived behind the last one of here.
//! - Alerts are looked for at the customers whose signals tell of one, and the log of rules has an index of its own: a look at all
//!   events would cost more than a second in a large book, behind every write while the count stands in the corner.
//! - A rule is saved from its trial only, which shows whom it holds and for whom it would have fired.
//! - On the board `L` and `H` move the card and not through the history: the arrows with Alt do that everywhere.
//! - Where a key that leads to typing is refused, what is typed behind it is no key until Enter or Esc: hands go on before eyes see.
//! - Esc never leaves the program: at the top of a tab it clears marks, then the filter. Only `q` quits, because a hand that
//!   presses Esc twice to be sure must not lose its place.
//! - `e` explains and `E` edits, on every screen: why a customer is here is asked many times more often than it is edited.
//! - A task that is put off keeps the day that was agreed; [`domain::task::Task::turn`] is the day on which it counts.
//! - The palette matches names, beginnings of words and slips of the finger, not scattered letters.
//! - `keys.toml` is looked at by a thread of its own: a look from the loop could wait for a slow disk.
//!
//! - NPS has the raw score with the adjusted Wald interval around the shifted one, so the two do not share their middle; a change
//!   between waves takes the adjusted variances too, so that its z is finite where all say the same.
//! - Days in a stage are product-limit medians; the median of the ended visits alone stands beside them under its own name.
//! - `seg:vip` names a ready-made segment; `segment:` too, unless the book has an attribute of that name.
//!
//! - A mail or meeting with nobody whom the book knows is passed over, not rejected: a mailbox is full of them.
//! - A meeting to come is no touchpoint yet; the next import of the calendar brings it when it is over.
//!
//! # Warts
//! - Moves of an import, and those that earlier versions wrote, say nothing of what they saw: they are in no conflict.
//! - A kill in the middle of an import leaves the copy of its file in the temporary folder, readable by its owner only.
//! - Of a series that is changed "from here on" only the meeting that says so is moved; the others follow when the calendar splits it.
//! - Two copies in which the same rule fired for one entry before they met hold both firings; the calls to action show as two.
//! - Past month ends are counted over the present owners, tags, attributes and removals, and what was done or snoozed since counts as
//!   done then; a view that asks for `priority` weighs money by the present median.
//! - A row whose customer cannot be read anywhere is kept under a made-up customer, and rows whose batch cannot be read under a batch
//!   of the salvaging; a copy of the book that has the real ones does not replace them in a merge, it is told of them.
//! - A backup of an older version of the book is verified by its pages and bytes only, not by the hashes of its batches.
//! - On past days a scorecard's filter reads the tags, owner and attributes of today, except where the book is looked at as it was.
//! - In the backtest a row that was removed since counts as never having been there, and an edit is taken back by the values before.
//! - Labels of batches and error sentences are English in the code; only the screens' words are in `assets/text`.
//! - Who changed something is known of a row's own fields: a form says it when its customer was removed only at the save.
//! - A meeting that somebody writes down before hearing of a purge goes with the purged one who is named first, also from the others.
//! - A purge reaches files of other people (their bundles, outboxes, free pages) when they next merge, sync or open; backups never. A
//!   home that was set up anew is another person's in this: whose bundles still have something, `retain purge --sweep` and `doctor` say.
//! - Batches of a device that has a bundle folder but never comes back, and reached us by `merge` only, go into no bundle; `doctor`
//!   counts them, and without its folder they are given.
//! - A purge that waits cannot be refused: switching the exchange off keeps a copy out of it. A backup from before a purge that is put back
//!   hears of it again at the next exchange, and has another day.
//! - Who can write into the folder and sees a change before a copy does can come before it there under its ids, where neither is signed
//!   by a key that is known: the copy names the one that it left out, and says that the copies differ.
//! - Signatures are of batches, not of the book: who can write the file can take out the last batches of a device, or the signatures of all of
//!   them, and nothing tells.
//! - Where there is no folder for state at all, and no outbox is wanted, the device is made of machine and person: its numbers begin
//!   again in an older copy that is put back. Its batches are given all the same, and `doctor` names the numbers.
//! - A device that signs with another key for a good reason is believed after `retain sync --new-key DEVICE`; what it signed before counts
//!   as not signed in that copy from then on. A salvaged book asks for no signatures of what it had before.
//! - A past day is shown with the settings, stages and saved views of today, and without what copies disagreed about then.
//! - Each change by anybody has the past that is on the screen read anew, which takes as long as turning to it.
//! - A value that no hash covers (a flipped bit in a batch of many rows) is named by batch and kinds of rows, not by the row.
//! - A damaged frame of a -wal is where SQLite stops reading, as at one that a power cut has torn: nobody is told. Whoever wrote what
//!   was behind has it in an outbox; else only salvaging finds it, and only before the book is opened.
//! - Outside Unix a replaced file is not noticed, and on other systems than Linux every disk counts as local.
//! - A cell of a workbook holds 32,767 characters; of a longer text the rest is left out there, and in no other format.
//! - A load is one transaction, as long as it takes. A dump reads one state of the book: what others write meanwhile is not
//!   in it.
//! - Undo of an import writes one edit a row that it made.
//! - An import that names a customer by the key of one that was merged away makes that customer anew.
//! - A customer that somebody makes one with another, before hearing that this one is purged, loses its rows by that, also where they take
//!   it back before they hear: no copy that heard of both can tell. Its own row stays, out of the lists, and can be purged by its id.
//! - What a merging of customers wrote into fields of the kept one is the kept one's; a purge of the other tells of it and leaves it.
//! - In bash a filter with a colon completes only within quotes, because bash itself breaks words there.
//! - Custom attributes come into the roster when a filter, a sort or a column first reads them, and stay there.

#[macro_use]
pub mod sentence;

pub mod cli;
pub mod columns;
pub mod domain;
pub mod error;
pub mod files;
pub mod store;
pub mod text;
pub mod transfer;
pub mod tui;
