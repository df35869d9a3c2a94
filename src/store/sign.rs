//! Who wrote it: each machine of a person has an Ed25519 key (RFC 8032) in the state folder, never in a book, and signs with it what it
//! writes. The key of a device is kept in the book as it was seen first; what comes later under the device's name has to fit it.
//!
//! A signature proves that the batches of one device come from one key, and that nobody has changed them. It does not prove which
//! person sits there: a key that is seen for the first time is believed.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use rand::TryRng as _;
use rand::rngs::SysRng;
use rusqlite::{Connection, OptionalExtension, params};

use crate::domain::id::Id;
use crate::error::{Error, Result};

use super::doctor::Check;
use super::hash::Header;
use super::outbox::Keep;
use super::{Mode, Store, schema};

/// The file in the state folder.
const FILE: &str = "signing.key";

/// What stands before what is signed, so that a signature is good for nothing else.
const PURPOSE: &[u8] = b"retain batch 1";

/// A public key, and what it has signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Proof {
    /// The key.
    pub key: [u8; 32],
    /// The signature.
    pub bytes: [u8; 64],
}

/// The key of this machine.
pub struct Signer {
    key: SigningKey,
}

impl Signer {
    /// The key in a state folder, which is made where there is none.
    pub fn of(folder: &Path) -> std::io::Result<Signer> {
        let path = folder.join(FILE);
        loop {
            match File::open(&path) {
                Ok(file) => {
                    let mut text = String::new();
                    file.take(256).read_to_string(&mut text)?;
                    return parse(&text)
                        .map(|seed| Signer {
                            key: SigningKey::from_bytes(&seed),
                        })
                        .ok_or_else(|| {
                            std::io::Error::new(
                                std::io::ErrorKind::InvalidData,
                                format!("{} is damaged", path.display()),
                            )
                        });
                }
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => make(folder, &path)?,
                Err(e) => return Err(e),
            }
        }
    }

    /// The key of which this is the secret: the same each time.
    #[cfg(any(test, fuzzing))]
    pub fn seeded(seed: [u8; 32]) -> Signer {
        Signer {
            key: SigningKey::from_bytes(&seed),
        }
    }

    /// The public half.
    pub fn public(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// The signature of a batch.
    pub(super) fn proof(&self, book: Option<Id>, batch: Id, hash: &[u8]) -> Proof {
        Proof {
            key: self.public(),
            bytes: self.key.sign(&said(book, batch, hash)).to_bytes(),
        }
    }

    /// Signs a batch that is finished, in the transaction that writes it.
    pub(super) fn sign(
        &self,
        conn: &Connection,
        n: i64,
        header: &Header,
        hash: &[u8],
    ) -> Result<()> {
        keep(
            conn,
            n,
            header,
            &self.proof(schema::book(conn)?, header.id, hash),
        )
    }
}

/// Makes the key. Of several that make it at once the first one's holds.
fn make(folder: &Path, path: &Path) -> std::io::Result<()> {
    crate::files::make_own(folder)?;
    let mut seed = [0; 32];
    SysRng
        .try_fill_bytes(&mut seed)
        .map_err(std::io::Error::other)?;
    let hex: String = seed.iter().map(|b| format!("{b:02x}")).collect();
    let mut draft = tempfile::Builder::new()
        .prefix(".key")
        .tempfile_in(folder)?;
    writeln!(draft, "ed25519 {hex} {}", super::outbox::checksum(&hex))?;
    draft.as_file().sync_all()?;
    match draft.persist_noclobber(path) {
        Err(e) if e.error.kind() != std::io::ErrorKind::AlreadyExists => Err(e.error),
        _ => Ok(()),
    }
}

fn parse(text: &str) -> Option<[u8; 32]> {
    let mut words = text.split_whitespace();
    let (_, hex, sum) = (
        words.next().filter(|kind| *kind == "ed25519")?,
        words.next()?,
        words.next()?,
    );
    if super::outbox::checksum(hex) != sum {
        return None;
    }
    from_hex(hex)
}

/// So many bytes from their hexadecimal form.
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

/// What a signature is over: the book, the batch, and its hash, which is over all that the batch says.
fn said(book: Option<Id>, batch: Id, hash: &[u8]) -> Vec<u8> {
    [PURPOSE, &book.unwrap_or_default().0, &batch.0, hash].concat()
}

/// Whether a signature is one of this batch by its key.
pub fn holds(book: Option<Id>, batch: Id, hash: &[u8], proof: &Proof) -> bool {
    VerifyingKey::from_bytes(&proof.key).is_ok_and(|key| {
        key.verify_strict(
            &said(book, batch, hash),
            &Signature::from_bytes(&proof.bytes),
        )
        .is_ok()
    })
}

/// The key of a device as it was seen first, and the number of the first batch that it signed.
pub fn known(conn: &Connection, device: Id) -> Result<Option<([u8; 32], i64)>> {
    conn.prepare_cached("SELECT key, since FROM signer WHERE device = ?")
        .and_then(|mut s| {
            s.query_row([device], |r| Ok((r.get(0)?, r.get(1)?)))
                .optional()
        })
        .map_err(Into::into)
}

/// The signature of a batch.
pub fn proof_of(conn: &Connection, n: i64) -> Result<Option<Proof>> {
    conn.prepare_cached(
        "SELECT k.key, s.bytes FROM signature s JOIN batch b ON b.n = s.batch JOIN signer k ON k.device = b.device WHERE s.batch = ?",
    )
    .and_then(|mut s| s.query_row([n], |r| Ok(Proof { key: r.get(0)?, bytes: r.get(1)? })).optional())
    .map_err(Into::into)
}

/// Keeps the signature of a batch, and its key where it is the first of its device.
pub fn keep(conn: &Connection, n: i64, header: &Header, proof: &Proof) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO signer (device, key, since) VALUES (?1, ?2, ?3) ON CONFLICT (device) DO UPDATE SET since = min(since, ?3)",
    )
    .and_then(|mut s| s.execute(params![header.device, proof.key, header.number]))?;
    conn.prepare_cached("INSERT INTO signature (batch, bytes) VALUES (?, ?)")
        .and_then(|mut s| s.execute(params![n, proof.bytes]))?;
    Ok(())
}

