//! The folder of the index, and its files.

use super::part::{Part, kind_of};
use crate::error::{Error, Result};
use crate::segment::{MappedFile, Named, NumberedDir, SealedFileWriter, file_number};
use std::path::{Path, PathBuf};
use sutra_env::Env;
use sutra_format::sealed_file::{FileKind, SealedHeader, SectionKind, SectionSize};
use sutra_format::text_file::{END_BYTES, TEXT_META_BYTES, TOTAL_BYTES, TextMeta};
use sutra_index::{PartSection, PartSink};

const DIR: &str = "texts";
const SUFFIX: &str = ".text";

/// Where the files are.
#[derive(Clone)]
pub(crate) struct TextDir {
    files: NumberedDir,
    store_id: [u8; 16],
}

/// A part that is to be written.
pub(super) struct WholePart<'a> {
    pub(super) meta: &'a TextMeta,
    pub(super) ends: &'a [u8],
    pub(super) totals: &'a [u8],
    /// Bytes of each section, in the order of [`PartSection::ALL`].
    pub(super) lengths: [u64; 8],
}

/// Writes the sections of a part to its file.
pub(super) struct FileSink(SealedFileWriter);

impl PartSink for FileSink {
    type Error = Error;

    fn append(&mut self, section: PartSection, bytes: &[u8]) -> Result<()> {
        self.0.append(kind_of(section), bytes)
    }
}

impl TextDir {
    /// Of the shard in a folder. Touches nothing.
    pub(crate) fn new(env: &Env, shard: &Path, store_id: [u8; 16]) -> Self {
        Self { files: NumberedDir::new(env, shard, DIR, SUFFIX), store_id }
    }

    /// Where the file with this number is.
    pub(crate) fn path_of(&self, number: u32) -> PathBuf {
        self.files.path_of(number)
    }

    /// Numbers of the files whose names are ours; none if there is no such folder.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn list(&self) -> Result<Vec<u32>> {
        self.files.list()
    }

    /// Opens a part and compares all of its bytes with their checksums.
    ///
    /// # Errors
    /// `Corrupt`, `NotAStore`, `Io`.
    pub(crate) fn open(&self, number: u32) -> Result<Part> {
        let path = self.path_of(number);
        let named = Named { kind: FileKind::Text, number, store_id: self.store_id };
        let file = MappedFile::open_unnamed(self.files.disk(), &path, &named)?;
        file.verify_all()?;
        let section = file.section(SectionKind::PartMeta)?;
        let meta = TextMeta::decode(file.all(&section)?)
            .map_err(|error| Error::undecodable(&path, section.offset, &error))?;
        Part::in_file(file, meta)
    }

    /// Writes a part, makes it durable and opens it. A file that had its number is replaced: it was
    /// of no use.
    ///
    /// # Errors
    /// `Io`, `DiskFull`, and what `fill` answers: what was written is removed as far as that works.
    pub(super) fn write(
        &self,
        number: u32,
        whole: &WholePart<'_>,
        fill: impl FnOnce(&mut FileSink) -> Result<()>,
    ) -> Result<Part> {
        self.files.make()?;
        self.remove(number)?;
        let written = self.fill(number, whole, fill);
        let opened = written.and_then(|()| {
            self.files.sync()?;
            self.open(number)
        });
        opened.inspect_err(|_| drop(self.remove(number)))
    }

    fn fill(
        &self,
        number: u32,
        whole: &WholePart<'_>,
        fill: impl FnOnce(&mut FileSink) -> Result<()>,
    ) -> Result<()> {
        let WholePart { meta, ends, totals, lengths } = whole;
        let (kind, store_id) = (FileKind::Text, self.store_id);
        let (first_seqno, last_seqno) = (meta.after_seqno + 1, meta.last_seqno);
        let header = SealedHeader { kind, number, store_id, first_seqno, last_seqno };
        let bytes = |kind, bytes: usize, each: usize| SectionSize {
            kind,
            bytes: bytes as u64,
            items: (bytes / each) as u64,
        };
        let mut sizes = vec![bytes(SectionKind::PartMeta, TEXT_META_BYTES, TEXT_META_BYTES)];
        sizes.extend(PartSection::ALL.iter().zip(lengths).map(|(section, length)| SectionSize {
            kind: kind_of(*section),
            bytes: *length,
            items: *length,
        }));
        sizes.push(bytes(SectionKind::Ends, ends.len(), END_BYTES));
        sizes.push(bytes(SectionKind::Totals, totals.len(), TOTAL_BYTES));
        let path = self.path_of(number);
        let writer = SealedFileWriter::create(self.files.disk(), &path, header, &sizes)?;
        let mut sink = FileSink(writer);
        sink.0.append(SectionKind::PartMeta, &meta.encode())?;
        fill(&mut sink)?;
        sink.0.append(SectionKind::Ends, ends)?;
        sink.0.append(SectionKind::Totals, totals)?;
        sink.0.finish().map(drop)
    }

    /// Removes a part, which may be gone already.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn remove(&self, number: u32) -> Result<()> {
        self.files.remove(number)
    }
}

/// The number in the name of a file.
pub(crate) fn text_number(name: &str) -> Option<u32> {
    file_number(name, SUFFIX)
}
