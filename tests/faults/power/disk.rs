//! What a disk may hold after the power went: all that was synced, and of the rest any part in any state.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::record::{BOOK, Inode, Op};

/// A disk writes this much at once or not at all.
const SECTOR: usize = 512;

/// Names and what is in their files.
pub struct Disk {
    names: BTreeMap<String, Inode>,
    files: HashMap<Inode, Vec<u8>>,
}

impl Disk {
    /// A disk that had the book `before`, was asked for `ops`, and then had no power.
    pub fn after_a_cut(before: &[u8], ops: &[Op], chance: &mut ChaCha8Rng) -> Disk {
        let mut disk = Disk {
            names: BTreeMap::from([("book.db".into(), BOOK)]),
            files: HashMap::from([(BOOK, before.to_vec())]),
        };
        let mut synced: HashMap<Inode, usize> = HashMap::new();
        let mut folder = None;
        for (at, op) in ops.iter().enumerate() {
            match op {
                Op::Sync(inode) => {
                    synced.insert(*inode, at);
                }
                Op::SyncFolder => folder = Some(at),
                _ => {}
            }
        }
        let lasts = |inode: &Inode, at: usize| synced.get(inode).is_some_and(|sync| *sync > at);
        let names = disk.last_name(ops, folder, &lasts, chance);
        // A file whose new length was lost does not take what was written after it.
        let mut stale: Vec<Inode> = Vec::new();
        for (at, op) in ops.iter().enumerate() {
            match op {
                Op::Create(..) | Op::Unlink(_) | Op::Rename(..) => {
                    if names.is_some_and(|last| at <= last) {
                        disk.rename(op);
                    }
                }
                Op::Write(inode, offset, bytes) if lasts(inode, at) => {
                    disk.write(*inode, *offset, bytes)
                }
                Op::Truncate(inode, length) if lasts(inode, at) => disk.truncate(*inode, *length),
                Op::Write(inode, ..) | Op::Truncate(inode, _) if stale.contains(inode) => {}
                Op::Write(inode, offset, bytes) => {
                    disk.write_perhaps(*inode, *offset, bytes, chance)
                }
                Op::Truncate(inode, length) => {
                    if chance.random_bool(0.5) {
                        disk.truncate(*inode, *length);
                    } else {
                        stale.push(*inode);
                    }
                }
                Op::Sync(_) | Op::SyncFolder | Op::Acknowledged(_) => {}
            }
        }
        disk
    }

    /// Up to which change of a name all of them hold: they are kept in order. Those before the folder was synced hold, and so
    /// does the making of a file that was synced itself.
    fn last_name(
        &self,
        ops: &[Op],
        folder: Option<usize>,
        lasts: &impl Fn(&Inode, usize) -> bool,
        chance: &mut ChaCha8Rng,
    ) -> Option<usize> {
        let changes: Vec<usize> = (0..ops.len())
            .filter(|at| matches!(ops[*at], Op::Create(..) | Op::Unlink(_) | Op::Rename(..)))
            .collect();
        let certain = changes
            .iter()
            .filter(|at| {
                folder.is_some_and(|f| f > **at)
                    || matches!(&ops[**at], Op::Create(_, inode) if lasts(inode, **at))
            })
            .max()
            .copied();
        let possible: Vec<Option<usize>> = std::iter::once(certain)
            .chain(
                changes
                    .into_iter()
                    .filter(|at| Some(*at) > certain)
                    .map(Some),
            )
            .collect();
        possible[chance.random_range(0..possible.len())]
    }

    fn rename(&mut self, op: &Op) {
        match op {
            Op::Create(name, inode) => {
                self.names.insert(name.clone(), *inode);
                self.files.entry(*inode).or_default();
            }
            Op::Unlink(name) => {
                self.names.remove(name);
            }
            Op::Rename(from, to) => {
                if let Some(inode) = self.names.remove(from) {
                    self.names.insert(to.clone(), inode);
                }
            }
            _ => {}
        }
    }

    fn write(&mut self, inode: Inode, offset: usize, bytes: &[u8]) {
        let file = self.files.entry(inode).or_default();
        file.resize(file.len().max(offset + bytes.len()), 0);
        file[offset..offset + bytes.len()].copy_from_slice(bytes);
    }

    /// Wholly, not at all, or some of its sectors.
    fn write_perhaps(
        &mut self,
        inode: Inode,
        offset: usize,
        bytes: &[u8],
        chance: &mut ChaCha8Rng,
    ) {
        if chance.random_bool(0.4) {
            return;
        }
        let whole = chance.random_bool(0.5);
        for (n, sector) in bytes.chunks(SECTOR).enumerate() {
            if whole || chance.random_bool(0.5) {
                self.write(inode, offset + n * SECTOR, sector);
            }
        }
    }

    fn truncate(&mut self, inode: Inode, length: usize) {
        self.files.entry(inode).or_default().resize(length, 0);
    }

    /// Writes the files into an empty folder.
    pub fn put_into(&self, folder: &Path) {
        for (name, inode) in &self.names {
            let bytes = self.files.get(inode).map_or(&[][..], Vec::as_slice);
            std::fs::write(folder.join(name), bytes).expect("a file");
        }
    }
}
