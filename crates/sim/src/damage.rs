//! Closed stores that are damaged, one for each way in which a repair has to save something else.

use std::path::Path;

use sutra_env::Disk;
use sutra_format::AssociationClass;
use sutra_format::sealed_file::{FileKind, SectionKind};
use sutra_format::sealed_layout::SealedLayout;

use crate::disk::SimDisk;
use crate::failure::Failure;
use crate::merging::Merging;
use crate::operation::{EdgeFields, EdgeSlots, Fields, Operation, SLOTS, Slot, Text};
use crate::plan::{Action, Setting};
use crate::world::{MANIFEST, World};

/// Begins the name of a segment or a file of vectors.
const SEALED: &str = "/store/segments/";
/// Begins the name of a file of the log.
const LOG: &str = "/store/wal/0";
/// Text of the commit in the log that is damaged: others come before it and behind it.
const LOG_TEXT: &str = "text 42 ";

/// What is wrong with the store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Damage {
    /// A byte of a section of the segment with this index, oldest first.
    Segment(usize, SectionKind),
    /// A byte of the vectors in the oldest file of them.
    Vectors,
    /// A byte of a commit in the middle of the log: sound ones are behind it.
    Log,
    /// A byte of the manifest.
    Manifest,
    /// The manifest is gone.
    NoManifest,
    /// The segment with this index is gone.
    NoSegment(usize),
    /// The oldest file of vectors is gone.
    NoVectors,
    /// Log and a segment.
    LogAndSegment,
    /// Log and manifest.
    LogAndManifest,
    /// A segment, a file of vectors and the manifest.
    SealedAndManifest,
    /// Every file of the log is gone.
    NoLog,
}

impl Damage {
    /// All kinds.
    pub const ALL: [Self; 14] = [
        Self::Segment(0, SectionKind::Records),
        Self::Segment(1, SectionKind::Nodes),
        Self::Segment(2, SectionKind::Out),
        Self::Vectors,
        Self::Log,
        Self::Manifest,
        Self::NoManifest,
        Self::NoSegment(1),
        Self::NoSegment(2),
        Self::NoVectors,
        Self::LogAndSegment,
        Self::LogAndManifest,
        Self::SealedAndManifest,
        Self::NoLog,
    ];

    fn apply(self, disk: &SimDisk) {
        match self {
            Self::Segment(index, section) => {
                flip_in_section(disk, &segments(disk)[index], FileKind::Segment, section);
            }
            Self::Vectors => {
                let file = &vectors(disk)[0];
                flip_in_section(disk, file, FileKind::Vectors, SectionKind::Floats);
            }
            Self::Log => flip_log(disk),
            Self::Manifest => disk.flip_bit(MANIFEST, disk.content(MANIFEST).len() as u64 / 2, 3),
            Self::NoManifest => remove(disk, MANIFEST),
            Self::NoSegment(index) => remove(disk, &segments(disk)[index]),
            Self::NoVectors => remove(disk, &vectors(disk)[0]),
            Self::LogAndSegment => {
                Self::Log.apply(disk);
                Self::Segment(1, SectionKind::Records).apply(disk);
            }
            Self::LogAndManifest => {
                Self::Log.apply(disk);
                Self::Manifest.apply(disk);
            }
            Self::SealedAndManifest => {
                Self::Segment(1, SectionKind::Records).apply(disk);
                Self::Vectors.apply(disk);
                Self::NoManifest.apply(disk);
            }
            Self::NoLog => logs(disk).iter().for_each(|file| remove(disk, file)),
        }
    }
}

/// A disk with a store on it.
pub struct Damaged {
    /// Nobody has it open, and everything on it is durable.
    pub disk: SimDisk,
    /// What the store runs on.
    pub setting: Setting,
}

impl Damaged {
    /// A store with several segments, vectors in files, tombstones, ended associations, and several
    /// files of the log with commits that are in no segment, damaged.
    ///
    /// # Errors
    /// The store cannot be made.
    pub fn new(damage: Damage) -> Result<Self, Failure> {
        let setting = setting();
        let mut world = World::new(5, setting.clone(), None);
        world.start()?;
        for batch in history() {
            let action = batch.map_or(Action::Flush, Action::Submit);
            world.perform(&action)?;
            world.perform(&Action::Idle)?;
        }
        world.close()?;
        let disk = world.disk().fork();
        let made = (segments(&disk).len(), vectors(&disk).len(), logs(&disk).len());
        if made.0 != 3 || made.1 < 3 || made.2 < 3 {
            return Err(Failure::new("damage", format!("the store is another one: {made:?}")));
        }
        damage.apply(&disk);
        Ok(Self { disk, setting })
    }
}

