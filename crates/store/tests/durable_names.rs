//! The order in which the making of a store becomes durable.

use parking_lot::Mutex;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use sutra_env::{Disk, DiskLayer, Env};
use sutra_store::{Store, StoreOptions};

/// The disk of this machine; notes which folders were synced before the store's file had its name.
struct Noting {
    disk: Arc<dyn Disk>,
    synced: Mutex<Vec<PathBuf>>,
    synced_before_name: Mutex<Option<Vec<PathBuf>>>,
}

impl DiskLayer for Noting {
    fn below(&self) -> &dyn Disk {
        self.disk.as_ref()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if to.ends_with("STORE") {
            *self.synced_before_name.lock() = Some(self.synced.lock().clone());
        }
        self.disk.rename(from, to)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.synced.lock().push(dir.into());
        self.disk.sync_dir(dir)
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
