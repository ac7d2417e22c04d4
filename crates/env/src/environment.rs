//! The four parts of a machine, handed to a store when it is opened.

use std::sync::Arc;

use crate::{Clock, Disk, OsClock, OsDisk, OsRandom, OsWork, Random, Work};

/// One machine as the engine sees it. Cloning shares the parts.
#[derive(Clone)]
pub struct Env {
    /// Files and folders.
    pub disk: Arc<dyn Disk>,
    /// Wall and monotonic time.
    pub clock: Arc<dyn Clock>,
    /// Random numbers, not for secrets.
    pub random: Arc<dyn Random>,
    /// Background tasks.
    pub work: Arc<dyn Work>,
}

impl Env {
    /// The machine this process runs on.
    #[must_use]
    pub fn real() -> Self {
        Self {
            disk: Arc::new(OsDisk),
            clock: Arc::new(OsClock::new()),
            random: Arc::new(OsRandom::new()),
            work: Arc::new(OsWork),
        }
    }
}
