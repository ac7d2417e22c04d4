//! A lock on a file, held by `flock`, so that it ends with the process however it dies.
//!
//! Invariant: while an exclusive lock is held the file says the holder's process id in decimal and
//! a newline, disk space permitting; a shared holder empties the file if it may write it, so a
//! process id in it is never of a third party.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::process;

use rustix::fs::{FlockOperation, flock};

use crate::{LockError, LockGuard, LockMode};

/// A process id has at most 10 digits; anything longer is not ours.
const TEXT_BYTES_MAX: u64 = 16;

struct OsLock {
    /// `None` if there is no file and none can be made.
    file: Option<File>,
    mode: LockMode,
}

impl LockGuard for OsLock {}

impl Drop for OsLock {
    fn drop(&mut self) {
        let Some(file) = &self.file else { return };
        if self.mode == LockMode::Exclusive {
            // Only a courtesy to readers of the file.
            let _ = file.set_len(0);
        }
        // Closing the handle is not enough: a process being started holds a copy of it for an
        // instant. Should this fail, the lock ends when the last copy is closed.
        let _ = flock(file, FlockOperation::Unlock);
    }
}

/// Takes the lock or says who has it, without waiting.
pub fn take(path: &Path, mode: LockMode) -> Result<Box<dyn LockGuard>, LockError> {
    let Some(mut file) = open(path, mode)? else {
        return Ok(Box::new(OsLock { file: None, mode }));
    };
    let operation = match mode {
        LockMode::Exclusive => FlockOperation::NonBlockingLockExclusive,
        LockMode::Shared => FlockOperation::NonBlockingLockShared,
    };
    match flock(&file, operation) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            return Err(LockError::Held { pid: holder(&mut file) });
        }
        Err(error) => return Err(io::Error::from(error).into()),
    }
    // Only a courtesy to whoever is refused: on a full disk the lock must still be had.
    let _ = file.set_len(0);
    if mode == LockMode::Exclusive {
        let _ = file.write_all(format!("{}\n", process::id()).as_bytes());
    }
    Ok(Box::new(OsLock { file: Some(file), mode }))
}

/// The lock file, made if missing. A shared lock can be taken on one that may only be read: a store
/// on a read-only medium can be read. `None` if nothing can be written and there is no file:
/// whoever writes in the folder makes one first, so nobody does.
fn open(path: &Path, mode: LockMode) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    let opened = options.read(true).write(true).create(true).truncate(false).open(path);
    match opened {
        Err(error) if mode == LockMode::Shared && is_not_writable(&error) => {}
        opened => return opened.map(Some),
    }
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some),
    }
}

fn is_not_writable(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied)
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(TEXT_BYTES_MAX).read_to_string(&mut text).ok()?;
    text.trim_end().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    fn held_by(result: Result<Box<dyn LockGuard>, LockError>) -> Result<(), Option<u32>> {
        match result {
            Err(LockError::Held { pid }) => Err(pid),
            Err(LockError::Io(error)) => panic!("{error}"),
            Ok(_) => Ok(()),
        }
    }

    #[test]
    fn a_second_open_in_this_process_is_refused_with_our_pid_until_the_first_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("LOCK");
        let guard = take(&path, LockMode::Exclusive).unwrap();
        for mode in [LockMode::Exclusive, LockMode::Shared] {
            assert_eq!(held_by(take(&path, mode)), Err(Some(process::id())));
        }
        drop(guard);
        assert_eq!(held_by(take(&path, LockMode::Exclusive)), Ok(()));
    }

    #[test]
    fn shared_holders_share_and_keep_an_exclusive_one_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("LOCK");
        std::fs::write(&path, "4000000\n").unwrap();
        let _one = take(&path, LockMode::Shared).unwrap();
        let _two = take(&path, LockMode::Shared).unwrap();
        // The number a dead process left must not be named as the holder.
        assert_eq!(held_by(take(&path, LockMode::Exclusive)), Err(None));
    }

    #[test]
    fn a_lock_file_that_cannot_be_made_is_an_io_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = take(&folder.path().join("absent/LOCK"), LockMode::Exclusive).err();
        assert!(
            matches!(error, Some(LockError::Io(error)) if error.kind() == io::ErrorKind::NotFound)
        );
    }

    #[test]
    fn a_second_process_is_named_while_it_lives_and_gone_when_killed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("LOCK");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "os::lock::tests::child_that_holds_the_lock", "--ignored"])
            .args(["--nocapture", "--test-threads=1"])
            .env("SUTRA_LOCK_PATH", &path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        wait_for_line(&mut child, "locked");
        assert_eq!(held_by(take(&path, LockMode::Exclusive)), Err(Some(child.id())));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(held_by(take(&path, LockMode::Exclusive)), Ok(()));
    }

    /// Runs the test below where the folder cannot be written, while its lock is held elsewhere.
    #[test]
    fn where_nothing_can_be_written_a_shared_lock_needs_no_writing() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["held", "free", "none"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        std::fs::write(folder.path().join("free/LOCK"), "4000000\n").unwrap();
        let _guard = take(&folder.path().join("held/LOCK"), LockMode::Exclusive).unwrap();
        let mount = "mount --bind . . && mount -o remount,bind,ro . && cd . && exec \"$@\"";
        let child = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh"])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "os::lock::tests::child_that_cannot_write", "--ignored"])
            .args(["--nocapture", "--test-threads=1"])
            .env("SUTRA_LOCK_PATH", folder.path())
            .env("SUTRA_LOCK_HOLDER", process::id().to_string())
            .current_dir(folder.path())
            .output();
        let Ok(output) = child else { return };
        let said = String::from_utf8_lossy(&output.stderr);
        // Where mounting is not permitted, there is nothing to see.
        let may_mount = !(said.contains("unshare:") || said.contains("mount:"));
        assert!(output.status.success() || !may_mount, "{said}");
    }

    #[test]
    #[ignore = "the second process of another test"]
    fn child_that_cannot_write() {
        let Some(folder) = std::env::var_os("SUTRA_LOCK_PATH") else {
            return;
        };
        let folder = Path::new(&folder);
        let lock = |name: &str, mode| take(&folder.join(name).join("LOCK"), mode);
        let pid = std::env::var("SUTRA_LOCK_HOLDER").unwrap().parse().unwrap();
        assert_eq!(held_by(lock("held", LockMode::Shared)), Err(Some(pid)));
        let _one = lock("free", LockMode::Shared).unwrap();
        let _two = lock("free", LockMode::Shared).unwrap();
        let _three = lock("none", LockMode::Shared).unwrap();
        for name in ["free", "none"] {
            let error = lock(name, LockMode::Exclusive).err();
            let is_refused = |error: &io::Error| error.kind() == io::ErrorKind::ReadOnlyFilesystem;
            assert!(matches!(error, Some(LockError::Io(error)) if is_refused(&error)));
        }
        // What is missing altogether is still told.
        let absent = lock("absent", LockMode::Shared).err();
        assert!(matches!(absent, Some(LockError::Io(_))));
    }

    fn wait_for_line(child: &mut process::Child, wanted: &str) {
        use std::io::BufRead;
        let lines = io::BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.contains(wanted)));
    }

    /// Run only as the second process of the test above: holds the lock until it is killed.
    #[test]
    #[ignore = "the second process of another test"]
    fn child_that_holds_the_lock() {
        let Some(path) = std::env::var_os("SUTRA_LOCK_PATH") else {
            return;
        };
        let _guard = take(Path::new(&path), LockMode::Exclusive).unwrap();
        println!("\nlocked");
        io::stdin().read_to_end(&mut Vec::new()).unwrap();
    }
}
