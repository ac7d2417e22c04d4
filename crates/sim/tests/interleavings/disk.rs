//! A disk whose slow calls let the others go on.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sutra_env::{Disk, DiskLayer, File, FileLayer, OpenMode};
use sutra_sim::SimDisk;

/// The simulated disk. Its own lock is never held where threads change.
pub struct SlowDisk(pub SimDisk);

/// Others may go on, before and after the call: neither is at the same time as what the caller did.
fn slowly<T>(call: impl FnOnce() -> T) -> T {
    shuttle::thread::sleep(Duration::ZERO);
    let answer = call();
    shuttle::thread::sleep(Duration::ZERO);
    answer
}

impl DiskLayer for SlowDisk {
    fn below(&self) -> &dyn Disk {
        &self.0
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let file = slowly(|| self.0.open(path, mode))?;
        Ok(Arc::new(SlowFile(file)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        slowly(|| self.0.rename(from, to))
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        slowly(|| self.0.sync_dir(dir))
    }
}

struct SlowFile(Arc<dyn File>);

impl FileLayer for SlowFile {
    fn below(&self) -> &dyn File {
        self.0.as_ref()
    }

    fn sync_data(&self) -> io::Result<()> {
        slowly(|| self.0.sync_data())
    }

    fn sync_all(&self) -> io::Result<()> {
        slowly(|| self.0.sync_all())
    }
}
