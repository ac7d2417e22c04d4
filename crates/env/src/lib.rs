//! Everything the engine asks of the machine: disk, clock, random numbers and background work.
//!
//! The engine never calls the operating system directly. It gets an [`Env`], so that
//! `crates/sim` can put a simulated machine under it and repeat any run from one seed.
//!
//! ```
//! use sutra_env::{Env, OpenMode, read_to_end, replace_file};
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("settings");
//! let env = Env::real();
//! replace_file(env.disk.as_ref(), &path, b"kept whole or not at all")?;
//! let file = env.disk.open(&path, OpenMode::Read)?;
//! assert_eq!(read_to_end(file.as_ref())?, b"kept whole or not at all");
//! # Ok::<(), std::io::Error>(())
//! ```

#![deny(unsafe_code)]

mod atomic_file;
mod clock;
mod disk;
mod environment;
mod file;
mod layer;
mod lock_file;
mod mapping;
mod os;
mod random;
mod work;

pub use atomic_file::replace_file;
pub use clock::Clock;
pub use disk::{DirEntry, Disk, EntryKind, OpenMode};
pub use environment::Env;
pub use file::{File, read_exact_at, read_to_end, write_all_at};
pub use layer::{DiskLayer, FileLayer};
pub use lock_file::{LockError, LockGuard, LockMode};
pub use mapping::Mapping;
pub use os::{OsClock, OsDisk, OsRandom, OsWork};
pub use random::Random;
pub use work::{Next, Steps, Work, WorkControl, WorkHandle};
