//! NPS: the score, its interval, and what may be said with few answers.

use serde::Serialize;

/// With fewer answers than this they are listed and no score is said.
pub const FEW: usize = 10;

/// The 97.5 % point of the standard normal distribution, for 95 % intervals.
const Z: f64 = 1.959_963_984_540_054;

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
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// There are no answers.
    None,
    /// Too few for a score: the answers themselves, ascending.
    Answers(Vec<u8>),
    /// Enough for a score.
    Score(Nps),
}

/// The score of a set of answers, one a contact; `None` without any. Numbers above 10 are no answers and are not counted.
pub fn nps(answers: &[u8]) -> Option<Nps> {
    let (mut promoters, mut passives, mut detractors) = (0_usize, 0_usize, 0_usize);
    for answer in answers {
        match answer {
            0..=6 => detractors += 1,
            7..=8 => passives += 1,
            9..=10 => promoters += 1,
            _ => {}
        }
    }
    of_counts(promoters, passives, detractors)
}

/// The score of answers that were counted already; `None` without any.
/// The interval adds 3 answers, three quarters of one to either side, before the variance is taken; the score itself
/// stays that of the answers.
pub fn of_counts(promoters: usize, passives: usize, detractors: usize) -> Option<Nps> {
    let n = promoters + passives + detractors;
    if n == 0 {
        return None;
    }
    let score = 100.0 * (promoters as f64 - detractors as f64) / n as f64;
    let adjusted = n as f64 + 3.0;
    let (p, d) = ((promoters as f64 + 0.75) / adjusted, (detractors as f64 + 0.75) / adjusted);
    let (middle, half) = (p - d, Z * ((p + d - (p - d).powi(2)) / adjusted).sqrt());
    let held = |x: f64| (100.0 * x).clamp(-100.0, 100.0);
    Some(Nps { n, promoters, passives, detractors, score, low: held(middle - half), high: held(middle + half) })
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
    let (sum, count) = scores.fold((0.0, 0_usize), |(sum, count), score| (sum + score, count + 1));
    (count > 0).then(|| (sum / count as f64, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-9, "{a} is not {b}");
    }

    #[test]
    fn the_interval_is_adjusted_and_the_score_is_not() {
        let nps = of_counts(87, 57, 33).expect("there are answers");
        assert_eq!(nps.n, 177);
        close(nps.score, 30.508_474_576_271_187);
        close(nps.low, 18.826_486_153_740_216);
        close(nps.high, 41.173_513_846_259_78);
    }

    #[test]
    fn the_ends_stay_within_the_scale() {
        let all = nps(&[10; 12]).expect("there are answers");
        assert!(all.score == 100.0 && all.high == 100.0 && all.low < 100.0);
        let none = nps(&[0; 12]).expect("there are answers");
        assert!(none.score == -100.0 && none.low == -100.0 && none.high > -100.0);
    }

    #[test]
    fn few_answers_are_listed() {
        assert_eq!(verdict(&[]), Verdict::None);
        assert_eq!(verdict(&[11, 200]), Verdict::None);
        assert_eq!(verdict(&[9, 3, 77, 10]), Verdict::Answers(vec![3, 9, 10]));
        assert!(matches!(verdict(&[9; 9]), Verdict::Answers(_)));
        assert!(matches!(verdict(&[9; 10]), Verdict::Score(nps) if nps.n == 10 && nps.promoters == 10));
    }

    #[test]
    fn borders_are_where_the_convention_has_them() {
        let nps = nps(&[0, 6, 7, 8, 9, 10]).expect("there are answers");
        assert_eq!((nps.detractors, nps.passives, nps.promoters, nps.score), (2, 2, 2, 0.0));
    }

    #[test]
    fn an_account_counts_once() {
        let (many, one): ([u8; 40], [u8; 1]) = ([10; 40], [0]);
        assert_eq!(account_mean([&many[..], &one[..], &[]]), Some((0.0, 2)));
        assert_eq!(account_mean([&[][..]]), None);
    }
}
