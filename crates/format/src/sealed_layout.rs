//! Reading where everything in a sealed file is. Looks at the header block and the footer only.

use crate::checksum::crc32c;
use crate::cursor::Cursor;
use crate::decode_error::{DecodeError, Problem};
use crate::sealed_file::{
    BLOCK_BYTES, FileKind, HEADER_CHECKED_BYTES, SECTION_BYTES, SealedHeader, SectionKind,
    TRAILER_BYTES,
};
use crate::wal_segment::{check_checksum, check_version};
use std::sync::Arc;

/// A section of a file.
#[derive(Debug, Clone)]
pub struct Section {
    /// What it holds.
    pub kind: SectionKind,
    /// Where it begins, a multiple of [`BLOCK_BYTES`].
    pub offset: u64,
    /// Bytes without what fills its last block up.
    pub bytes: u64,
    /// Entries.
    pub items: u64,
    /// Number of its first block among those of all sections.
    first_block: usize,
    checksums: Arc<[u32]>,
}

impl Section {
    /// Blocks of the section.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.bytes.div_ceil(BLOCK_BYTES as u64) as usize
    }

    /// Checksum of a block of the section.
    #[must_use]
    pub fn block_checksum(&self, block: usize) -> Option<u32> {
        let block = Some(block).filter(|block| *block < self.blocks())?;
        self.checksums.get(self.first_block + block).copied()
    }
}

/// Where everything in a file is.
#[derive(Debug, Clone)]
pub struct SealedLayout {
    header: SealedHeader,
    checksum: u32,
    sections: Vec<Section>,
}

impl SealedLayout {
    /// Reads header and footer of a whole file.
    ///
    /// # Errors
    /// Anything but a file of this kind, written by this or an older format version.
    pub fn decode(kind: FileKind, file: &[u8]) -> Result<Self, DecodeError> {
        let header = decode_header(kind, file)?;
        let (footer_at, footer, checksum) = find_footer(file)?;
        let within = |error: DecodeError| DecodeError { offset: footer_at + error.offset, ..error };
        let sections = decode_sections(footer, footer_at).map_err(within)?;
        check_header_block(file, u32_before_end(footer, 2).unwrap_or_default())?;
        Ok(Self { header, checksum, sections })
    }

    /// What the file says of itself.
    #[must_use]
    pub fn header(&self) -> &SealedHeader {
        &self.header
    }

    /// Checksum of the footer, and so of the whole file.
    #[must_use]
    pub fn checksum(&self) -> u32 {
        self.checksum
    }

    /// A section, if the file has it.
    #[must_use]
    pub fn section(&self, kind: SectionKind) -> Option<&Section> {
        self.sections.iter().find(|section| section.kind == kind)
    }

    /// All sections, in the order of their places.
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }
}

/// Reads what a file says of itself, given its first block.
///
/// # Errors
/// Anything but a header of this kind, written by this or an older format version.
pub fn decode_header(kind: FileKind, file: &[u8]) -> Result<SealedHeader, DecodeError> {
    let mut cursor = Cursor::new(file);
    if cursor.array::<8>()? != kind.magic() {
        return Err(DecodeError { offset: 0, problem: Problem::Magic });
    }
    let version_at = cursor.offset();
    let version = cursor.u32()?;
    let header = SealedHeader {
        kind,
        number: cursor.u32()?,
        store_id: cursor.array()?,
        first_seqno: cursor.u64()?,
        last_seqno: cursor.u64()?,
    };
    check_checksum(file, &mut cursor)?;
    check_version(version_at, version)?;
    Ok(header)
}

/// The footer belongs to this header, and nothing follows the header in its block.
fn check_header_block(file: &[u8], stored: u32) -> Result<(), DecodeError> {
    let computed = crc32c(file.get(..HEADER_CHECKED_BYTES).unwrap_or_default());
    if stored != computed {
        return Err(DecodeError { offset: 0, problem: Problem::Checksum { stored, computed } });
    }
    let end = HEADER_CHECKED_BYTES + size_of::<u32>();
    let rest = file.get(end..BLOCK_BYTES).unwrap_or_default();
    match rest.iter().position(|byte| *byte != 0) {
        Some(at) => Err(DecodeError::value(end + at, "padding of the header block")),
        None => Ok(()),
    }
}

