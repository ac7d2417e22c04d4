//! Sealed files whose checksums are right and whose numbers lie, as a forger or a mistake of ours
//! would make them: no read ends the process, what leads out of the file is refused, and a check
//! finds it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
#![expect(clippy::disallowed_methods, reason = "a test looks at files behind the engine's back")]

mod folder;

use folder::{STORED, associate, files, fill_small, learn, open, options, read};
use std::path::{Path, PathBuf};
use sutra_env::Env;
use sutra_format::checksum::crc32c;
use sutra_format::manifest::Manifest;
use sutra_format::sealed_file::{BLOCK_BYTES, FileKind, SectionKind};
use sutra_format::sealed_layout::{SealedLayout, Section};
use sutra_shard::check::Report;
use sutra_shard::{Error, ShardOptions, check_shard};

/// A shard, one of its sealed files, and that file's bytes as they should be.
struct Forgery<'a> {
    dir: &'a Path,
    path: PathBuf,
    bytes: Vec<u8>,
    manifest: Vec<u8>,
}

impl<'a> Forgery<'a> {
    fn new(dir: &'a Path, path: PathBuf) -> Self {
        let bytes = std::fs::read(&path).unwrap();
        let manifest = std::fs::read(dir.join("MANIFEST")).unwrap();
        Self { dir, path, bytes, manifest }
    }

    fn layout(&self) -> SealedLayout {
        let is_segment = self.path.extension().unwrap() == "seg";
        let kind = if is_segment { FileKind::Segment } else { FileKind::Vectors };
        SealedLayout::decode(kind, &self.bytes).unwrap()
    }

    fn number(&self) -> u32 {
        self.path.file_stem().unwrap().to_str().unwrap().parse().unwrap()
    }

    /// Puts bytes at a place and makes all checksums right, up to the manifest's.
    fn write(&self, at: usize, patch: &[u8]) {
        let mut bytes = self.bytes.clone();
        bytes[at..at + patch.len()].copy_from_slice(patch);
        let trailer = bytes.len() - 32;
        let footer = u64::from_le_bytes(self.bytes[trailer..trailer + 8].try_into().unwrap());
        let footer = footer as usize;
        let sections = u32::from_le_bytes(self.bytes[footer..footer + 4].try_into().unwrap());
        let mut put = |at: usize, checksum: u32| {
            bytes[at..at + 4].copy_from_slice(&checksum.to_le_bytes());
            bytes.clone()
        };
        let mut now = put(48, crc32c(&self.patched(at, patch)[..48]));
        let mut table = footer + 8 + sections as usize * 32;
        for block in (BLOCK_BYTES..footer).step_by(BLOCK_BYTES) {
            now = put(table, crc32c(&now[block..block + BLOCK_BYTES]));
            table += 4;
        }
        now = put(table, crc32c(&now[..48]));
        let checksum = crc32c(&now[footer..table + 4]);
        put(table + 4, checksum);
        now = put(trailer + 24, checksum);
        put(trailer + 28, crc32c(&now[trailer..trailer + 28]));
        std::fs::write(&self.path, &bytes).unwrap();
        let mut manifest = Manifest::decode(&self.manifest).unwrap();
        for segment in manifest.segments.iter_mut().filter(|s| s.number == self.number()) {
            segment.checksum = checksum;
        }
        for file in manifest.vector_files.iter_mut().filter(|f| f.number == self.number()) {
            file.checksum = checksum;
        }
        std::fs::write(self.dir.join("MANIFEST"), manifest.encode()).unwrap();
    }

    fn patched(&self, at: usize, patch: &[u8]) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        bytes[at..at + patch.len()].copy_from_slice(patch);
        bytes
    }

    fn check(&self) -> Report {
        check_shard(&Env::real(), self.dir, &STORED).unwrap()
    }

    /// Reads all of it; whether it was refused.
    fn is_refused(&self, what: &str) -> bool {
        match read(self.dir, ShardOptions { read_only: true, ..options() }) {
            Ok(_) => false,
            Err(Error::Corrupt { .. }) => true,
            Err(error) => panic!("{what}: {error:?}"),
        }
    }
}

impl Drop for Forgery<'_> {
    fn drop(&mut self) {
        std::fs::write(&self.path, &self.bytes).unwrap();
        std::fs::write(self.dir.join("MANIFEST"), &self.manifest).unwrap();
    }
}

fn small() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path(), options()).unwrap();
    fill_small(&shard);
    shard.close().unwrap();
    dir
}

fn sealed_files(dir: &Path) -> Vec<PathBuf> {
    files(&dir.join("segments"))
}

/// Sections of which a check finds any change: what they say follows from others. (The id of a row
/// that no concept has any more does not.)
fn is_derived(section: &Section) -> bool {
    use SectionKind::{Directory, EdgeFilter, Filter, In, InEnds, Meta, Nodes, Order};
    use SectionKind::{Out, OutEnds, Rows};
    [Directory, EdgeFilter, Filter, In, InEnds, Meta, Nodes, Order, Out, OutEnds, Rows]
        .contains(&section.kind)
}