/// In a book that was put together from what was left of it, devices sign behind what they have not signed, as far as is known.
pub fn begin_behind_the_unsigned(conn: &Connection) -> Result<()> {
    let query = "UPDATE signer SET since = max(since, ifnull(1 + (SELECT max(b.number) FROM batch b LEFT JOIN signature s ON s.batch = b.n
                 WHERE b.device = signer.device AND b.finished = 1 AND s.batch IS NULL), 0))";
    conn.execute(query, [])?;
    Ok(())
}

/// Why a batch that comes from elsewhere is not believed to be its device's.
pub fn doubt(
    conn: &Connection,
    header: &Header,
    hash: &[u8],
    proof: Option<&Proof>,
) -> Result<Option<String>> {
    let known = known(conn, header.device)?;
    Ok(match (proof, known) {
        (Some(proof), _) if !holds(schema::book(conn)?, header.id, hash, proof) => {
            Some(BROKEN.to_owned())
        }
        (Some(proof), Some((key, _))) if key != proof.key => Some(other_key(header.device)),
        (None, Some((_, since))) if header.number >= since => Some(UNSIGNED.to_owned()),
        _ => None,
    })
}

/// Somebody signs what they write in this book.
pub fn anybody(conn: &Connection) -> Result<bool> {
    conn.query_row("SELECT EXISTS (SELECT 1 FROM signature)", [], |r| r.get(0))
        .map_err(Into::into)
}

/// How little is known of who wrote a batch: what is known better is taken first, so that nobody comes before it under its ids.
pub fn rank(conn: &Connection, header: &Header, proof: Option<&Proof>) -> Result<u8> {
    let Some(proof) = proof else { return Ok(2) };
    let is_known = known(conn, header.device)?.is_some_and(|(key, _)| key == proof.key);
    Ok(if is_known { 0 } else { 1 })
}

/// The signature fits neither the batch nor its key.
pub const BROKEN: &str = "its signature does not fit";

/// The device is known by another key.
pub fn other_key(device: Id) -> String {
    say!("sign.signed_with_another_key", device = device).to_string()
}

/// The device signs, and this is not signed.
pub const UNSIGNED: &str = "it is not signed, though its device signs what it writes";

impl Store {
    /// Finds the key of this machine before its first write, inside the lock. A device that is known by another key gets a new name, because nobody would
    /// take what it writes.
    pub(super) fn find_signer(&mut self) -> Result<()> {
        let (Keep::In(folder) | Keep::Numbers(folder)) = &self.options.keep else {
            return Ok(());
        };
        if self.signer.is_some() || self.mode == Mode::Memory || self.rehearsing {
            return Ok(());
        }
        let own = match Signer::of(folder) {
            Ok(signer) => Some(signer),
            Err(error) => {
                self.unsigned = Some((self.last_batch()?, error.to_string()));
                None
            }
        };
        let known = known(&self.conn, self.who.device)?;
        if known.is_some_and(|(key, _)| own.as_ref().is_none_or(|own| own.public() != key)) {
            self.name_anew(self.now)?;
        }
        self.signer = own.map(std::sync::Arc::new);
        Ok(())
    }

