//! The golden store with bytes of a sealed file changed and every checksum made fit, as no damage
//! does: whatever the bytes say, the shard reads it or tells that it is corrupt.

use super::golden;
use super::machine::{Dice, Machine};
use parking_lot::Mutex;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use sutra_format::concept_record::{CONCEPT_HEADER_BYTES, ConceptRecord, TextRef, length_and_kind};
use sutra_format::manifest::Manifest;
use sutra_format::sealed_file::{
    BLOCK_BYTES, FileKind, SealedPlan, SectionChecksums, SectionKind, SectionSize,
};
use sutra_format::sealed_layout::SealedLayout;
use sutra_format::{BatchBuilder, ConceptId, Learn};
use sutra_shard::{Ack, AckSink, Committed, Error, Result, Shard, ShardOptions, View};

type Files = Vec<(PathBuf, Vec<u8>)>;

/// Whether a request was answered, however.
#[derive(Default)]
struct Answered(Mutex<bool>);

impl AckSink for Answered {
    fn complete(&self, _token: u64, _result: Result<Committed>) {
        *self.0.lock() = true;
    }

    fn group_end(&self) {}
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Heard {
    pub refused: usize,
    pub corrupt: usize,
    pub read: usize,
}

/// Tells so many lies.
pub fn tell(lies: usize, first_seed: u64) -> Heard {
    let files = golden::files();
    let mut heard = Heard::default();
    for seed in (first_seed..).take(lies) {
        let mut dice = Dice::new(seed);
        let mut files = files.clone();
        change(&mut files, &mut dice);
        let result = catch_unwind(AssertUnwindSafe(|| open_and_read(files, &mut dice)));
        heard.note(result.unwrap_or_else(|cause| {
            eprintln!("SUTRA_FUZZ_SEED={seed} SUTRA_FUZZ_MUTATIONS=1 repeats it");
            resume_unwind(cause)
        }));
    }
    heard
}

/// What the fuzzer begins with: the beginning of each section, as [`tell_bytes`] reads it.
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let files = golden::files();
    let mut seeds = Vec::new();
    for (file, index) in (0_u8..).zip(sealed(&files)) {
        for (number, section) in (0_u8..).zip(layout_of(&files[index]).sections()) {
            let bytes = &files[index].1[section.offset as usize..];
            let bytes = &bytes[..256.min(section.bytes as usize)];
            let name = format!("file-{file}-{:?}", section.kind).to_lowercase();
            seeds.push((name, [&[file, number], bytes].concat()));
        }
    }
    seeds
}

/// Puts bytes in the place of a section: the first two say of which file and which one.
pub fn tell_bytes(bytes: &[u8]) -> Heard {
    static FILES: OnceLock<Files> = OnceLock::new();
    let Some(([file, section], bytes)) = bytes.split_first_chunk() else {
        return Heard::default();
    };
    let mut files = FILES.get_or_init(golden::files).clone();
    let sealed = sealed(&files);
    let changed = sealed[usize::from(*file) % sealed.len()];
    let layout = layout_of(&files[changed]);
    let sections = layout.sections();
    let section = &sections[usize::from(*section) % sections.len()];
    let count = bytes.len().min(section.bytes as usize);
    files[changed].1[section.offset as usize..][..count].copy_from_slice(&bytes[..count]);
    name(&mut files, changed, &layout);
    let mut heard = Heard::default();
    heard.note(open_and_read(files, &mut Dice::new(0)));
    heard
}

impl Heard {
    fn note(&mut self, result: Result<bool>) {
        match result {
            Err(Error::Corrupt { .. }) => self.refused += 1,
            Err(error) => panic!("{error}"),
            Ok(true) => self.corrupt += 1,
            Ok(false) => self.read += 1,
        }
    }
}

/// Indexes of the sealed files.
fn sealed(files: &Files) -> Vec<usize> {
    let is_sealed = |(path, _): &(PathBuf, Vec<u8>)| path.parent().unwrap().ends_with("segments");
    (0..files.len()).filter(|index| is_sealed(&files[*index])).collect()
}

