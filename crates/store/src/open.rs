//! Opening a folder: whose it is, what it holds, and whether it is a store at all.
//!
//! A store is made in this order: the folder's own name, the log's first segment, the file `STORE`,
//! each durable before the next. So a folder with `STORE` has a log, and one without it was never a
//! store, or lost the file: a log that holds commits is then damage, and is never started anew.

use crate::options::StoreOptions;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use sutra_env::{
    EntryKind, Env, LockError, LockGuard, LockMode, OpenMode, read_to_end, replace_file,
};
use sutra_format::{Metric, Refusal, StoreMeta};
use sutra_shard::{Error, Result, Shard, ShardOptions};

const META_FILE: &str = "STORE";
const LOCK_FILE: &str = "LOCK";
const SHARD_DIR: &str = "shard-00";

/// A folder that was opened.
pub(crate) struct Opened {
    pub meta: StoreMeta,
    pub shard: Arc<Shard>,
    pub lock: Box<dyn LockGuard>,
}

/// Locks the folder and opens its shard, making both if there is nothing yet.
pub(crate) fn open(env: &Env, path: &Path, options: &StoreOptions) -> Result<Opened> {
    let folder = Folder { env, path };
    let exists = folder.exists()?;
    if !exists {
        if options.read_only {
            return Err(folder.not_a_store("there is no such folder"));
        }
        folder.make()?;
    }
    if folder.entry(META_FILE)?.is_none() {
        if options.read_only {
            return Err(folder.not_a_store("the folder holds no store"));
        }
        // Looked at before the lock file is put there: a foreign folder stays as it is.
        folder.check_is_empty()?;
    }
    let lock = folder.lock(options.read_only)?;
    let (meta, shard) = match folder.read_meta()? {
        Some(meta) => {
            check_agrees(&meta, options)?;
            let shard = folder.open_shard(&meta, options, true)?;
            (meta, shard)
        }
        None => folder.create(options)?,
    };
    Ok(Opened { meta, shard, lock })
}

/// A folder that is or may become a store.
pub(crate) struct Folder<'a> {
    pub(crate) env: &'a Env,
    pub(crate) path: &'a Path,
}