    /// Tells of changes that are in the book without a signature; of what could not be saved anyway there is nothing to tell.
    pub(super) fn tell_unsigned(&mut self) {
        let Some((behind, why)) = &self.unsigned else {
            return;
        };
        let query =
            "SELECT EXISTS (SELECT 1 FROM batch WHERE device = ? AND n > ? AND finished = 1)";
        if self
            .conn
            .query_row(query, rusqlite::params![self.who.device, behind], |r| {
                r.get(0)
            })
            == Ok(true)
        {
            let words = say!("sign.your_changes_not_signed", why = why);
            self.unsigned = None;
            self.tell_once(words.to_string());
        }
    }

    /// Each signature against its batch and the key of its device.
    pub(super) fn signature_check(&self) -> Result<Check> {
        let query = "SELECT b.id, b.hash, k.key, s.bytes, b.device, b.number, k.since FROM batch b LEFT JOIN signature s ON s.batch = b.n
                     LEFT JOIN signer k ON k.device = b.device WHERE b.finished = 1";
        let mut statement = self.conn.prepare(query)?;
        let mut rows = statement.query([])?;
        let (mut signed, mut unsigned, mut wrong, mut missing) =
            (0_usize, 0_usize, Vec::new(), 0_usize);
        let book = schema::book(&self.conn)?;
        while let Some(r) = rows.next()? {
            let id = Id(r.get(0)?);
            let hash = r
                .get_ref(1)?
                .as_bytes_or_null()
                .ok()
                .flatten()
                .unwrap_or_default();
            match (r.get(2)?, r.get(3)?) {
                (Some(key), Some(bytes)) if holds(book, id, hash, &Proof { key, bytes }) => {
                    signed += 1
                }
                (_, Some::<[u8; 64]>(_)) => wrong.push(id.to_string()),
                (None, None) => unsigned += 1,
                (Some::<[u8; 32]>(_), None) => {
                    let (number, since): (i64, i64) = (r.get(5)?, r.get(6)?);
                    if number >= since {
                        missing += 1
                    } else {
                        unsigned += 1
                    }
                }
            }
        }
        let (count, named) = (
            wrong.len(),
            wrong.iter().take(3).cloned().collect::<Vec<_>>().join(", "),
        );
        let mut words = Vec::new();
        if count > 0 {
            words.push(
                say!(
                    "sign.signatures_batches_do_not",
                    count = count,
                    named = named
                )
                .to_string(),
            );
        }
        if missing > 0 {
            words.push(say!("sign.batches_not_signed_though", missing = missing).to_string());
        }
        // It is the first that it signed, or in a salvaged book the first behind what it did not.
        let since = "SELECT k.device FROM signer k WHERE k.since NOT IN
             (ifnull((SELECT min(b.number) FROM batch b JOIN signature s ON s.batch = b.n WHERE b.device = k.device), 0),
              1 + ifnull((SELECT max(b.number) FROM batch b LEFT JOIN signature s ON s.batch = b.n
                          WHERE b.device = k.device AND b.finished = 1 AND s.batch IS NULL), 0))";
        let mut statement = self.conn.prepare(since)?;
        for device in statement.query_map([], |r| r.get(0).map(Id))? {
            words.push(say!("sign.since_when_device_signs", device = device?).to_string());
        }
        let well = say!(
            "sign.batches_signed_by_key",
            signed = signed,
            unsigned = unsigned
        );
        Ok(super::doctor::check("signatures", words, well.to_string()))
    }

    /// Forgets by which key a device is known: what comes next under its name is believed.
    ///
    /// # Errors
    /// No key of this device is known.
    pub fn forget_key(&mut self, device: Id) -> Result<()> {
        self.writable()?;
        self.begin()?;
        let work = self.inside().and_then(|()| {
            // What it signed before stays, as not signed any more: its key is not known.
            let of = "DELETE FROM signature WHERE batch IN (SELECT n FROM batch WHERE device = ?)";
            self.conn
                .prepare_cached(of)
                .and_then(|mut s| s.execute([device]))?;
            self.conn
                .prepare_cached("DELETE FROM signer WHERE device = ?")
                .and_then(|mut s| s.execute([device]))
                .map_err(Into::into)
        });
        if super::end(&self.conn, work)? == 0 {
            return Err(
                Error::not_found(say!("sign.no_key_device_known", device = device))
                    .hint(say!("any.sentence_about_what_left")),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