#[test]
fn a_forgery_without_a_change_is_as_before() {
    let dir = small();
    for path in sealed_files(dir.path()) {
        let forgery = Forgery::new(dir.path(), path);
        forgery.write(100, &[]);
        assert_eq!(std::fs::read(&forgery.path).unwrap(), forgery.bytes);
        assert_eq!(forgery.check().problems, []);
    }
}

#[test]
fn numbers_that_lie_end_no_process_and_are_found() {
    let dir = small();
    let (mut lies, mut refused) = (0, 0);
    for path in sealed_files(dir.path()) {
        let forgery = Forgery::new(dir.path(), path);
        for section in forgery.layout().sections() {
            let (start, end) = (section.offset as usize, (section.offset + section.bytes) as usize);
            // Every fourth word of larger sections: each field of some entry is among them.
            let step = if end - start > 256 { 20 } else { 4 };
            for at in (start..end.saturating_sub(3)).step_by(step) {
                let is = u32::from_le_bytes(forgery.bytes[at..at + 4].try_into().unwrap());
                for lie in [is.wrapping_add(1), u32::MAX, is ^ 0x0080_0000] {
                    if lie == is {
                        continue;
                    }
                    forgery.write(at, &lie.to_le_bytes());
                    let kind = section.kind;
                    let what =
                        format!("{lie:x} for {is:x} in {kind:?} at {at} of {:?}", forgery.path);
                    let is_refused = forgery.is_refused(&what);
                    let is_sound = forgery.check().is_sound();
                    assert!(!(is_derived(section) && is_sound), "{what}: not found");
                    // Another text of a name may be refused by what the log says of it, which a
                    // check does not apply.
                    let may_differ = kind == SectionKind::Names;
                    assert!(may_differ || !is_refused || !is_sound, "{what}: called sound");
                    refused += u64::from(is_refused);
                    lies += 1;
                }
            }
        }
    }
    assert!(lies > 1000 && refused > 200, "{lies} lies, {refused} refused");
}

#[test]
fn lengths_and_places_that_lie_are_refused_when_the_file_is_opened() {
    let dir = small();
    for path in sealed_files(dir.path()) {
        let forgery = Forgery::new(dir.path(), path);
        let trailer = forgery.bytes.len() - 32;
        let footer = u64::from_le_bytes(forgery.bytes[trailer..trailer + 8].try_into().unwrap());
        let footer = footer as usize;
        for number in 0..forgery.layout().sections().len() {
            let section = footer + 8 + 32 * number;
            for field in [8, 16] {
                let at = section + field;
                let is = u64::from_le_bytes(forgery.bytes[at..at + 8].try_into().unwrap());
                for lie in [is + 4096, is + (1 << 40), u64::MAX, u64::MAX - 4095, 1 << 63] {
                    forgery.write(at, &lie.to_le_bytes());
                    let what = format!("{lie} for {is} at {at} of {:?}", forgery.path);
                    assert!(forgery.is_refused(&what), "{what}");
                    assert!(!forgery.check().is_sound(), "{what}");
                }
            }
            let at = section + 24;
            forgery.write(at, &u64::MAX.to_le_bytes());
            let what = format!("items of section {number} of {:?}", forgery.path);
            forgery.is_refused(&what);
            let kind = forgery.layout().sections()[number].kind;
            let has_items = ![SectionKind::EdgeAttributes, SectionKind::Names].contains(&kind);
            assert!(!(has_items && forgery.check().is_sound()), "{what}");
        }
        forgery.write(footer, &u32::MAX.to_le_bytes());
        assert!(forgery.is_refused("sections"));
    }
}

/// Every file is sound by itself, and so is every record of the log: only together do they say what
/// cannot be.
#[test]
fn a_log_that_does_not_fit_the_segments_below_it_is_found() {
    let (mine, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (dir, first) in [(&mine, 0), (&other, 10)] {
        let shard = open(dir.path(), options()).unwrap();
        learn(&shard, first..first + 2, 0);
        shard.flush().unwrap();
        associate(&shard, first, first + 1, None, 1.0);
        shard.close().unwrap();
    }
    for dir in [&mine, &other] {
        assert_eq!(check_shard(&Env::real(), dir.path(), &STORED).unwrap().problems, []);
    }
    for file in files(&mine.path().join("wal")) {
        let taken = other.path().join("wal").join(file.file_name().unwrap());
        std::fs::copy(taken, file).unwrap();
    }
    let report = check_shard(&Env::real(), mine.path(), &STORED).unwrap();
    assert!(!report.is_sound());
    assert_eq!(report.problems[0].code, "LOG");
    assert!(open(mine.path(), options()).is_err(), "opening refuses it as well");
}
