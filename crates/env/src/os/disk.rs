//! Files and folders of this machine.

use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::{fs, path};

use super::lock;
use crate::mapping::FileMapping;
use crate::{DirEntry, Disk, EntryKind, File, LockError, LockGuard, LockMode, Mapping, OpenMode};

/// The file system of this machine.
pub struct OsDisk;

impl Disk for OsDisk {
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        let mut entries = Vec::new();
        for found in fs::read_dir(dir)? {
            let path = found?.path();
            // A name can go away between being listed and being looked at.
            entries.extend(describe(&path)?);
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn entry(&self, path: &Path) -> io::Result<Option<DirEntry>> {
        describe(path)
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let mut options = fs::OpenOptions::new();
        options.read(true);
        match mode {
            OpenMode::Read => &mut options,
            OpenMode::ReadWrite => options.write(true),
            OpenMode::CreateNew => options.write(true).create_new(true),
        };
        Ok(Arc::new(OsFile(options.open(path)?)))
    }

    fn map(&self, path: &Path) -> io::Result<Arc<dyn Mapping>> {
        Ok(Arc::new(FileMapping::of(&fs::File::open(path)?)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        fs::File::open(dir)?.sync_all()
    }

    fn lock(&self, path: &Path, mode: LockMode) -> Result<Box<dyn LockGuard>, LockError> {
        lock::take(path, mode)
    }
}

fn describe(path: &Path) -> io::Result<Option<DirEntry>> {
    let (kind, bytes) = match fs::metadata(path) {
        Ok(found) if found.is_file() => (EntryKind::File, found.len()),
        Ok(found) if found.is_dir() => (EntryKind::Dir, 0),
        Ok(_) => (EntryKind::Other, 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if fs::symlink_metadata(path).is_err() {
                return Ok(None);
            }
            (EntryKind::Other, 0)
        }
        Err(error) => return Err(error),
    };
    let name = path.file_name().unwrap_or(path::Component::RootDir.as_os_str());
    Ok(Some(DirEntry { name: name.to_string_lossy().into_owned(), kind, bytes }))
}

struct OsFile(fs::File);

impl File for OsFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_at(bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.0.sync_all()
    }

    fn bytes(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn set_bytes(&self, bytes: u64) -> io::Result<()> {
        self.0.set_len(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{read_to_end, write_all_at};

    fn kind_of<T>(result: io::Result<T>) -> Option<io::ErrorKind> {
        result.err().map(|error| error.kind())
    }

    #[test]
    fn a_file_is_written_synced_extended_cut_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let file = OsDisk.open(&path, OpenMode::CreateNew).unwrap();
        write_all_at(file.as_ref(), 2, b"cd").unwrap();
        file.sync_data().unwrap();
        assert_eq!(read_to_end(file.as_ref()).unwrap(), b"\0\0cd");
        file.set_bytes(6).unwrap();
        file.sync_all().unwrap();
        assert_eq!(read_to_end(file.as_ref()).unwrap(), b"\0\0cd\0\0");
        file.set_bytes(3).unwrap();
        assert_eq!((file.bytes().unwrap(), file.read_at(3, &mut [0]).unwrap()), (3, 0));
    }

    #[test]
    fn open_modes_refuse_what_they_must() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        for mode in [OpenMode::Read, OpenMode::ReadWrite] {
            assert_eq!(kind_of(OsDisk.open(&path, mode)), Some(io::ErrorKind::NotFound));
        }
        OsDisk.open(&path, OpenMode::CreateNew).unwrap();
        let again = OsDisk.open(&path, OpenMode::CreateNew);
        assert_eq!(kind_of(again), Some(io::ErrorKind::AlreadyExists));
        let reader = OsDisk.open(&path, OpenMode::Read).unwrap();
        assert!(reader.write_at(0, b"x").is_err());
    }

    #[test]
    fn folders_are_made_listed_in_order_and_synced() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("x/y");
        OsDisk.create_dir_all(&dir).unwrap();
        OsDisk.create_dir_all(&dir).unwrap();
        OsDisk.create_dir_all(&dir.join("b")).unwrap();
        let file = OsDisk.open(&dir.join("c"), OpenMode::CreateNew).unwrap();
        write_all_at(file.as_ref(), 0, b"12345").unwrap();
        std::os::unix::fs::symlink("nowhere", dir.join("a")).unwrap();
        OsDisk.sync_dir(&dir).unwrap();
        let entry = |name: &str, kind, bytes| DirEntry { name: name.to_owned(), kind, bytes };
        let expected = [
            entry("a", EntryKind::Other, 0),
            entry("b", EntryKind::Dir, 0),
            entry("c", EntryKind::File, 5),
        ];
        assert_eq!(OsDisk.list(&dir).unwrap(), expected);
        assert_eq!(OsDisk.entry(&dir.join("c")).unwrap().as_ref(), expected.get(2));
        assert_eq!(OsDisk.entry(&dir.join("d")).unwrap(), None);
        assert_eq!(kind_of(OsDisk.list(&dir.join("d"))), Some(io::ErrorKind::NotFound));
    }

    #[test]
    fn a_handle_stays_with_its_file_through_rename_and_removal() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        let file = OsDisk.open(&one, OpenMode::CreateNew).unwrap();
        OsDisk.rename(&one, &two).unwrap();
        write_all_at(file.as_ref(), 0, b"seen").unwrap();
        let reader = OsDisk.open(&two, OpenMode::Read).unwrap();
        OsDisk.remove_file(&two).unwrap();
        assert_eq!(read_to_end(reader.as_ref()).unwrap(), b"seen");
        assert_eq!(kind_of(OsDisk.remove_file(&two)), Some(io::ErrorKind::NotFound));
    }

    #[test]
    fn a_mapping_shows_the_whole_file_aligned_and_outlives_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        assert_eq!(kind_of(OsDisk.map(&path)), Some(io::ErrorKind::NotFound));
        assert!(OsDisk.map(folder.path()).is_err());
        let content: Vec<u8> = (0..10_001_u32).map(|at| (at % 251) as u8).collect();
        let file = OsDisk.open(&path, OpenMode::CreateNew).unwrap();
        write_all_at(file.as_ref(), 0, &content).unwrap();
        file.sync_all().unwrap();
        let mapping = OsDisk.map(&path).unwrap();
        drop(file);
        OsDisk.remove_file(&path).unwrap();
        assert_eq!(mapping.bytes(), content);
        assert_eq!(mapping.bytes().as_ptr().align_offset(8), 0);
        let on_another_thread = std::thread::scope(|scope| {
            scope.spawn(|| mapping.bytes().len()).join().unwrap_or_default()
        });
        assert_eq!(on_another_thread, content.len());
    }

    #[test]
    fn an_empty_file_maps_to_an_empty_slice() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        OsDisk.open(&path, OpenMode::CreateNew).unwrap();
        assert_eq!(OsDisk.map(&path).unwrap().bytes(), b"");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_told_apart_by_its_kind() {
        let file = OsDisk.open(Path::new("/dev/full"), OpenMode::ReadWrite).unwrap();
        let full = write_all_at(file.as_ref(), 0, b"x");
        assert_eq!(kind_of(full), Some(io::ErrorKind::StorageFull));
    }
}
