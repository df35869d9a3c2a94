//! What becomes of a customer: the kinds of story and the troubles of today, in a fixed proportion.

/// The kind of a customer's story.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Bought, stayed, is content.
    Steady,
    /// Buys more seats every few months.
    Growing,
    /// Recommends us.
    Advocate,
    /// Has not bought yet.
    Prospect,
    /// Has bought and learns to use it.
    Onboarding,
    /// Was moved back to an earlier stage.
    Backslid,
    /// Was unhappy, was looked after, is content again.
    Recovering,
    /// Is unhappy and says so.
    Detractor,
    /// Nobody has spoken with them for long.
    Quiet,
    /// Uses it less and less before a renewal.
    AtRisk,
    /// Has left.
    Churned,
    /// Had left and came back.
    WonBack,
}

/// What is wrong today, as bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Trouble(u8);

impl Trouble {
    /// Nothing.
    pub const NONE: Trouble = Trouble(0);
    /// A low NPS answer without an answer of ours.
    pub const NPS: Trouble = Trouble(1);
    /// A severe ticket is open.
    pub const TICKET: Trouble = Trouble(2);
    /// No touch within the cadence.
    pub const SILENT: Trouble = Trouble(4);
    /// Usage fell.
    pub const USAGE: Trouble = Trouble(8);
    /// The renewal is near and nothing is planned.
    pub const RENEWAL: Trouble = Trouble(16);
    /// A task is due or overdue.
    pub const DUE: Trouble = Trouble(32);
    /// The stage takes far too long.
    pub const STUCK: Trouble = Trouble(64);
    /// An invoice is past due.
    pub const PAST_DUE: Trouble = Trouble(128);

    const fn and(self, other: Trouble) -> Trouble {
        Trouble(self.0 | other.0)
    }

    /// True when it is among them.
    pub fn has(self, other: Trouble) -> bool {
        self.0 & other.0 != 0
    }

    /// True when there is any.
    pub fn any(self) -> bool {
        self.0 != 0
    }
}

/// Customers of a thousand with a story and its troubles. What is missing to a thousand is steady and without trouble.
const CAST: &[(u16, Kind, Trouble)] = &[
    (14, Kind::Steady, Trouble::DUE),
    (6, Kind::Steady, Trouble::PAST_DUE),
    (140, Kind::Growing, Trouble::NONE),
    (6, Kind::Growing, Trouble::RENEWAL),
    (60, Kind::Advocate, Trouble::NONE),
    (128, Kind::Prospect, Trouble::NONE),
    (6, Kind::Prospect, Trouble::STUCK),
    (56, Kind::Onboarding, Trouble::NONE),
    (6, Kind::Onboarding, Trouble::STUCK),
    (4, Kind::Onboarding, Trouble::STUCK.and(Trouble::SILENT)),
    (14, Kind::Backslid, Trouble::NONE),
    (40, Kind::Recovering, Trouble::NONE),
    (6, Kind::Detractor, Trouble::NPS),
    (6, Kind::Detractor, Trouble::NPS.and(Trouble::TICKET)),
    (
        4,
        Kind::Detractor,
        Trouble::NPS.and(Trouble::TICKET).and(Trouble::DUE),
    ),
    (7, Kind::Quiet, Trouble::SILENT),
    (4, Kind::Quiet, Trouble::SILENT.and(Trouble::USAGE)),
    (6, Kind::AtRisk, Trouble::USAGE.and(Trouble::RENEWAL)),
    (5, Kind::AtRisk, Trouble::USAGE.and(Trouble::TICKET)),
    (
        4,
        Kind::AtRisk,
        Trouble::RENEWAL.and(Trouble::PAST_DUE).and(Trouble::NPS),
    ),
    (
        4,
        Kind::AtRisk,
        Trouble::USAGE
            .and(Trouble::SILENT)
            .and(Trouble::RENEWAL)
            .and(Trouble::DUE),
    ),
    (72, Kind::Churned, Trouble::NONE),
    (20, Kind::WonBack, Trouble::NONE),
];

/// The story of the customer at `index`. The step spreads the kinds evenly, so that a small book has all of them too.
pub fn cast(seed: u64, index: usize) -> (Kind, Trouble) {
    let mut slot = ((index as u64 % 1000 * 53 + seed % 1000) % 1000) as u16;
    for (share, kind, trouble) in CAST {
        if slot < *share {
            return (*kind, *trouble);
        }
        slot -= share;
    }
    (Kind::Steady, Trouble::NONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_hundred_customers_have_every_story_whatever_the_seed() {
        for seed in 0..1000 {
            for row in CAST {
                assert!(
                    (0..300).any(|i| cast(seed, i).0 == row.1),
                    "{:?} is missing under seed {seed}",
                    row.1
                );
            }
            for trouble in [1, 2, 4, 8, 16, 32, 64, 128].map(Trouble) {
                assert!(
                    (0..300).any(|i| cast(seed, i).1.has(trouble)),
                    "{trouble:?} is missing under seed {seed}"
                );
            }
        }
    }
}
