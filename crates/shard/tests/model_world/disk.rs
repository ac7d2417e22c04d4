//! A disk in memory that never fails, so that a run takes no longer than its work.

use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use sutra_env::{
    DirEntry, Disk, EntryKind, File, LockError, LockGuard, LockMode, Mapping, OpenMode,
};

static ZEROS: [u8; 4096] = [0; 4096];

type Content = Arc<Mutex<Vec<u8>>>;

#[derive(Default)]
pub struct MemoryDisk {
    files: Mutex<BTreeMap<PathBuf, Content>>,
    folders: Mutex<BTreeSet<PathBuf>>,
}

struct MemoryFile(Content);

/// Words, so that the bytes begin at a multiple of 8.
struct Copied {
    words: Vec<u64>,
    length: usize,
}

struct Unlocked;

impl LockGuard for Unlocked {}

impl MemoryDisk {
    /// All files.
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = self.files.lock();
        files.iter().map(|(path, content)| (path.clone(), content.lock().clone())).collect()
    }

    /// Puts a file there, whole, and the folders above it.
    pub fn put(&self, path: &Path, bytes: Vec<u8>) {
        let folders = path.ancestors().skip(1).map(Path::to_owned);
        self.folders.lock().extend(folders);
        self.files.lock().insert(path.to_owned(), Arc::new(Mutex::new(bytes)));
    }

    fn content(&self, path: &Path) -> io::Result<Content> {
        self.files.lock().get(path).cloned().ok_or_else(|| ErrorKind::NotFound.into())
    }
}

impl Disk for MemoryDisk {
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        let folders = path.ancestors().map(Path::to_owned);
        self.folders.lock().extend(folders);
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        if !self.folders.lock().contains(dir) {
            return Err(ErrorKind::NotFound.into());
        }
        let files = self.files.lock();
        let inside = files.iter().filter(|(path, _)| path.parent() == Some(dir));
        let entry = |(path, content): (&PathBuf, &Content)| DirEntry {
            name: path.file_name().unwrap().to_str().unwrap().to_owned(),
            kind: EntryKind::File,
            bytes: content.lock().len() as u64,
        };
        Ok(inside.map(entry).collect())
    }

    fn entry(&self, path: &Path) -> io::Result<Option<DirEntry>> {
        let Ok(content) = self.content(path) else { return Ok(None) };
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = content.lock().len() as u64;
        Ok(Some(DirEntry { name, kind: EntryKind::File, bytes }))
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        if mode == OpenMode::CreateNew {
            let mut files = self.files.lock();
            if files.contains_key(path) {
                return Err(ErrorKind::AlreadyExists.into());
            }
            files.insert(path.to_owned(), Content::default());
        }
        Ok(Arc::new(MemoryFile(self.content(path)?)))
    }

    fn map(&self, path: &Path) -> io::Result<Arc<dyn Mapping>> {
        let content = self.content(path)?;
        let content = content.lock();
        let mut words = vec![0_u64; content.len().div_ceil(8)];
        bytemuck::cast_slice_mut(&mut words)[..content.len()].copy_from_slice(&content);
        Ok(Arc::new(Copied { words, length: content.len() }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut files = self.files.lock();
        let content = files.remove(from).ok_or(ErrorKind::NotFound)?;
        files.insert(to.to_owned(), content);
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.files.lock().remove(path).map(drop).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, _path: &Path, _mode: LockMode) -> Result<Box<dyn LockGuard>, LockError> {
        Ok(Box::new(Unlocked))
    }
}

impl File for MemoryFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let content = self.0.lock();
        let rest = content.get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut content = self.0.lock();
        let (start, end) = (offset as usize, offset as usize + bytes.len());
        // Copied in large pieces: without optimization, filling byte by byte is most of a run.
        while content.len() < start {
            let zeros = ZEROS.len().min(start - content.len());
            content.extend_from_slice(&ZEROS[..zeros]);
        }
        let inside = content.len().min(end) - start;
        content[start..start + inside].copy_from_slice(&bytes[..inside]);
        content.extend_from_slice(&bytes[inside..]);
        Ok(bytes.len())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        Ok(())
    }

    fn bytes(&self) -> io::Result<u64> {
        Ok(self.0.lock().len() as u64)
    }

    fn set_bytes(&self, bytes: u64) -> io::Result<()> {
        self.0.lock().resize(bytes as usize, 0);
        Ok(())
    }
}

impl Mapping for Copied {
    fn bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words)[..self.length]
    }
}