/// The commits beyond the segments take several log files.
fn setting() -> Setting {
    Setting::with_small_logs().with_segments(usize::MAX, Merging::BySize)
}

/// Batches, and flushes between them.
fn history() -> Vec<Option<Vec<Operation>>> {
    let mut first: Vec<_> = (0..SLOTS).map(|slot| learn(slot, 1)).collect();
    first.extend((0..SLOTS).map(|slot| associate(slot, (slot * 5 + 1) % SLOTS, Some(1))));
    let second = vec![
        learn(3, 2),
        update(4, 2),
        dissociate(5, 2, Some(1)),
        associate(6, 7, None),
        associate(0, 1, Some(1)),
        Operation::Delete { slot: Slot(2) },
        Operation::Delete { slot: Slot(8) },
    ];
    let third = vec![
        learn(2, 3),
        update(3, 3),
        associate(2, 3, Some(2)),
        dissociate(6, 7, None),
        Operation::Delete { slot: Slot(9) },
    ];
    let in_log = [
        vec![learn(8, 40), associate(8, 0, Some(3))],
        vec![update(0, 41), Operation::Delete { slot: Slot(10) }],
        vec![learn(4, 42), associate(4, 8, None)],
        vec![learn(9, 43), dissociate(0, 1, Some(1))],
        vec![update(1, 44), associate(9, 1, Some(2))],
        vec![Operation::Delete { slot: Slot(6) }, learn(10, 45)],
    ];
    let flushed = [first, second, third].map(Some);
    let flushed = flushed.into_iter().flat_map(|batch| [batch, None]);
    flushed.chain(in_log.map(Some)).collect()
}

fn fields(slot: u8, version: u32) -> Fields {
    Fields {
        text: Some(Text { version, bytes: 120 }),
        vector: Some([slot.cast_signed() + 1, (version as u8).cast_signed(), 0, 1]),
        attributes: Some(version as u8),
        ..Fields::default()
    }
}

fn learn(slot: u8, version: u32) -> Operation {
    Operation::Learn { slot: Slot(slot), fields: fields(slot, version) }
}

/// Without a vector: the one before stays, in whichever file it is.
fn update(slot: u8, version: u32) -> Operation {
    let fields = Fields { vector: None, strength: Some(0.5), ..fields(slot, version) };
    Operation::Update { slot: Slot(slot), fields }
}

fn edge(source: u8, target: u8, label: Option<u8>) -> EdgeSlots {
    let (source, target) = (Slot(source), Slot(target));
    EdgeSlots { source, target, class: AssociationClass::Causal, label }
}

fn associate(source: u8, target: u8, label: Option<u8>) -> Operation {
    let fields = EdgeFields { confidence: Some(0.5), attributes: Some(1), ..EdgeFields::default() };
    Operation::Associate { edge: edge(source, target, label), fields }
}

fn dissociate(source: u8, target: u8, label: Option<u8>) -> Operation {
    Operation::Dissociate { edge: edge(source, target, label) }
}

fn named(disk: &SimDisk, start: &str, end: &str) -> Vec<String> {
    let files = disk.files().into_iter().map(|(file, _)| file);
    files.filter(|file| file.starts_with(start) && file.ends_with(end)).collect()
}

fn segments(disk: &SimDisk) -> Vec<String> {
    named(disk, SEALED, ".seg")
}

fn vectors(disk: &SimDisk) -> Vec<String> {
    named(disk, SEALED, ".vec")
}

fn logs(disk: &SimDisk) -> Vec<String> {
    named(disk, LOG, ".wal")
}

fn remove(disk: &SimDisk, file: &str) {
    let path = Path::new(file);
    let removed = disk.remove_file(path);
    let synced = removed.and_then(|()| disk.sync_dir(path.parent().expect("it is in a folder")));
    synced.expect("a disk that works");
}

fn flip_in_section(disk: &SimDisk, file: &str, kind: FileKind, section: SectionKind) {
    let bytes = disk.content(file);
    let layout = SealedLayout::decode(kind, &bytes).expect("a sound file");
    let section = layout.section(section).expect("every file of the kind has it");
    disk.flip_bit(file, section.offset + section.bytes / 2, 4);
}

fn flip_log(disk: &SimDisk) {
    let text = LOG_TEXT.as_bytes();
    let found = logs(disk).into_iter().find_map(|file| {
        let content = disk.content(&file);
        let at = content.windows(text.len()).position(|window| window == text)?;
        Some((file, at as u64))
    });
    let (file, at) = found.expect("the commit is in the log");
    disk.flip_bit(&file, at, 2);
}
