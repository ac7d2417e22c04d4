//! The stores that this process has open: worker threads that open one folder share one engine.

use crate::handle::Handle;
use crate::memory;
use crate::open_options::OpenOptions;
use crate::pool::MACHINE;
use parking_lot::Mutex;
use std::path::Path;
use std::sync::{Arc, Weak};
use sutra_shard::Error;
use sutra_store::Store;

/// Folder as the operating system tells it from others, whatever its path: device and number.
type FolderId = (u64, u64);

/// An open store.
pub(crate) struct SharedStore {
    folder: FolderId,
    store: Arc<Store>,
    /// How many handles have it, changed under the lock of `OPENED` only.
    handles: Mutex<usize>,
    /// Told when the layers of the store change.
    watching: Arc<Mutex<Vec<Weak<Handle>>>>,
}

impl SharedStore {
    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Has a handle told when the layers of the store change.
    pub(crate) fn watch(&self, handle: &Arc<Handle>) {
        let mut watching = self.watching.lock();
        watching.retain(|handle| handle.strong_count() > 0);
        watching.push(Arc::downgrade(handle));
    }
}

/// Locked while a store is being opened or closed, so that nobody meets one halfway.
static OPENED: Mutex<Vec<Arc<SharedStore>>> = Mutex::new(Vec::new());

/// The store of a folder: the one that is open, or a new one.
pub(crate) fn open(options: &OpenOptions) -> Result<Arc<SharedStore>, Error> {
    let path = options.path.clone();
    let mut opened = OPENED.lock();
    if let Some(folder) = folder_id(&path)
        && let Some(shared) = opened.iter().find(|shared| shared.folder == folder)
    {
        options.check_against(&shared.store)?;
        *shared.handles.lock() += 1;
        return Ok(Arc::clone(shared));
    }
    let store = Store::open(&MACHINE, &path, options.store_options())?;
    let Some(folder) = folder_id(&path) else {
        store.close()?;
        let message = "is gone just after it was opened".into();
        return Err(Error::NotAStore { path, message });
    };
    let watching: Arc<Mutex<Vec<Weak<Handle>>>> = Arc::default();
    let told = Arc::clone(&watching);
    store.shared().on_change(move || {
        told.lock().iter().filter_map(Weak::upgrade).for_each(|handle| handle.tell_changed());
    });
    store.shared().on_freed(memory::give_back);
    let shared = Arc::new(SharedStore { folder, store, handles: Mutex::new(1), watching });
    opened.push(Arc::clone(&shared));
    Ok(shared)
}

/// Gives one share back. The last one closes the store.
pub(crate) fn release(shared: &Arc<SharedStore>) -> Result<(), Error> {
    let mut opened = OPENED.lock();
    let mut handles = shared.handles.lock();
    *handles -= 1;
    if *handles > 0 {
        return Ok(());
    }
    opened.retain(|other| !Arc::ptr_eq(other, shared));
    shared.store.close()
}

/// Nothing if there is no such folder.
fn folder_id(path: &Path) -> Option<FolderId> {
    let stat = rustix::fs::stat(path).ok()?;
    Some((stat.st_dev, stat.st_ino))
}
