//! How figures are kept: each type says how many bytes it takes, and the rows of a figure table are packed in their order.
//!
//! Numbers are little-endian. A packed row begins with a hash of the names and types of the figures, so that a row that
//! another version of Retain has kept is folded again and never read by the wrong places.

use crate::domain::stage::{StageNo, Stages};
use crate::domain::time::Day;

/// A figure that can be kept.
pub(super) trait Packed: Sized {
    /// Adds its bytes.
    fn pack(&self, marks: &StageMarks, out: &mut Vec<u8>);

    /// Takes its bytes from the front; `None` where they are missing.
    fn unpack(bytes: &mut &[u8], marks: &StageMarks) -> Option<Self>;
}

/// Declares figures once: the struct, how it is packed and read, and the hash of its layout.
macro_rules! figures {
    (
        $(#[$about:meta])*
        pub struct $name:ident { $($(#[$doc:meta])* $field:ident: $kind:ty,)* }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub struct $name { $($(#[$doc])* pub $field: $kind,)* }

        impl $name {
            const LAYOUT: u32 = packed::layout(concat!($(stringify!($field), ":", stringify!($kind), ";"),*));

            /// The bytes in which it is kept.
            pub fn pack(&self, marks: &StageMarks) -> Vec<u8> {
                let mut out = Vec::with_capacity(128);
                out.extend(Self::LAYOUT.to_le_bytes());
                $(packed::Packed::pack(&self.$field, marks, &mut out);)*
                out
            }

            /// Reads kept bytes; `None` where they have another layout or are damaged.
            pub fn unpack(mut bytes: &[u8], marks: &StageMarks) -> Option<$name> {
                let (layout, rest) = bytes.split_first_chunk()?;
                bytes = rest;
                let read = (u32::from_le_bytes(*layout) == Self::LAYOUT).then_some(())
                    .and_then(|()| Some($name { $($field: packed::Packed::unpack(&mut bytes, marks)?,)* }));
                read.filter(|_| bytes.is_empty())
            }
        }
    };
}
pub(super) use figures;

/// FNV-1a of the names and types.
pub(super) const fn layout(figures: &str) -> u32 {
    let (bytes, mut hash, mut at) = (figures.as_bytes(), 0x811c_9dc5_u32, 0);
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    hash
}

/// The marks of a config's stages. A stage is kept as the hash of its code, so that another order of the config's stages
/// leaves what is kept true.
pub struct StageMarks(Vec<u32>);

impl StageMarks {
    /// The marks of these stages.
    pub fn new(stages: &Stages) -> StageMarks {
        StageMarks(stages.all().map(|no| mark(stages.code(no))).collect())
    }
}

fn mark(code: &str) -> u32 {
    let hash = blake3::hash(code.as_bytes());
    u32::from_le_bytes(hash.as_bytes()[..4].try_into().unwrap_or_default())
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}

macro_rules! numbers {
    ($($kind:ty),*) => {$(
        impl Packed for $kind {
            fn pack(&self, _: &StageMarks, out: &mut Vec<u8>) {
                out.extend(self.to_le_bytes());
            }

            fn unpack(bytes: &mut &[u8], _: &StageMarks) -> Option<Self> {
                take(bytes).map(Self::from_le_bytes)
            }
        }
    )*};
}
numbers!(i64, u8, u16, i16);

/// Declares a figure that is kept as another one.
macro_rules! kept_as {
    ($($kind:ty as $other:ty: $there:expr, $back:expr;)*) => {$(
        impl Packed for $kind {
            fn pack(&self, marks: &StageMarks, out: &mut Vec<u8>) {
                let there: fn(&$kind) -> $other = $there;
                there(self).pack(marks, out);
            }

            fn unpack(bytes: &mut &[u8], marks: &StageMarks) -> Option<Self> {
                let back: fn($other) -> $kind = $back;
                <$other>::unpack(bytes, marks).map(back)
            }
        }
    )*};
}
kept_as! {
    bool as u8: |on| u8::from(*on), |n| n != 0;
    // What no figure reaches stands for "no data": a score, a share or a count up to 254, a change of more than -32,768.
    Option<u8> as u8: |n| n.unwrap_or(u8::MAX), |n| (n != u8::MAX).then_some(n);
    Option<i16> as i16: |n| n.unwrap_or(i16::MIN), |n| (n != i16::MIN).then_some(n);
    // A day as its number plus one.
    Option<Day> as u16: |day| day.map_or(0, |d| (d.number() + 1) as u16), |n| Day::from_number(i64::from(n) - 1);
}

impl Packed for StageNo {
    fn pack(&self, marks: &StageMarks, out: &mut Vec<u8>) {
        let known = marks.0.get(usize::from(self.0)).copied();
        out.extend(known.unwrap_or_else(|| mark("")).to_le_bytes());
    }

    fn unpack(bytes: &mut &[u8], marks: &StageMarks) -> Option<Self> {
        let mark = take(bytes).map(u32::from_le_bytes)?;
        let place = marks.0.iter().position(|m| *m == mark);
        Some(
            place
                .and_then(|at| u8::try_from(at).ok())
                .map_or(StageNo::UNKNOWN, StageNo),
        )
    }
}

impl<T: Packed + Copy + Default, const N: usize> Packed for [T; N] {
    fn pack(&self, marks: &StageMarks, out: &mut Vec<u8>) {
        self.iter().for_each(|one| one.pack(marks, out));
    }

    fn unpack(bytes: &mut &[u8], marks: &StageMarks) -> Option<Self> {
        let mut all = [T::default(); N];
        for one in &mut all {
            *one = T::unpack(bytes, marks)?;
        }
        Some(all)
    }
}
