//! The whole book as one file and back: every finished batch in the order of logical time, a line each, then the end with a
//! checksum of all lines. Two dumps of the same facts are the same bytes, in whatever copy they are made.

use std::io::Write;
use std::path::Path;

use crate::domain::time::Zone;
use crate::error::{Error, Result};

use super::sync::Exchanged;
use super::sync::bundle::{self, Bundles, DumpHead, Spot};
use super::{Options, Store, load, schema, settings};

/// What a load brought.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Loaded {
    /// Batches.
    pub batches: usize,
    /// What is wrong with the file, a sentence each; only where it was taken all the same.
    pub wrong: Vec<String>,
}

/// True for a file that begins as a dump does.
pub fn is_dump(path: &Path) -> bool {
    bundle::dump_head(path).is_some()
}

impl Store {
    /// Writes every batch with its rows and edits; gives how many batches.
    pub fn dump(&self, out: &mut dyn Write) -> Result<usize> {
        let book = schema::book(&self.conn)?
            .ok_or_else(|| Error::usage(say!("any.there_nothing_book_yet")))?;
        self.snapshot(|conn| {
            let mut statement =
                conn.prepare("SELECT n FROM batch WHERE finished = 1 ORDER BY hlc, id")?;
            let batches = statement.query_map([], |r| r.get(0))?;
            let batches: Vec<i64> = batches.collect::<std::result::Result<_, _>>()?;
            let head = DumpHead {
                format: bundle::FORMAT,
                book,
                zone: self.meta("zone"),
                digest: self.digest()?,
            };
            bundle::dump(conn, out, &head, &batches)?;
            Ok(batches.len())
        })
    }

    /// Opens the book at `path`, or makes it, and fills it by `work`. One that was made goes again when that fails.
    ///
    /// # Errors
    /// A book in which something was written is refused: what is loaded stands alone.
    pub fn fill<T>(
        path: &Path,
        options: &Options,
        work: impl FnOnce(&mut Store) -> Result<T>,
    ) -> Result<(Store, T)> {
        let made = !path.exists();
        let mut store = Store::open(
            path,
            &Options {
                create: true,
                ..options.clone()
            },
        )?;
        let filled = store.writable().and_then(|()| {
            if store.last_batch()? > 0 {
                let error =
                    Error::usage(say!("dump.there_something_already", path = path.display()));
                return Err(error.hint(say!("dump.name_new_book_with")));
            }
            work(&mut store)
        });
        match filled {
            Ok(done) => Ok((store, done)),
            Err(error) => {
                drop(store);
                if made {
                    super::open::remove(path);
                }
                Err(error)
            }
        }
    }

    /// Takes a dump into this book, in which nothing is yet, and gives it the id of the book that was dumped. `partial`: takes
    /// what is sound of a damaged one.
    ///
    /// # Errors
    /// What is no whole dump, or would not give the same facts, leaves the book as it was.
    pub fn take_dump(&mut self, path: &Path, partial: bool) -> Result<Loaded> {
        let name = path.display();
        let head = bundle::dump_head(path).ok_or_else(|| {
            Error::usage(say!("dump.there_no_dump_book", name = name))
                .hint(say!("dump.retain_dump_writes_one"))
        })?;
        if head.format > bundle::FORMAT {
            return Err(Error::usage(say!("dump.newer_retain_written", name = name))
                .hint(say!("dump.update_this_one_first")));
        }
        let mut bundles = Bundles::default();
        let told = bundles.add(&Spot::Named(path.to_owned()), head.book)?;
        self.begin()?;
        self.keep_in_memory(load::LOAD_CACHE);
        let work = self.inside().and_then(|()| {
            self.take_whole(&bundles, &head, told.wrong, partial, &name.to_string())
        });
        let ended = super::end(&self.conn, work);
        self.keep_in_memory(super::open::CACHE);
        let loaded = ended?;
        self.begin_anew()?;
        Ok(loaded)
    }

    fn take_whole(
        &mut self,
        bundles: &Bundles,
        head: &DumpHead,
        mut wrong: Vec<String>,
        partial: bool,
        name: &str,
    ) -> Result<Loaded> {
        self.name_as(head.book)?;
        if let Some(zone) = head.zone.as_ref().filter(|z| Zone::named(z).is_some()) {
            super::schema::make_in(&self.conn, zone, true)?;
        }
        let mut done = Exchanged::default();
        let why = self.take_rounds(bundles, &Default::default(), &mut done)?;
        wrong.extend(why.into_values());
        if wrong.is_empty() && self.digest()? != head.digest {
            wrong.push(say!("dump.what_loaded_not_what").into());
        }
        if !wrong.is_empty() && !partial {
            let error = Error::failed(say!("dump.dump_damaged", name = name, wrong = wrong[0]));
            return Err(error.hint(say!("dump.partial_takes_what_sound")));
        }
        Ok(Loaded {
            batches: done.taken,
            wrong,
        })
    }

    /// Reads config and day of a book that was filled.
    pub(super) fn begin_anew(&mut self) -> Result<()> {
        self.config = std::sync::Arc::new(settings::read_config(&self.conn)?);
        self.today = self
            .as_of
            .unwrap_or_else(|| self.config.zone.day(self.options.now));
        self.look()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
