//! Replaces a small file so that a crash leaves the old content or the new, never a mixture.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::{Disk, OpenMode, write_all_at};

/// Writes `bytes` as the whole content of `path`, durably and in one instant.
///
/// The bytes go to a temporary file beside it (`<name>.tmp`), which is synced, renamed over
/// `path`, and the folder is synced. A leftover temporary file of an earlier crash is replaced.
///
/// # Errors
/// As the disk reports. Before the rename the old content is in place; if only the sync of the
/// folder failed, a crash may leave either content.
pub fn replace_file(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = temporary_path(path)?;
    let written = write_new(disk, &temporary, bytes);
    if let Err(error) = written.and_then(|()| disk.rename(&temporary, path)) {
        // Only tidiness: the error that counts is the first one, and the next call replaces it.
        let _ = disk.remove_file(&temporary);
        return Err(error);
    }
    disk.sync_dir(folder_of(path))
}

fn write_new(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    if disk.entry(path)?.is_some() {
        disk.remove_file(path)?;
    }
    let file = disk.open(path, OpenMode::CreateNew)?;
    write_all_at(file.as_ref(), 0, bytes)?;
    file.sync_all()
}

fn temporary_path(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let mut temporary = OsString::from(name);
    temporary.push(".tmp");
    Ok(path.with_file_name(temporary))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{OsDisk, read_to_end};

    fn content(path: &Path) -> Vec<u8> {
        read_to_end(OsDisk.open(path, OpenMode::Read).unwrap().as_ref()).unwrap()
    }

    #[test]
    fn a_file_is_made_then_replaced_and_nothing_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest");
        replace_file(&OsDisk, &path, b"first, longer").unwrap();
        replace_file(&OsDisk, &path, b"second").unwrap();
        assert_eq!(content(&path), b"second");
        assert_eq!(OsDisk.list(folder.path()).unwrap().len(), 1);
    }

    #[test]
    fn a_leftover_of_a_crash_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest");
        OsDisk.open(&folder.path().join("manifest.tmp"), OpenMode::CreateNew).unwrap();
        replace_file(&OsDisk, &path, b"whole").unwrap();
        assert_eq!(content(&path), b"whole");
    }

    #[test]
    fn a_failure_leaves_the_old_content_and_the_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a folder");
        OsDisk.create_dir_all(&path.join("inside")).unwrap();
        assert!(replace_file(&OsDisk, &path, b"x").is_err());
        assert!(OsDisk.entry(&path.join("inside")).unwrap().is_some());
        assert_eq!(OsDisk.list(folder.path()).unwrap().len(), 1);
        assert!(replace_file(&OsDisk, Path::new("/"), b"x").is_err());
    }
}
