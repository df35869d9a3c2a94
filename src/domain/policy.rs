//! The limits that the queue and the health score measure against.

use serde::{Deserialize, Serialize};

use super::stage::Stages;

/// What the queue and the health score measure against.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Days without a touch after which the cadence is broken, where the stage's class is `customer` and no cadence of the
    /// book fits.
    pub cadence_days: u16,
    /// Days before a renewal within which a plan (a task of kind `renewal`) is expected.
    pub renewal_days: u16,
    /// Highest severity number that counts as severe.
    pub severe: u8,
    /// Days within which a detractor's answer waits for a touch.
    pub detractor_days: u16,
    /// Points by which health has to fall within 28 days to be a reason.
    pub fell_points: u8,
    /// Days after which a pulse says nothing any more.
    pub pulse_days: u16,
    /// Days in which a risk of severity 1 to 4 is looked at again, each time from the last look.
    pub escalation_days: [u16; 4],
    /// Days for which an alert stays in the queue, unless somebody is done with it before.
    pub alert_days: u16,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            cadence_days: 30,
            renewal_days: 90,
            severe: 2,
            detractor_days: 90,
            fell_points: 10,
            pulse_days: 90,
            escalation_days: [1, 2, 7, 14],
            alert_days: 14,
        }
    }
}

/// What health is measured against, of a config.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'c> {
    /// The stages and how long a stay in each is expected to be.
    pub stages: &'c Stages,
    /// The limits.
    pub policy: &'c Policy,
    /// Counts up with every change of the scorecards.
    pub version: u32,
}
