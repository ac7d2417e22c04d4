//! Files and folders as the engine sees them.
//!
//! What an implementation promises, and no more:
//! - Bytes written are durable after `sync_data` or `sync_all` of the file returned `Ok`.
//! - A new, renamed or removed name is durable after `sync_dir` of its folder returned `Ok`.
//! - Until then a crash may keep any part of it, in any order.
//! - After a sync failed, what was written since the last good one may be gone for ever, even if
//!   a later sync succeeds.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::{File, LockError, LockGuard, LockMode, Mapping};

/// How to open a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OpenMode {
    /// For reading. The file must exist.
    Read,
    /// For reading and writing. The file must exist.
    ReadWrite,
    /// For reading and writing. The file must not exist and is made.
    CreateNew,
}

/// What a name in a folder stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EntryKind {
    /// An ordinary file.
    File,
    /// A folder.
    Dir,
    /// A device, a socket, a broken link.
    Other,
}

/// A name in a folder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DirEntry {
    /// The last part of the path. Bytes that are not UTF-8 are replaced.
    pub name: String,
    /// What it is. Symbolic links are followed.
    pub kind: EntryKind,
    /// Length of a file, 0 for anything else.
    pub bytes: u64,
}

/// Files and folders of one machine.
pub trait Disk: Send + Sync {
    /// Makes a folder and those above it, as far as they are missing. A new folder is durable
    /// only after [`Disk::sync_dir`] of the folder above it.
    ///
    /// # Errors
    /// As the operating system reports, for example a file of that name.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;

    /// The names in a folder, sorted.
    ///
    /// # Errors
    /// `NotFound`, `NotADirectory`, or as the operating system reports.
    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>>;

    /// What a path stands for, `None` if nothing is there.
    ///
    /// # Errors
    /// As the operating system reports, except `NotFound`.
    fn entry(&self, path: &Path) -> io::Result<Option<DirEntry>>;

    /// Opens a file.
    ///
    /// # Errors
    /// `NotFound`, `AlreadyExists` (with [`OpenMode::CreateNew`]), or as the operating system
    /// reports.
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>>;

    /// Shows the whole of a file that is synced and that nobody writes or cuts any more. The
    /// mapping stays with the file when its name changes.
    ///
    /// # Errors
    /// `NotFound`, or as the operating system reports.
    fn map(&self, path: &Path) -> io::Result<Arc<dyn Mapping>>;

    /// Gives a file another name in one instant, replacing what had that name. Open handles stay
    /// with the file. Durable only after [`Disk::sync_dir`] of the folder, or of both if they
    /// differ: until then a crash may leave either name, or both, never none.
    ///
    /// # Errors
    /// As the operating system reports; both names are then unchanged.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a name. Durable only after [`Disk::sync_dir`] of the folder.
    ///
    /// # Errors
    /// `NotFound`, or as the operating system reports.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// As the operating system reports; which names are durable is then unknown.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Takes a lock that ends with the guard, or with the process however it dies. Never waits.
    /// The file is made if missing and stays behind. A shared lock is also given where nothing can
    /// be written: on the file as it is, or on nothing if there is none.
    ///
    /// # Errors
    /// [`LockError::Held`] if another process, or another part of this one, holds it.
    fn lock(&self, path: &Path, mode: LockMode) -> Result<Box<dyn LockGuard>, LockError>;
}
