//! A lock on a file, held by `flock`, so that it ends with the process however it dies.
//!
//! Invariant: while an exclusive lock is held the file says the holder's process id in decimal and
//! a newline, disk space permitting; a shared holder empties the file, so a process id in it is
//! never of a third party.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::process;

use rustix::fs::{FlockOperation, flock};

use crate::{LockError, LockGuard, LockMode};

/// A process id has at most 10 digits; anything longer is not ours.
const TEXT_BYTES_MAX: u64 = 16;

struct OsLock {
    file: File,
    mode: LockMode,
}

impl LockGuard for OsLock {}

impl Drop for OsLock {
    fn drop(&mut self) {
        if self.mode == LockMode::Exclusive {
            // Only a courtesy to readers of the file.
            let _ = self.file.set_len(0);
        }
        // Closing the handle is not enough: a process being started holds a copy of it for an
        // instant. Should this fail, the lock ends when the last copy is closed.
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

/// Takes the lock or says who has it, without waiting.
pub fn take(path: &Path, mode: LockMode) -> Result<Box<dyn LockGuard>, LockError> {
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
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
    Ok(Box::new(OsLock { file, mode }))
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
