//! Writing a sealed file: the length of every section is known, and all are filled at once, each
//! from its beginning to its end.

use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use sutra_env::{Disk, File, OpenMode, write_all_at};
use sutra_format::sealed_file::{
    BLOCK_BYTES, SealedHeader, SealedPlan, SectionChecksums, SectionKind, SectionSize,
};

/// Bytes gathered for a section before they are written.
const BUFFER_BYTES: usize = 256 << 10;

/// One section under construction.
struct Filling {
    kind: SectionKind,
    bytes: u64,
    offset: u64,
    /// Bytes appended so far.
    filled: u64,
    buffer: Vec<u8>,
    checksums: SectionChecksums,
}

/// A sealed file under construction. It is removed again unless it is finished.
pub(crate) struct SealedFileWriter {
    path: PathBuf,
    file: Arc<dyn File>,
    plan: SealedPlan,
    sections: Vec<Filling>,
}

/// A sealed file that is on disk, though its name may not be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SealedFile {
    pub(crate) file_bytes: u64,
    pub(crate) checksum: u32,
}

impl SealedFileWriter {
    /// Makes the file, which must not exist.
    ///
    /// # Errors
    /// `Io`, `DiskFull`.
    pub(crate) fn create(
        disk: &dyn Disk,
        path: &Path,
        header: SealedHeader,
        sizes: &[SectionSize],
    ) -> Result<Self> {
        let plan = SealedPlan::new(header, sizes)
            .map_err(|_| Error::corrupt(path, 0, "a file longer than any file can be"))?;
        let opened = disk.open(path, OpenMode::CreateNew);
        let file = opened.map_err(|error| Error::io(path, "create", &error))?;
        let sections = sizes.iter().map(|size| Filling {
            kind: size.kind,
            bytes: size.bytes,
            offset: plan.offset_of(size.kind).unwrap_or_default(),
            filled: 0,
            buffer: Vec::new(),
            checksums: SectionChecksums::default(),
        });
        Ok(Self { path: path.into(), file, sections: sections.collect(), plan })
    }

    /// File offset at which the next bytes of a section will stand.
    pub(crate) fn position(&self, kind: SectionKind) -> u64 {
        let section = self.sections.iter().find(|section| section.kind == kind);
        section.map_or(0, |section| section.offset + section.filled)
    }

    /// Appends to a section.
    ///
    /// # Errors
    /// `Io`, `DiskFull`.
    ///
    /// # Panics
    /// When the section gets longer than planned, or there is none: a mistake of the caller's.
    #[expect(clippy::expect_used, reason = "the caller planned the section")]
    pub(crate) fn append(&mut self, kind: SectionKind, bytes: &[u8]) -> Result<()> {
        let section = self.sections.iter_mut().find(|section| section.kind == kind);
        let section = section.expect("a planned section");
        section.buffer.extend_from_slice(bytes);
        section.filled += bytes.len() as u64;
        assert!(section.filled <= section.bytes, "{kind:?} is longer than planned");
        if section.buffer.len() < BUFFER_BYTES {
            return Ok(());
        }
        write(self.file.as_ref(), &self.path, section)
    }

    /// Writes what is left, then the header and the footer, and syncs the file.
    ///
    /// # Errors
    /// `Io`, `DiskFull`.
    ///
    /// # Panics
    /// When a section is shorter than planned: a mistake of the caller's.
    pub(crate) fn finish(self) -> Result<SealedFile> {
        let path = self.path.clone();
        let (file, sealed) = self.write_rest()?;
        let synced = file.sync_all();
        synced.map_err(|error| Error::io(&path, "sync", &error))?;
        Ok(sealed)
    }

    /// As [`SealedFileWriter::finish`] without the sync.
    pub(crate) fn write_rest(mut self) -> Result<(Arc<dyn File>, SealedFile)> {
        let mut checksums = Vec::with_capacity(self.sections.len());
        for mut section in std::mem::take(&mut self.sections) {
            assert_eq!(section.filled, section.bytes, "{:?} as long as planned", section.kind);
            let padding = section.bytes.next_multiple_of(BLOCK_BYTES as u64) - section.bytes;
            write(self.file.as_ref(), &self.path, &mut section)?;
            section.buffer.resize(padding as usize, 0);
            let at = section.offset + section.bytes;
            self.write_at(at, &section.buffer)?;
            checksums.push(section.checksums.finish());
        }
        let footer = self.plan.footer(&checksums);
        self.write_at(self.plan.footer_offset(), &footer.bytes)?;
        self.write_at(0, &self.plan.header_block())?;
        let file_bytes = self.plan.file_bytes();
        Ok((self.file, SealedFile { file_bytes, checksum: footer.checksum }))
    }

    fn write_at(&self, at: u64, bytes: &[u8]) -> Result<()> {
        let written = write_all_at(self.file.as_ref(), at, bytes);
        written.map_err(|error| Error::io(&self.path, "write", &error))
    }
}

/// Writes what was gathered of a section.
fn write(file: &dyn File, path: &Path, section: &mut Filling) -> Result<()> {
    let at = section.offset + section.filled - section.buffer.len() as u64;
    let written = write_all_at(file, at, &section.buffer);
    written.map_err(|error| Error::io(path, "write", &error))?;
    section.checksums.pass(&section.buffer);
    section.buffer.clear();
    Ok(())
}
