//! One open file, and the loops that every caller of short reads and writes needs.

use std::io;

/// An open file. It stays with the same content when its name changes or goes.
pub trait File: Send + Sync {
    /// Reads at `offset`, possibly less than asked; 0 only at the end of the file.
    ///
    /// # Errors
    /// As the operating system reports.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes at `offset`, possibly less than given, growing the file as needed. Not durable
    /// before a sync.
    ///
    /// # Errors
    /// `StorageFull` when the disk is full, else as the operating system reports. A part may have
    /// been written by earlier, shorter writes.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize>;

    /// Makes the bytes, and the length needed to read them, durable.
    ///
    /// # Errors
    /// As the operating system reports. What was written since the last good sync may be lost
    /// even if a later sync succeeds, so the caller must not try again.
    fn sync_data(&self) -> io::Result<()>;

    /// Makes bytes, length and times durable.
    ///
    /// # Errors
    /// As for [`File::sync_data`].
    fn sync_all(&self) -> io::Result<()>;

    /// The length of the file.
    ///
    /// # Errors
    /// As the operating system reports.
    fn bytes(&self) -> io::Result<u64>;

    /// Cuts the file, or extends it with zeros. Not durable before [`File::sync_all`].
    ///
    /// # Errors
    /// As the operating system reports.
    fn set_bytes(&self, bytes: u64) -> io::Result<()>;
}

/// Fills `buffer` from `offset`.
///
/// # Errors
/// `UnexpectedEof` if the file ends before, else as [`File::read_at`]. The buffer's content is
/// then unspecified.
pub fn read_exact_at(file: &dyn File, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    let (mut at, mut rest) = (offset, buffer);
    while !rest.is_empty() {
        match file.read_at(at, rest) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                at += count as u64;
                rest = rest.get_mut(count..).ok_or(io::ErrorKind::InvalidData)?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Writes all of `bytes` at `offset`.
///
/// # Errors
/// As [`File::write_at`]; a first part may have been written.
pub fn write_all_at(file: &dyn File, offset: u64, bytes: &[u8]) -> io::Result<()> {
    let (mut at, mut rest) = (offset, bytes);
    while !rest.is_empty() {
        match file.write_at(at, rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                at += count as u64;
                rest = rest.get(count..).ok_or(io::ErrorKind::InvalidData)?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads the whole file.
///
/// # Errors
/// As [`File::bytes`] and [`File::read_at`].
pub fn read_to_end(file: &dyn File) -> io::Result<Vec<u8>> {
    let length = usize::try_from(file.bytes()?).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let mut bytes = vec![0; length];
    read_exact_at(file, 0, &mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Moves one byte a call and is interrupted before each of them.
    struct Slow {
        content: Mutex<Vec<u8>>,
        interrupted: Mutex<bool>,
    }

    impl Slow {
        fn new(content: &[u8]) -> Self {
            Self { content: Mutex::new(content.to_vec()), interrupted: Mutex::new(false) }
        }

        fn interrupt(&self) -> io::Result<()> {
            let mut interrupted = self.interrupted.lock().map_err(|_| io::ErrorKind::Other)?;
            *interrupted = !*interrupted;
            if *interrupted { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
        }
    }

    impl File for Slow {
        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
            self.interrupt()?;
            let content = self.content.lock().map_err(|_| io::ErrorKind::Other)?;
            let Some(byte) = content.get(offset as usize) else {
                return Ok(0);
            };
            let Some(first) = buffer.first_mut() else {
                return Ok(0);
            };
            *first = *byte;
            Ok(1)
        }

        fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
            self.interrupt()?;
            let mut content = self.content.lock().map_err(|_| io::ErrorKind::Other)?;
            assert_eq!(content.len() as u64, offset);
            let Some(byte) = bytes.first() else {
                return Ok(0);
            };
            content.push(*byte);
            Ok(1)
        }

        fn sync_data(&self) -> io::Result<()> {
            Ok(())
        }

        fn sync_all(&self) -> io::Result<()> {
            Ok(())
        }

        fn bytes(&self) -> io::Result<u64> {
            Ok(self.content.lock().map_err(|_| io::ErrorKind::Other)?.len() as u64)
        }

        fn set_bytes(&self, _bytes: u64) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn short_and_interrupted_reads_and_writes_are_continued() {
        let file = Slow::new(b"");
        write_all_at(&file, 0, b"one byte at a time").unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(read_to_end(&file).ok().as_deref(), Some(&b"one byte at a time"[..]));
    }

    #[test]
    fn reading_past_the_end_is_an_error() {
        let file = Slow::new(b"abc");
        let error = read_exact_at(&file, 1, &mut [0; 3]).err().map(|error| error.kind());
        assert_eq!(error, Some(io::ErrorKind::UnexpectedEof));
    }
}
