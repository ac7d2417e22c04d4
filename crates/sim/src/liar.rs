//! A disk that breaks a promise, to prove that the checks see what follows from it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use sutra_env::{DirEntry, Disk, File, LockError, LockGuard, LockMode, Mapping, OpenMode};

use crate::disk::SimDisk;

/// The promise that is broken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lie {
    /// File syncs say yes and do nothing, as if writes were acknowledged before their sync.
    NoSync,
    /// Folder syncs say yes and do nothing, as if they had been forgotten.
    NoFolderSync,
}

/// A simulated disk that tells one lie.
pub struct LyingDisk {
    /// The disk.
    pub disk: SimDisk,
    /// The lie.
    pub lie: Lie,
}

impl Disk for LyingDisk {
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir_all(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        self.disk.list(dir)
    }

    fn entry(&self, path: &Path) -> io::Result<Option<DirEntry>> {
        self.disk.entry(path)
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let file = self.disk.open(path, mode)?;
        Ok(if self.lie == Lie::NoSync { Arc::new(LyingFile(file)) } else { file })
    }

    fn map(&self, path: &Path) -> io::Result<Arc<dyn Mapping>> {
        self.disk.map(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        if self.lie == Lie::NoFolderSync { Ok(()) } else { self.disk.sync_dir(dir) }
    }

    fn lock(&self, path: &Path, mode: LockMode) -> Result<Box<dyn LockGuard>, LockError> {
        self.disk.lock(path, mode)
    }
}

struct LyingFile(Arc<dyn File>);

impl File for LyingFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_at(offset, bytes)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        Ok(())
    }

    fn bytes(&self) -> io::Result<u64> {
        self.0.bytes()
    }

    fn set_bytes(&self, bytes: u64) -> io::Result<()> {
        self.0.set_bytes(bytes)
    }
}