fn layout_of((path, file): &(PathBuf, Vec<u8>)) -> SealedLayout {
    let is_segment = path.extension().unwrap() == "seg";
    let kind = if is_segment { FileKind::Segment } else { FileKind::Vectors };
    SealedLayout::decode(kind, file).unwrap()
}

/// Changes some bytes of a section of one of the files, then the checksums of the file and what the
/// manifest says of it.
fn change(files: &mut Files, dice: &mut Dice) {
    let changed = dice.pick(&sealed(files));
    let layout = layout_of(&files[changed]);
    let file = &mut files[changed].1;
    for _ in 0..=dice.below(3) {
        let filled: Vec<_> = layout.sections().iter().filter(|s| s.bytes > 0).collect();
        let section = dice.pick(&filled);
        let at = section.offset as usize + dice.below(section.bytes as usize);
        let end = (section.offset + section.bytes) as usize;
        let value = dice.pick(&[0, 1, u64::MAX, 1 << 63, 1 << 31, 4096, 8192, 1 << 56]);
        let aligned = at & !3;
        match dice.below(4) {
            0 => file[at] ^= 1 << dice.below(8),
            1 => file[at] = dice.next() as u8,
            2 if aligned + 4 <= end => {
                file[aligned..aligned + 4].copy_from_slice(&value.to_le_bytes()[..4]);
            }
            _ if aligned + 8 <= end => {
                file[aligned..aligned + 8].copy_from_slice(&value.to_le_bytes());
            }
            _ => file[at] ^= 0x80,
        }
    }
    name(files, changed, &layout);
}

/// Makes the checksums of a changed file fit, and the manifest name it.
fn name(files: &mut Files, changed: usize, layout: &SealedLayout) {
    let (number, checksum) = (layout.header().number, reseal(&mut files[changed].1, layout));
    let manifest = files.iter_mut().find(|(path, _)| path.ends_with("MANIFEST")).unwrap();
    let mut said = Manifest::decode(&manifest.1).unwrap();
    let segments = said.segments.iter_mut().map(|entry| (entry.number, &mut entry.checksum));
    let vectors = said.vector_files.iter_mut().map(|entry| (entry.number, &mut entry.checksum));
    for (_, place) in segments.chain(vectors).filter(|(of, _)| *of == number) {
        *place = checksum;
    }
    manifest.1 = said.encode();
}

/// Makes the checksums fit; gives that of the footer.
fn reseal(file: &mut Vec<u8>, layout: &SealedLayout) -> u32 {
    let sections = layout.sections();
    let sizes = sections.iter().map(|section| SectionSize {
        kind: section.kind,
        bytes: section.bytes,
        items: section.items,
    });
    let plan = SealedPlan::new(*layout.header(), &sizes.collect::<Vec<_>>()).unwrap();
    let checksums = sections.iter().map(|section| {
        let mut passing = SectionChecksums::default();
        passing.pass(&file[section.offset as usize..][..section.blocks() * BLOCK_BYTES]);
        passing.finish()
    });
    let footer = plan.footer(&checksums.collect::<Vec<_>>());
    file.truncate(plan.footer_offset() as usize);
    file.extend_from_slice(&footer.bytes);
    footer.checksum
}

/// Whether anything was told to be corrupt after the shard was opened.
fn open_and_read(files: Files, dice: &mut Dice) -> Result<bool> {
    let machine = Machine::new(0);
    for (path, bytes) in files {
        machine.disk().put(&Path::new("/").join(path), bytes);
    }
    let path = Path::new("/shard-00");
    let env = machine.env(0);
    let options = ShardOptions { read_only: true, ..golden::options() };
    let reader = Shard::open(&env, path, options)?;
    let mut is_corrupt = read(&reader.view());
    for seqno in 0..=10 {
        is_corrupt |= reader.view_at(seqno).is_some_and(|view| read(&view));
    }
    reader.close()?;
    let history_keep_us = dice.pick(&[None, Some(1 << 40)]);
    let options = ShardOptions { history_keep_us, memory_threshold: 1, ..golden::options() };
    let shard = Shard::open(&env, path, options)?;
    for number in 0..6 {
        let content = format!("later {number}");
        let batch = BatchBuilder::new().learn(&Learn { content: &content, ..Learn::default() });
        let batch = batch.delete(ConceptId(*b"an id of a user!")).build();
        request(&machine, dice, |ack| shard.submit(batch, ack));
        settle(&machine, dice);
    }
    is_corrupt |= read(&shard.view());
    request(&machine, dice, |ack| shard.submit_close(ack));
    // Only waits for the tasks: one that never ends keeps all of the machine in memory.
    assert!(shard.close().is_err());
    let background = shard.stats()?.background;
    Ok(is_corrupt || background.flush_error.is_some() || background.compaction_error.is_some())
}

