//! A disk that breaks a promise, to prove that the checks see what follows from it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use sutra_env::{Disk, DiskLayer, File, FileLayer, OpenMode};

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

impl DiskLayer for LyingDisk {
    fn below(&self) -> &dyn Disk {
        &self.disk
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let file = self.disk.open(path, mode)?;
        Ok(if self.lie == Lie::NoSync { Arc::new(LyingFile(file)) } else { file })
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        if self.lie == Lie::NoFolderSync { Ok(()) } else { self.disk.sync_dir(dir) }
    }
}

struct LyingFile(Arc<dyn File>);

impl FileLayer for LyingFile {
    fn below(&self) -> &dyn File {
        self.0.as_ref()
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        Ok(())
    }
}
