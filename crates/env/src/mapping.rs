//! A whole file in memory, read-only.
//!
//! Invariant: only files that are never written or cut again are mapped. The engine writes such a
//! file, syncs it and gives it its name in the manifest; from then on it is read, and in the end
//! its name is removed, which leaves the mapped bytes in place. A foreign process that truncates
//! the file ends this process with SIGBUS when a byte that is gone is read; there is no way to be
//! told of that by an error, and keeping others out of the folder is what the lock file is for.

#![expect(unsafe_code, reason = "nobody but the operating system can promise that a file stays")]

use std::fs::File;
use std::io;

use memmap2::Mmap;

/// The bytes of a file for as long as this lives, whatever becomes of its name.
pub trait Mapping: Send + Sync {
    /// All of the file; starts at a multiple of at least 8 bytes.
    fn bytes(&self) -> &[u8];
}

/// A file of this machine in the address space of this process.
pub(crate) struct FileMapping(Mmap);

impl FileMapping {
    /// Maps an open file, which may be closed afterwards.
    pub(crate) fn of(file: &File) -> io::Result<Self> {
        // SAFETY: the slice must not change while it is borrowed. `Disk::map` is for files that
        // nobody writes or cuts any more: this process has none of them open for writing once
        // the manifest names them, and another process is kept out by the lock of the folder.
        // One that ignores the lock and truncates the file ends this process by SIGBUS.
        let map = unsafe { Mmap::map(file) }?;
        Ok(Self(map))
    }
}

impl Mapping for FileMapping {
    fn bytes(&self) -> &[u8] {
        &self.0
    }
}