impl Folder<'_> {
    pub(crate) fn exists(&self) -> Result<bool> {
        let entry = self.env.disk.entry(self.path);
        match entry.map_err(|error| Error::io(self.path, "look at", &error))? {
            None => Ok(false),
            Some(entry) if entry.kind == EntryKind::Dir => Ok(true),
            Some(_) => Err(self.not_a_store("this is a file, a store is a folder")),
        }
    }

    /// Makes the folder and those above it that are missing, and their names durable.
    fn make(&self) -> Result<()> {
        let disk = self.env.disk.as_ref();
        let mut missing = Vec::new();
        for dir in self.path.ancestors().filter(|dir| !dir.as_os_str().is_empty()) {
            let entry = disk.entry(dir).map_err(|error| Error::io(dir, "look at", &error))?;
            if entry.is_some() {
                break;
            }
            missing.push(dir);
        }
        let made = disk.create_dir_all(self.path);
        made.map_err(|error| Error::io(self.path, "create", &error))?;
        missing.iter().rev().try_for_each(|dir| self.sync_name_of(dir))
    }

    fn sync_name_of(&self, dir: &Path) -> Result<()> {
        let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        let synced = self.env.disk.sync_dir(parent);
        synced.map_err(|error| Error::io(parent, "sync", &error))
    }

    fn entry(&self, name: &str) -> Result<Option<()>> {
        let path = self.path.join(name);
        let entry = self.env.disk.entry(&path);
        Ok(entry.map_err(|error| Error::io(&path, "look at", &error))?.map(drop))
    }

    pub(crate) fn has_meta(&self) -> Result<bool> {
        Ok(self.entry(META_FILE)?.is_some())
    }

    pub(crate) fn has_shard(&self) -> Result<bool> {
        Ok(self.entry(SHARD_DIR)?.is_some())
    }

    pub(crate) fn meta_path(&self) -> PathBuf {
        self.path.join(META_FILE)
    }

    pub(crate) fn lock(&self, read_only: bool) -> Result<Box<dyn LockGuard>> {
        let path = self.path.join(LOCK_FILE);
        let mode = if read_only { LockMode::Shared } else { LockMode::Exclusive };
        self.env.disk.lock(&path, mode).map_err(|error| match error {
            LockError::Held { pid } => Error::Locked { pid },
            LockError::Io(error) => Error::io(&path, "lock", &error),
        })
    }

    pub(crate) fn read_meta(&self) -> Result<Option<StoreMeta>> {
        if self.entry(META_FILE)?.is_none() {
            return Ok(None);
        }
        let path = self.path.join(META_FILE);
        let file = self.env.disk.open(&path, OpenMode::Read);
        let bytes = file.and_then(|file| read_to_end(file.as_ref()));
        let bytes = bytes.map_err(|error| Error::io(&path, "read", &error))?;
        let meta = StoreMeta::decode(&bytes);
        meta.map(Some).map_err(|error| Error::undecodable(&path, 0, &error))
    }

    fn create(&self, options: &StoreOptions) -> Result<(StoreMeta, Arc<Shard>)> {
        self.check_is_empty()?;
        Shard::discard_unused(self.env, &self.shard_path())?;
        let random = &self.env.random;
        let mut store_id = [0; 16];
        for half in store_id.chunks_exact_mut(8) {
            half.copy_from_slice(&random.next_u64().to_le_bytes());
        }
        let meta = StoreMeta {
            store_id,
            created_us: self.env.clock.wall_us(),
            shards: 1,
            vector_dimension: options.dimension_or_default(),
            metric: options.metric.unwrap_or(Metric::Cosine),
        };
        let shard = self.open_shard(&meta, options, false)?;
        if let Err(error) = self.finish_creating(&meta) {
            // The first failure is the one to report.
            let _ = shard.close();
            return Err(error);
        }
        Ok((meta, shard))
    }

    fn finish_creating(&self, meta: &StoreMeta) -> Result<()> {
        // Again, if the folder was made just now: an earlier process may have ended in between.
        self.sync_name_of(self.path)?;
        let path = self.path.join(META_FILE);
        let written = replace_file(self.env.disk.as_ref(), &path, &meta.encode());
        written.map_err(|error| Error::io(&path, "write", &error))
    }

    /// Refuses to make a store among files that are not ours.
    fn check_is_empty(&self) -> Result<()> {
        let entries = self.env.disk.list(self.path);
        let entries = entries.map_err(|error| Error::io(self.path, "list", &error))?;
        let foreign = entries.iter().find(|entry| {
            let ours = [LOCK_FILE, SHARD_DIR].contains(&entry.name.as_str());
            !ours && !entry.name.starts_with(META_FILE)
        });
        match foreign {
            None => Ok(()),
            Some(entry) => {
                let message = format!("the folder holds {} and no store", entry.name);
                Err(self.not_a_store(&message))
            }
        }
    }

    fn open_shard(
        &self,
        meta: &StoreMeta,
        options: &StoreOptions,
        must_exist: bool,
    ) -> Result<Arc<Shard>> {
        let shard_options = ShardOptions {
            store_id: meta.store_id,
            vector_dimension: meta.vector_dimension,
            metric: meta.metric,
            durability: options.durability,
            limits: options.limits_for(meta.vector_dimension),
            read_only: options.read_only,
            must_exist,
            queue_capacity: options.queue_capacity,
            write_timeout_us: options.write_timeout_ms.saturating_mul(1000),
            memory_bytes_max: options.memory_bytes_max.unwrap_or(u64::MAX),
            memory_threshold: usize::try_from(options.memory_threshold).unwrap_or(usize::MAX),
            graphs: options.graphs,
            language: options.language,
            pace: options.pace,
            history_keep_us: options.history_keep_ms.map(|ms| ms.saturating_mul(1000)),
            ..ShardOptions::default()
        };
        Shard::open(self.env, &self.shard_path(), shard_options)
    }

    pub(crate) fn shard_path(&self) -> PathBuf {
        self.path.join(SHARD_DIR)
    }

    pub(crate) fn not_a_store(&self, message: &str) -> Error {
        Error::NotAStore { path: self.path.into(), message: message.into() }
    }
}

/// Refuses options that say otherwise than the folder.
fn check_agrees(meta: &StoreMeta, options: &StoreOptions) -> Result<()> {
    let mut problems = Vec::new();
    if let Some(dimension) = options.vector_dimension
        && dimension != meta.vector_dimension
    {
        let message = format!("{dimension}, but the store has {}", meta.vector_dimension);
        problems.push(Refusal::invalid("vectorDimension", message));
    }
    if let Some(metric) = options.metric
        && metric != meta.metric
    {
        let message = format!("{}, but the store has {}", metric.name(), meta.metric.name());
        problems.push(Refusal::invalid("metric", message));
    }
    if let Some(shards) = options.shards
        && shards != meta.shards
    {
        let message = format!("{shards}, but the store has {}", meta.shards);
        problems.push(Refusal::invalid("shards", message));
    }
    if meta.shards > 1 {
        let message = format!("the store has {}; this version opens one", meta.shards);
        problems.push(Refusal::invalid("shards", message));
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::Config(problems)) }
}
