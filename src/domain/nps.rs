//! NPS: the score, its interval, what may be said with few answers, and whether two scores differ.

use serde::Serialize;

use super::proportion::Z;

#[cfg(test)]
mod tests;

/// With fewer answers than this they are listed and no score is said.
pub const FEW: usize = 10;

/// In which of the three groups an answer is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// 0 to 6.
    Detractor,
    /// 7 and 8.
    Passive,
    /// 9 and 10.
    Promoter,
}

impl Group {
    /// All three, the worst first.
    pub const ALL: [Group; 3] = [Group::Detractor, Group::Passive, Group::Promoter];

    /// The group of an answer; `None` for a number that is none.
    pub fn of(answer: i64) -> Option<Group> {
        match answer {
            0..=6 => Some(Group::Detractor),
            7..=8 => Some(Group::Passive),
            9..=10 => Some(Group::Promoter),
            _ => None,
        }
    }
}

/// An interval of a score with its standard error, in points of the score (-100 to 100, not held there).
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Interval {
    /// What it is around.
    pub center: f64,
    /// Standard error.
    pub se: f64,
    /// Lower end, 95 %.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
}

impl Interval {
    fn around(promoters: f64, detractors: f64, n: f64) -> Interval {
        let (p, d) = (promoters / n, detractors / n);
        let (center, se) = (
            100.0 * (p - d),
            100.0 * ((p + d - (p - d).powi(2)).max(0.0) / n).sqrt(),
        );
        Interval {
            center,
            se,
            lo: center - Z * se,
            hi: center + Z * se,
        }
    }
}

/// A net promoter score with its interval.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Nps {
    /// Answers from 0 to 10.
    pub n: usize,
    /// Answers 9 and 10.
    pub promoters: usize,
    /// Answers 7 and 8.
    pub passives: usize,
    /// Answers 0 to 6.
    pub detractors: usize,
    /// Per cent of promoters less per cent of detractors, -100 to 100; shown as an integer without a per cent sign.
    pub score: f64,
    /// Lower end of the 95 % interval (adjusted Wald), not below -100.
    pub low: f64,
    /// Upper end, not above 100.
    pub high: f64,
}

/// What may be said about a set of answers.
#[derive(Clone, PartialEq, Debug, Serialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// There are no answers.
    #[default]
    None,
    /// Too few for a score: the answers themselves, ascending.
    Answers(Vec<u8>),
    /// Enough for a score.
    Score(Nps),
}

impl Nps {
    /// The adjusted interval: 3 answers more, three quarters of one to either side, before the variance is taken (Rocks 2016).
    pub fn adjusted(self) -> Interval {
        Interval::around(
            self.promoters as f64 + 0.75,
            self.detractors as f64 + 0.75,
            self.n as f64 + 3.0,
        )
    }

    /// The plain interval, which is too narrow for few answers: to compare with other programs.
    pub fn wald(self) -> Interval {
        Interval::around(self.promoters as f64, self.detractors as f64, self.n as f64)
    }
}

/// The score of a set of answers, one a contact; `None` without any. Numbers above 10 are no answers and are not counted.
pub fn nps(answers: &[u8]) -> Option<Nps> {
    let of = |group| {
        answers
            .iter()
            .filter(|a| Group::of(i64::from(**a)) == Some(group))
            .count()
    };
    of_counts(
        of(Group::Promoter),
        of(Group::Passive),
        of(Group::Detractor),
    )
}

/// The score of answers that were counted already; `None` without any. The score itself stays that of the answers.
pub fn of_counts(promoters: usize, passives: usize, detractors: usize) -> Option<Nps> {
    let n = promoters + passives + detractors;
    if n == 0 {
        return None;
    }
    let score = 100.0 * (promoters as f64 - detractors as f64) / n as f64;
    let nps = Nps {
        n,
        promoters,
        passives,
        detractors,
        score,
        low: 0.0,
        high: 0.0,
    };
    let interval = nps.adjusted();
    Some(Nps {
        low: interval.lo.max(-100.0),
        high: interval.hi.min(100.0),
        ..nps
    })
}

/// What may be said: nothing without answers, only the answers when they are few, otherwise the score.
pub fn verdict(answers: &[u8]) -> Verdict {
    match nps(answers) {
        None => Verdict::None,
        Some(nps) if nps.n >= FEW => Verdict::Score(nps),
        Some(_) => {
            let mut few: Vec<u8> = answers.iter().copied().filter(|a| *a <= 10).collect();
            few.sort_unstable();
            Verdict::Answers(few)
        }
    }
}

/// The mean over accounts of each account's own score, so that one with many seats does not outvote many with one, and
/// how many accounts have answers; `None` without any.
pub fn account_mean<'a>(accounts: impl IntoIterator<Item = &'a [u8]>) -> Option<(f64, usize)> {
    let scores = accounts.into_iter().filter_map(nps).map(|nps| nps.score);
    let (sum, count) = scores.fold((0.0, 0_usize), |(sum, count), score| {
        (sum + score, count + 1)
    });
    (count > 0).then(|| (sum / count as f64, count))
}

/// The change from one score to a later one.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Change {
    /// The later score less the earlier one.
    pub difference: f64,
    /// The difference in standard errors.
    pub z: f64,
    /// Lower end of the 95 % interval of the difference.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// The interval does not hold 0.
    pub visible: bool,
}

/// The change between two scores: z = difference / sqrt(v1/n1 + v2/n2) with the adjusted variances, so that it is finite also where
/// all say the same. The interval is around the raw difference.
pub fn change(from: Nps, to: Nps) -> Change {
    let difference = to.score - from.score;
    let se = from.adjusted().se.hypot(to.adjusted().se);
    let (low, high) = (difference - Z * se, difference + Z * se);
    Change {
        difference,
        z: difference / se,
        low,
        high,
        visible: low > 0.0 || high < 0.0,
    }
}