/// Where the footer is, its bytes, and its checksum.
fn find_footer(file: &[u8]) -> Result<(usize, &[u8], u32), DecodeError> {
    let trailer_at = file.len().saturating_sub(TRAILER_BYTES);
    let within = |error: DecodeError| DecodeError { offset: trailer_at + error.offset, ..error };
    let trailer = file.get(trailer_at..).unwrap_or_default();
    let mut cursor = Cursor::new(trailer);
    let footer_at = cursor.u64().map_err(within)?;
    let footer_bytes = cursor.u64().map_err(within)?;
    let file_bytes = cursor.u64().map_err(within)?;
    let checksum = cursor.u32().map_err(within)?;
    check_checksum(trailer, &mut cursor).map_err(within)?;
    let footer_at = usize::try_from(footer_at).unwrap_or(usize::MAX);
    let is_whole = file_bytes == file.len() as u64
        && footer_at >= BLOCK_BYTES
        && footer_bytes >= 16
        && (footer_at as u64).checked_add(footer_bytes) == Some(trailer_at as u64);
    let footer = file.get(footer_at..trailer_at).filter(|_| is_whole);
    let footer = footer.ok_or_else(|| DecodeError::value(trailer_at, "place of the footer"))?;
    let stored = u32_before_end(footer, 1).unwrap_or_default();
    let computed = crc32c(footer.get(..footer.len() - size_of::<u32>()).unwrap_or_default());
    if stored != computed || stored != checksum {
        let problem = Problem::Checksum { stored, computed };
        return Err(DecodeError { offset: footer_at, problem });
    }
    Ok((footer_at, footer, checksum))
}

/// The number that so many numbers before the end of `bytes` begin with.
fn u32_before_end(bytes: &[u8], numbers: usize) -> Option<u32> {
    let at = bytes.len().checked_sub(numbers * size_of::<u32>())?;
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

fn decode_sections(footer: &[u8], footer_at: usize) -> Result<Vec<Section>, DecodeError> {
    let mut cursor = Cursor::new(footer);
    let count = cursor.u32()? as usize;
    cursor.u32()?;
    if count.checked_mul(SECTION_BYTES).is_none_or(|bytes| bytes > cursor.remaining()) {
        return Err(DecodeError::value(0, "number of sections"));
    }
    let mut found: Vec<(SectionKind, u64, u64, u64, usize)> = Vec::with_capacity(count);
    let (mut next, mut blocks) = (BLOCK_BYTES as u64, 0_usize);
    for _ in 0..count {
        let at = cursor.offset();
        let kind = SectionKind::from_number(cursor.u32()?);
        let kind = kind.ok_or_else(|| DecodeError::value(at, "kind of a section"))?;
        cursor.u32()?;
        let (offset, bytes, items) = (cursor.u64()?, cursor.u64()?, cursor.u64()?);
        let end = bytes
            .checked_next_multiple_of(BLOCK_BYTES as u64)
            .and_then(|padded| offset.checked_add(padded))
            .filter(|end| offset == next && *end <= footer_at as u64);
        next = end.ok_or_else(|| DecodeError::value(at, "place of a section"))?;
        if found.iter().any(|(other, ..)| *other == kind) {
            return Err(DecodeError::value(at, "kind of a section"));
        }
        found.push((kind, offset, bytes, items, blocks));
        blocks += bytes.div_ceil(BLOCK_BYTES as u64) as usize;
    }
    let expected = blocks.checked_add(2).and_then(|numbers| numbers.checked_mul(4));
    if next != footer_at as u64 || expected != Some(cursor.remaining()) {
        return Err(DecodeError::value(cursor.offset(), "number of blocks"));
    }
    let (numbers, _) = cursor.take(blocks * 4)?.as_chunks::<4>();
    let checksums: Arc<[u32]> = numbers.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
    let section = |(kind, offset, bytes, items, first_block)| {
        let checksums = Arc::clone(&checksums);
        Section { kind, offset, bytes, items, first_block, checksums }
    };
    Ok(found.into_iter().map(section).collect())
}

#[cfg(test)]
mod tests;
