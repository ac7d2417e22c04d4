//! A sealed file as it lies on disk, mapped. Each block's checksum is compared when the block is
//! first read, so opening costs nothing and no read gives bytes that were not written.

use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use sutra_env::{Disk, Mapping};
use sutra_format::checksum::crc32c;
use sutra_format::sealed_file::{BLOCK_BYTES, FileKind, SealedHeader, SectionKind};
use sutra_format::sealed_layout::{SealedLayout, Section};

const BITS: usize = u64::BITS as usize;

/// What the manifest says of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    pub(crate) kind: FileKind,
    pub(crate) number: u32,
    pub(crate) store_id: [u8; 16],
    pub(crate) file_bytes: u64,
    pub(crate) checksum: u32,
}

/// What is known of a file that no manifest names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named {
    pub(crate) kind: FileKind,
    pub(crate) number: u32,
    pub(crate) store_id: [u8; 16],
}

/// Memory for the checksums of a file of this length, and for which of them were compared.
pub(crate) fn checksum_bytes(file_bytes: u64) -> u64 {
    let blocks = file_bytes / BLOCK_BYTES as u64;
    blocks * size_of::<u32>() as u64 + blocks / 8
}

/// An open sealed file.
pub(crate) struct MappedFile {
    path: PathBuf,
    mapping: Arc<dyn Mapping>,
    layout: SealedLayout,
    /// One bit for each block of the file: its checksum was compared.
    verified: Box<[AtomicU64]>,
}

impl MappedFile {
    /// Maps a file and compares it with what the manifest says; reads its header and footer only.
    ///
    /// # Errors
    /// `Corrupt`, `Io`; `NotAStore` when a newer release wrote it.
    pub(crate) fn open(disk: &dyn Disk, path: &Path, expected: &Expected) -> Result<Self> {
        let mapping = map(disk, path)?;
        let length = mapping.bytes().len() as u64;
        if length != expected.file_bytes {
            let message = format!("the file has {length} bytes instead of {}", expected.file_bytes);
            return Err(Error::corrupt(path, length.min(expected.file_bytes), message));
        }
        let Expected { kind, number, store_id, checksum, .. } = *expected;
        let file = Self::of_mapping(path, mapping, &Named { kind, number, store_id })?;
        if file.layout.checksum() != checksum {
            let message = "the file is not the one that the manifest names";
            return Err(Error::corrupt(path, 0, message));
        }
        Ok(file)
    }

    /// Maps a file that no manifest names; reads its header and footer only.
    ///
    /// # Errors
    /// As [`MappedFile::open`].
    pub(crate) fn open_unnamed(disk: &dyn Disk, path: &Path, named: &Named) -> Result<Self> {
        Self::of_mapping(path, map(disk, path)?, named)
    }

    fn of_mapping(path: &Path, mapping: Arc<dyn Mapping>, named: &Named) -> Result<Self> {
        let layout = SealedLayout::decode(named.kind, mapping.bytes())
            .map_err(|error| Error::undecodable(path, 0, &error))?;
        let header = layout.header();
        if header.store_id != named.store_id {
            return Err(Error::corrupt(path, 0, "the file belongs to another store"));
        }
        if header.number != named.number {
            let message = format!("the file says it is number {}", header.number);
            return Err(Error::corrupt(path, 0, message));
        }
        let length = mapping.bytes().len() as u64;
        let blocks = (length as usize).div_ceil(BLOCK_BYTES);
        let verified = (0..blocks.div_ceil(BITS)).map(|_| AtomicU64::new(0)).collect();
        Ok(Self { path: path.into(), mapping, layout, verified })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn header(&self) -> &SealedHeader {
        self.layout.header()
    }

    pub(crate) fn file_bytes(&self) -> u64 {
        self.mapping.bytes().len() as u64
    }

    /// Memory that is not the mapping's.
    pub(crate) fn memory_bytes(&self) -> u64 {
        size_of::<Self>() as u64 + checksum_bytes(self.file_bytes())
    }

    /// A section that every file of the kind has.
    ///
    /// # Errors
    /// `Corrupt` when it is missing.
    pub(crate) fn section(&self, kind: SectionKind) -> Result<Section> {
        self.layout.section(kind).cloned().ok_or_else(|| {
            Error::corrupt(&self.path, 0, format!("the file has no section {kind:?}"))
        })
    }

    /// Bytes of a section whose checksums have been compared.
    ///
    /// # Errors
    /// `Corrupt`: damaged, or the section ends before.
    #[inline]
    pub(crate) fn bytes(&self, section: &Section, start: u64, count: usize) -> Result<&[u8]> {
        let end = start.checked_add(count as u64).filter(|end| *end <= section.bytes);
        let Some(end) = end else { return Err(self.beyond(section, start)) };
        let first = start as usize / BLOCK_BYTES;
        let last = (end as usize).saturating_sub(1).max(start as usize) / BLOCK_BYTES;
        let file_block = section.offset as usize / BLOCK_BYTES;
        for block in first..=last {
            if count > 0 && !self.is_verified(file_block + block) {
                self.verify(section, block)?;
            }
        }
        let at = (section.offset + start) as usize;
        self.mapping.bytes().get(at..at + count).ok_or_else(|| self.beyond(section, start))
    }

    /// All bytes of a section.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(crate) fn all(&self, section: &Section) -> Result<&[u8]> {
        self.bytes(section, 0, section.bytes as usize)
    }

    #[inline]
    fn is_verified(&self, block: usize) -> bool {
        let word = self.verified.get(block / BITS);
        // Relaxed: the bytes are those of the mapping, whoever compared them.
        word.is_some_and(|word| word.load(Ordering::Relaxed) >> (block % BITS) & 1 == 1)
    }

    #[cold]
    fn verify(&self, section: &Section, block: usize) -> Result<()> {
        let at = section.offset as usize + block * BLOCK_BYTES;
        let bytes = self.mapping.bytes().get(at..at + BLOCK_BYTES);
        let computed = bytes.map(crc32c);
        let stored = section.block_checksum(block);
        if computed.is_none() || computed != stored {
            let message = format!(
                "this block is not what was written: checksum {:08x} instead of {:08x}",
                computed.unwrap_or_default(),
                stored.unwrap_or_default()
            );
            return Err(Error::corrupt(&self.path, at as u64, message));
        }
        let number = at / BLOCK_BYTES;
        if let Some(word) = self.verified.get(number / BITS) {
            word.fetch_or(1 << (number % BITS), Ordering::Relaxed);
        }
        Ok(())
    }

    #[cold]
    fn beyond(&self, section: &Section, start: u64) -> Error {
        let at = section.offset.saturating_add(start);
        Error::corrupt(&self.path, at, "something is said to be here, and the section ends before")
    }

    /// Compares every block that was not compared before.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(crate) fn verify_all(&self) -> Result<()> {
        self.layout.sections().iter().try_for_each(|section| self.all(section).map(drop))
    }

    /// What is wrong at a place of a section.
    #[cold]
    pub(crate) fn damaged(&self, section: &Section, start: u64, message: &str) -> Error {
        Error::corrupt(&self.path, section.offset.saturating_add(start), message)
    }
}

fn map(disk: &dyn Disk, path: &Path) -> Result<Arc<dyn Mapping>> {
    disk.map(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Error::corrupt(path, 0, "the manifest names this file, and it is not there")
        }
        _ => Error::io(path, "map", &error),
    })
}
