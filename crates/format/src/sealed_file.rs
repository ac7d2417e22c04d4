//! Files that are written once, synced, and then read where they are mapped: the container of
//! segments and of vectors.
//!
//! ```text
//! header block | sections, each from a multiple of 4096 on | footer | trailer 32
//!
//! header block: magic 8 | version 4 | number 4 | store id 16 | first seqno 8 | last seqno 8 |
//!   checksum 4 | zeros = 4096 bytes
//! footer: sections 4 | zero 4 | each section: kind 4 | zero 4 | offset 8 | bytes 8 | items 8 |
//!   each section's blocks: checksum 4 | checksum of the header 4 | checksum 4
//! trailer: footer offset 8 | footer bytes 8 | file bytes 8 | footer checksum 4 | checksum 4
//! ```
//!
//! A section is filled up with zeros to a multiple of 4096, and each such block has a checksum. The
//! footer repeats the checksum of the header. That of the whole header block would say nothing:
//! bytes followed by their own CRC and by zeros have the same CRC whatever they are.

use crate::FORMAT_VERSION;
use crate::checksum::crc32c;

/// Bytes that share a checksum; sections begin at multiples of it.
pub const BLOCK_BYTES: usize = 4096;
/// Bytes of the header that its checksum covers.
pub(crate) const HEADER_CHECKED_BYTES: usize = 48;
/// Bytes of a section in the footer.
pub(crate) const SECTION_BYTES: usize = 32;
/// Bytes of the trailer.
pub(crate) const TRAILER_BYTES: usize = 32;

/// What a sealed file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Concepts and associations.
    Segment,
    /// Vectors of one namespace.
    Vectors,
    /// A graph over vectors of one namespace.
    Graph,
    /// A part of the index of texts and attributes.
    Text,
}

impl FileKind {
    /// First bytes of such files. The line ends catch a transfer that changed them.
    #[must_use]
    pub fn magic(self) -> [u8; 8] {
        match self {
            Self::Segment => *b"SUTSEG\r\n",
            Self::Vectors => *b"SUTVEC\r\n",
            Self::Graph => *b"SUTGRA\r\n",
            Self::Text => *b"SUTTXT\r\n",
        }
    }
}

/// What a file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedHeader {
    /// What it holds.
    pub kind: FileKind,
    /// Number of the file, unique in its shard.
    pub number: u32,
    /// The store it belongs to: a file copied from elsewhere is told apart.
    pub store_id: [u8; 16],
    /// First commit that may be in it.
    pub first_seqno: u64,
    /// Last commit that may be in it.
    pub last_seqno: u64,
}

