//! The real machine: Unix files and locks, the system clocks, threads.

#![expect(
    clippy::disallowed_methods,
    reason = "the one place where the operating system is called directly"
)]

mod clock;
mod disk;
mod lock;
mod random;
mod work;

pub use clock::OsClock;
pub use disk::OsDisk;
pub use random::OsRandom;
pub use work::OsWork;
