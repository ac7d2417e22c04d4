//! The order in which the making of a store becomes durable.

use parking_lot::Mutex;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use sutra_env::{DirEntry, Disk, Env, File, LockError, LockGuard, LockMode, Mapping, OpenMode};
use sutra_store::{Store, StoreOptions};

/// The disk of this machine; notes which folders were synced before the store's file had its name.
struct Noting {
    disk: Arc<dyn Disk>,
    synced: Mutex<Vec<PathBuf>>,
    synced_before_name: Mutex<Option<Vec<PathBuf>>>,
}

impl Disk for Noting {
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
        self.disk.open(path, mode)
    }

    fn map(&self, path: &Path) -> io::Result<Arc<dyn Mapping>> {
        self.disk.map(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if to.ends_with("STORE") {
            *self.synced_before_name.lock() = Some(self.synced.lock().clone());
        }
        self.disk.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.synced.lock().push(dir.into());
        self.disk.sync_dir(dir)
    }

    fn lock(&self, path: &Path, mode: LockMode) -> Result<Box<dyn LockGuard>, LockError> {
        self.disk.lock(path, mode)
    }
}

/// Only the folder right above the store was synced, and last: power lost after a process that
/// ended just before that took the whole store along, with what later ones acknowledged.
#[test]
fn every_new_folder_has_a_durable_name_before_the_store_exists() {
    let dir = tempfile::tempdir().unwrap();
    let real = Env::real();
    let noting = Arc::new(Noting {
        disk: Arc::clone(&real.disk),
        synced: Mutex::default(),
        synced_before_name: Mutex::default(),
    });
    let env = Env { disk: Arc::clone(&noting) as _, ..real };
    let path = dir.path().join("new").join("deeper").join("store");
    Store::open(&env, &path, StoreOptions::default()).unwrap().close().unwrap();
    let synced = noting.synced_before_name.lock().take().unwrap();
    for parent in path.ancestors().skip(1).take(3) {
        assert!(synced.iter().any(|dir| dir == parent), "{} was not synced", parent.display());
    }
}
