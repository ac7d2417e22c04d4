//! A disk on top of another one: it does one thing otherwise, and leaves the rest as it is. For
//! disks that fail, lie or take notes under test.

use crate::{DirEntry, Disk, File, LockError, LockGuard, LockMode, Mapping, OpenMode};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// A [`Disk`] that hands over to the one below what it does not do itself. Each call is that of
/// [`Disk`], with its errors.
#[expect(clippy::missing_errors_doc, reason = "they are those of Disk")]
pub trait DiskLayer: Send + Sync {
    /// The disk below.
    fn below(&self) -> &dyn Disk;

    /// [`Disk::open`].
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        self.below().open(path, mode)
    }

    /// [`Disk::rename`].
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.below().rename(from, to)
    }

    /// [`Disk::sync_dir`].
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.below().sync_dir(dir)
    }
}

impl<T: DiskLayer> Disk for T {
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.below().create_dir_all(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        self.below().list(dir)
    }

    fn entry(&self, path: &Path) -> io::Result<Option<DirEntry>> {
        self.below().entry(path)
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        DiskLayer::open(self, path, mode)
    }

    fn map(&self, path: &Path) -> io::Result<Arc<dyn Mapping>> {
        self.below().map(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        DiskLayer::rename(self, from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.below().remove_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        DiskLayer::sync_dir(self, dir)
    }

    fn lock(&self, path: &Path, mode: LockMode) -> Result<Box<dyn LockGuard>, LockError> {
        self.below().lock(path, mode)
    }
}

/// A [`File`] on top of another one, as [`DiskLayer`] is a disk.
#[expect(clippy::missing_errors_doc, reason = "they are those of File")]
pub trait FileLayer: Send + Sync {
    /// The file below.
    fn below(&self) -> &dyn File;

    /// [`File::sync_data`].
    fn sync_data(&self) -> io::Result<()> {
        self.below().sync_data()
    }

    /// [`File::sync_all`].
    fn sync_all(&self) -> io::Result<()> {
        self.below().sync_all()
    }
}

impl<T: FileLayer> File for T {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.below().read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        self.below().write_at(offset, bytes)
    }

    fn sync_data(&self) -> io::Result<()> {
        FileLayer::sync_data(self)
    }

    fn sync_all(&self) -> io::Result<()> {
        FileLayer::sync_all(self)
    }

    fn bytes(&self) -> io::Result<u64> {
        self.below().bytes()
    }

    fn set_bytes(&self, bytes: u64) -> io::Result<()> {
        self.below().set_bytes(bytes)
    }
}