fn request(machine: &Machine, dice: &mut Dice, submit: impl FnOnce(Ack)) {
    let answered = Arc::new(Answered::default());
    submit(Ack { sink: Arc::clone(&answered) as _, token: 0 });
    machine.run_until(dice, || *answered.0.lock());
}

/// A task that fails tries again after a time, which does not come.
fn settle(machine: &Machine, dice: &mut Dice) {
    for _ in 0..1000 {
        if !machine.step(dice) {
            return;
        }
    }
    panic!("a task never rests");
}

/// Reads everything. Whether any of it was told to be corrupt.
fn read(view: &View) -> bool {
    let mut is_corrupt = false;
    let mut ids = Vec::new();
    let listed = view.ids(|id| {
        ids.push(*id);
        ControlFlow::Continue(())
    });
    let mut note = |result: Result<()>| match result {
        Ok(()) => {}
        Err(Error::Corrupt { .. }) => is_corrupt = true,
        Err(error) => panic!("{error}"),
    };
    note(listed.map(drop));
    for id in &ids {
        note(read_concept(view, id));
        let mut fields = Vec::new();
        let mut edge = |edge: &sutra_shard::EdgeRef| {
            fields.push(view.edge_at(edge.location).map(drop));
            ControlFlow::Continue(())
        };
        note(view.outgoing(id, &mut edge).map(drop));
        note(view.incoming(id, &mut edge).map(drop));
        fields.into_iter().for_each(&mut note);
    }
    let mut texts = Vec::new();
    let recent = view.recent(None, |concept| {
        texts.push(concept.content().map(drop));
        if texts.len() < 1000 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    note(recent.map(drop));
    texts.into_iter().for_each(&mut note);
    let never = AtomicBool::new(false);
    for (number, namespace) in view.state().names().namespaces() {
        let query = vec![1.0; namespace.dimension as usize];
        note(view.nearest(number, &query, 5, &never).map(drop));
    }
    is_corrupt
}

fn read_concept(view: &View, id: &ConceptId) -> Result<()> {
    if let Some(concept) = view.get(id)? {
        let _read = (concept.content()?, concept.attributes()?, concept.key());
        let _vector = view.vector(&concept)?;
    }
    Ok(())
}

/// Puts a number into the newest record of the second segment whose content an older one has, in
/// place of where that is.
pub fn misplace_text(position: u64) -> Heard {
    let mut files = golden::files();
    let changed = *sealed(&files).last().unwrap();
    let layout = layout_of(&files[changed]);
    let section = layout.section(SectionKind::Records).unwrap();
    let range = section.offset as usize..(section.offset + section.bytes) as usize;
    let records = &files[changed].1[range.clone()];
    let mut at = 0;
    let mut found = None;
    while let Some((length, _)) = length_and_kind(&records[at..]) {
        let record = ConceptRecord::check(&records[at..at + length]).unwrap();
        found = Some(at).filter(|_| matches!(record.content(), TextRef::At(_))).or(found);
        at += length;
        if at == records.len() {
            break;
        }
    }
    let place = range.start + found.unwrap() + CONCEPT_HEADER_BYTES - 16;
    files[changed].1[place..place + 8].copy_from_slice(&position.to_le_bytes());
    name(&mut files, changed, &layout);
    let mut heard = Heard::default();
    heard.note(open_and_read(files, &mut Dice::new(0)));
    heard
}
