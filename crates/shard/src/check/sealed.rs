//! A sealed file as `check` reads it: whole, every block compared with its checksum.

use super::report::{Code, Report};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use sutra_env::{Disk, Mapping};
use sutra_format::checksum::crc32c;
use sutra_format::sealed_file::{BLOCK_BYTES, FileKind, SectionKind};
use sutra_format::sealed_layout::{SealedLayout, Section};

/// What the manifest says of a file.
#[derive(Clone, Copy)]
pub(super) struct Named {
    pub(super) kind: FileKind,
    pub(super) number: u32,
    pub(super) store_id: [u8; 16],
    /// Length and checksum; nothing when the manifest does not read.
    pub(super) said: Option<(u64, u32)>,
}

/// A mapped file whose header and footer are sound.
pub(crate) struct Sealed {
    path: PathBuf,
    mapping: Arc<dyn Mapping>,
    layout: SealedLayout,
}

impl Sealed {
    /// Maps a file and compares header, footer and every block with what they must be. Nothing if
    /// anything is wrong with it; the report says what.
    pub(super) fn check(
        disk: &dyn Disk,
        path: &Path,
        named: &Named,
        report: &mut Report,
    ) -> Option<Self> {
        let mapping = match disk.map(path) {
            Ok(mapping) => mapping,
            Err(error) => {
                report.add_io(path, &error);
                return None;
            }
        };
        report.files_checked += 1;
        report.bytes_checked += mapping.bytes().len() as u64;
        let before = report.damage();
        let length = mapping.bytes().len() as u64;
        if let Some((file_bytes, _)) = named.said.filter(|(bytes, _)| *bytes != length) {
            let message = format!("the file has {length} bytes instead of {file_bytes}");
            report.add(Code::HEADER, path, length.min(file_bytes), message);
        }
        let layout = match SealedLayout::decode(named.kind, mapping.bytes()) {
            Ok(layout) => layout,
            Err(error) => {
                report.add_undecodable(Code::HEADER, path, 0, &error);
                return None;
            }
        };
        let sealed = Self { path: path.into(), mapping, layout };
        sealed.check_identity(named, report);
        sealed.check_blocks(report);
        (report.damage() == before).then_some(sealed)
    }

    fn check_identity(&self, named: &Named, report: &mut Report) {
        let header = self.layout.header();
        if header.store_id != named.store_id {
            report.add(Code::WRONG_STORE, &self.path, 0, "the file belongs to another store");
        } else if header.number != named.number {
            let message = format!("the file says it is number {}", header.number);
            report.add(Code::HEADER, &self.path, 0, message);
        } else if named.said.is_some_and(|(_, checksum)| checksum != self.layout.checksum()) {
            let message = "the file is not the one that the manifest names";
            report.add(Code::HEADER, &self.path, 0, message);
        }
    }

    fn check_blocks(&self, report: &mut Report) {
        for section in self.layout.sections() {
            for number in 0..section.blocks() {
                let at = section.offset as usize + number * BLOCK_BYTES;
                let block = self.mapping.bytes().get(at..at + BLOCK_BYTES);
                let (computed, stored) = (block.map(crc32c), section.block_checksum(number));
                if computed.is_none() || computed != stored {
                    let kind = section.kind;
                    let message = format!("a block of the section {kind:?} is not as written");
                    report.add(Code::CHECKSUM, &self.path, at as u64, message);
                }
            }
            self.check_padding(section, report);
        }
    }

    /// What fills the last block of a section up is zero.
    fn check_padding(&self, section: &Section, report: &mut Report) {
        let start = section.offset + section.bytes;
        let end = start.next_multiple_of(BLOCK_BYTES as u64);
        let padding = self.mapping.bytes().get(start as usize..end as usize);
        if let Some(at) = padding.and_then(first_not_zero) {
            let message = "a byte behind the end of a section is not zero";
            report.add(Code::SECTION, &self.path, start + at as u64, message);
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn layout(&self) -> &SealedLayout {
        &self.layout
    }

    /// Where a section is and its bytes; nothing if it is missing, which the report then says.
    pub(super) fn section(
        &self,
        kind: SectionKind,
        report: &mut Report,
    ) -> Option<(&Section, &[u8])> {
        let found = self.layout.section(kind).and_then(|section| {
            let end = section.offset.checked_add(section.bytes)?;
            let bytes = self.mapping.bytes().get(section.offset as usize..end as usize)?;
            Some((section, bytes))
        });
        if found.is_none() {
            let message = format!("the file has no section {kind:?}");
            report.add(Code::SECTION, &self.path, 0, message);
        }
        found
    }

    /// As [`Sealed::section`], of entries of `N` bytes each, as many as the footer says.
    pub(super) fn entries<const N: usize>(
        &self,
        kind: SectionKind,
        report: &mut Report,
    ) -> Option<(&Section, &[[u8; N]])> {
        let (section, bytes) = self.section(kind, report)?;
        let (entries, rest) = bytes.as_chunks::<N>();
        if !rest.is_empty() || section.items != entries.len() as u64 {
            let message = format!(
                "the section {kind:?} has {} bytes for {} entries of {N}",
                section.bytes, section.items
            );
            report.add(Code::SECTION, &self.path, section.offset, message);
            return None;
        }
        Some((section, entries))
    }
}

/// Index of the first byte that is not zero.
pub(super) fn first_not_zero(bytes: &[u8]) -> Option<usize> {
    const ZEROS: [u8; BLOCK_BYTES] = [0; BLOCK_BYTES];
    let is_other = |chunk: &[u8]| ZEROS.get(..chunk.len()) != Some(chunk);
    let number = bytes.chunks(BLOCK_BYTES).position(is_other)?;
    let start = number * BLOCK_BYTES;
    let within = bytes.get(start..)?.iter().position(|byte| *byte != 0)?;
    Some(start + within)
}