macro_rules! section_kinds {
    ($($(#[doc = $doc:literal])* $name:ident = $number:literal,)*) => {
        /// What a section holds. The numbers are part of the format.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum SectionKind {
            $($(#[doc = $doc])* $name = $number,)*
        }

        impl SectionKind {
            /// The kind with this number.
            #[must_use]
            pub fn from_number(number: u32) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// Its number.
            #[must_use]
            pub fn number(self) -> u32 {
                self as u32
            }
        }
    };
}

section_kinds! {
    /// Concepts mentioned, by hash and id.
    Nodes = 1,
    /// Where the nodes of a range of hashes begin.
    Directory = 2,
    /// Which hashes of ids may be in the nodes.
    Filter = 3,
    /// Versions of concepts, in the order of commits.
    Records = 4,
    /// Where each version begins.
    Order = 5,
    /// Attributes of associations.
    EdgeAttributes = 6,
    /// Associations by source.
    Out = 7,
    /// Associations by target.
    In = 8,
    /// Ends of associations of older layers, by source.
    OutEnds = 9,
    /// Ends of associations of older layers, by target.
    InEnds = 10,
    /// Labels and namespaces that are new in the file.
    Names = 11,
    /// Times of commits.
    Commits = 12,
    /// Which associations may be in it.
    EdgeFilter = 13,
    /// Namespace of the vectors.
    Meta = 21,
    /// Numbers of rows.
    Rows = 22,
    /// Commits that wrote the rows.
    Begins = 23,
    /// Concepts that the rows belong to.
    Ids = 24,
    /// One over the length of each vector.
    InverseNorms = 25,
    /// The vectors.
    Floats = 26,
    /// What a graph is of, and how it was made.
    GraphMeta = 31,
    /// The graph, as the library that made it has it.
    Graph = 32,
    /// What a part of the index covers, and how its texts were read.
    PartMeta = 41,
    /// Columns of the documents.
    Docs = 42,
    /// Words of a namespace, sorted.
    TermEntries = 43,
    /// The words.
    TermBytes = 44,
    /// Documents of each word.
    Postings = 45,
    /// Places of each word in its documents.
    Positions = 46,
    /// Values of attributes, sorted.
    ValueEntries = 47,
    /// Paths and values.
    ValueBytes = 48,
    /// Documents of each value.
    ValueDocs = 49,
    /// Documents that ended, and when.
    Ends = 50,
    /// Documents and words of each namespace.
    Totals = 51,
}

/// Length of a section that is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SectionSize {
    /// What it holds.
    pub kind: SectionKind,
    /// Bytes without what fills its last block up.
    pub bytes: u64,
    /// Entries, for whoever looks at the file.
    pub items: u64,
}

/// The file would be longer than any file can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

/// Where everything in a file that is to be written has its place.
#[derive(Debug, Clone)]
pub struct SealedPlan {
    header: SealedHeader,
    sections: Vec<(SectionSize, u64)>,
    footer_offset: u64,
    footer_bytes: u64,
}

/// The end of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Footer {
    /// Footer and trailer, which stand at the plan's `footer_offset`.
    pub bytes: Vec<u8>,
    /// Checksum of the footer, and so of the whole file.
    pub checksum: u32,
}

impl SealedPlan {
    /// Gives each section its place, in the order given.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn new(header: SealedHeader, sizes: &[SectionSize]) -> Result<Self, TooLong> {
        let block = BLOCK_BYTES as u64;
        let mut at = block;
        let mut blocks = 0;
        let mut sections = Vec::with_capacity(sizes.len());
        for size in sizes {
            sections.push((*size, at));
            let padded = size.bytes.checked_next_multiple_of(block).ok_or(TooLong)?;
            at = at.checked_add(padded).filter(|end| *end < 1 << 56).ok_or(TooLong)?;
            blocks += padded / block;
        }
        let footer_bytes = 16 + sections.len() as u64 * SECTION_BYTES as u64 + blocks * 4;
        Ok(Self { header, sections, footer_offset: at, footer_bytes })
    }

    /// Where a section begins.
    #[must_use]
    pub fn offset_of(&self, kind: SectionKind) -> Option<u64> {
        self.sections.iter().find(|(size, _)| size.kind == kind).map(|(_, offset)| *offset)
    }

    /// Where the footer begins.
    #[must_use]
    pub fn footer_offset(&self) -> u64 {
        self.footer_offset
    }

    /// Length of the file.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.footer_offset + self.footer_bytes + TRAILER_BYTES as u64
    }

    /// The first block.
    #[must_use]
    pub fn header_block(&self) -> Vec<u8> {
        let header = &self.header;
        let mut bytes = Vec::with_capacity(BLOCK_BYTES);
        bytes.extend_from_slice(&header.kind.magic());
        bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes.extend_from_slice(&header.number.to_le_bytes());
        bytes.extend_from_slice(&header.store_id);
        bytes.extend_from_slice(&header.first_seqno.to_le_bytes());
        bytes.extend_from_slice(&header.last_seqno.to_le_bytes());
        bytes.extend_from_slice(&crc32c(&bytes).to_le_bytes());
        bytes.resize(BLOCK_BYTES, 0);
        bytes
    }

    /// The end of the file, given the checksums of each section's blocks in the order of the plan.
    #[must_use]
    pub fn footer(&self, checksums: &[Vec<u32>]) -> Footer {
        let mut bytes = Vec::with_capacity(self.footer_bytes as usize + TRAILER_BYTES);
        bytes.extend_from_slice(&(self.sections.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        for (size, offset) in &self.sections {
            bytes.extend_from_slice(&size.kind.number().to_le_bytes());
            bytes.extend_from_slice(&[0; 4]);
            bytes.extend_from_slice(&offset.to_le_bytes());
            bytes.extend_from_slice(&size.bytes.to_le_bytes());
            bytes.extend_from_slice(&size.items.to_le_bytes());
        }
        for checksum in checksums.iter().flatten() {
            bytes.extend_from_slice(&checksum.to_le_bytes());
        }
        let header = self.header_block();
        let header = header.get(..HEADER_CHECKED_BYTES).unwrap_or_default();
        bytes.extend_from_slice(&crc32c(header).to_le_bytes());
        let checksum = crc32c(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        let trailer_at = bytes.len();
        bytes.extend_from_slice(&self.footer_offset.to_le_bytes());
        bytes.extend_from_slice(&self.footer_bytes.to_le_bytes());
        bytes.extend_from_slice(&self.file_bytes().to_le_bytes());
        bytes.extend_from_slice(&checksum.to_le_bytes());
        let trailer = crc32c(bytes.get(trailer_at..).unwrap_or_default());
        bytes.extend_from_slice(&trailer.to_le_bytes());
        Footer { bytes, checksum }
    }
}

/// Checksums of a section's blocks, taken while its bytes pass by.
#[derive(Debug, Clone, Default)]
pub struct SectionChecksums {
    /// Bytes of a block that is not whole yet.
    block: Vec<u8>,
    checksums: Vec<u32>,
}

impl SectionChecksums {
    /// The next bytes of the section.
    pub fn pass(&mut self, bytes: &[u8]) {
        let missing = if self.block.is_empty() { 0 } else { BLOCK_BYTES - self.block.len() };
        let (first, rest) = bytes.split_at(missing.min(bytes.len()));
        self.block.extend_from_slice(first);
        if self.block.len() == BLOCK_BYTES {
            self.checksums.push(crc32c(&self.block));
            self.block.clear();
        }
        let (blocks, rest) = rest.as_chunks::<BLOCK_BYTES>();
        self.checksums.extend(blocks.iter().map(|block| crc32c(block)));
        self.block.extend_from_slice(rest);
    }

    /// The checksums; the last block is filled up with zeros.
    #[must_use]
    pub fn finish(mut self) -> Vec<u32> {
        if !self.block.is_empty() {
            self.block.resize(BLOCK_BYTES, 0);
            self.checksums.push(crc32c(&self.block));
        }
        self.checksums
    }
}

#[cfg(test)]
mod tests;
