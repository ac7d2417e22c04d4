//! Several parts become one: the values of the documents that survive.

use super::AttributeIndex;
use super::index::EntryWriter;
use crate::docs::DROPPED;
use crate::merge_error::MergeError;
use crate::sink::PartSink;
use sutra_format::DecodeError;

/// Writes the values of the surviving documents of several parts, as if an index of these
/// documents alone was built. Each part comes with the new number of each of its documents,
/// `u32::MAX` for those that are dropped. Holds the documents of one value in memory at a time.
///
/// # Errors
/// When the sink fails, or a part does not decode.
pub fn merge_attributes<S: PartSink>(
    inputs: &[(AttributeIndex<'_>, &[u32])],
    sink: &mut S,
) -> Result<(), MergeError<S::Error>> {
    let mut heads = Vec::new();
    for (input, (index, numbers)) in inputs.iter().enumerate() {
        let mut head = Head { input, index, numbers, entry: 0, key: None };
        head.load().map_err(|error| MergeError::Damaged { input, error })?;
        heads.push(head);
    }
    let mut writer = EntryWriter::new();
    let mut documents = Vec::new();
    while let Some(key) = heads.iter().filter_map(|head| head.key).min() {
        documents.clear();
        for head in heads.iter_mut().filter(|head| head.key == Some(key)) {
            let taken = head.take(&mut documents);
            taken.map_err(|error| MergeError::Damaged { input: head.input, error })?;
        }
        if !documents.is_empty() {
            documents.sort_unstable();
            writer.push(sink, key, &documents).map_err(MergeError::Sink)?;
        }
    }
    writer.finish(sink).map_err(MergeError::Sink)
}

/// Position in a part.
struct Head<'i, 'a> {
    input: usize,
    index: &'i AttributeIndex<'a>,
    numbers: &'i [u32],
    entry: usize,
    /// Key of the entry; nothing after the last.
    key: Option<&'a [u8]>,
}

impl Head<'_, '_> {
    /// Appends the new numbers of the entry's documents and steps to the next entry.
    fn take(&mut self, documents: &mut Vec<u32>) -> Result<(), DecodeError> {
        for old in self.index.documents_of(self.entry..self.entry + 1)? {
            let new = self.numbers.get(u32::from_le_bytes(*old) as usize);
            match new.ok_or_else(|| DecodeError::value(self.entry, "document of a value"))? {
                &DROPPED => {}
                new => documents.push(*new),
            }
        }
        let key = self.key;
        self.entry += 1;
        self.load()?;
        // Keys out of order would come out twice.
        if self.key.is_some() && self.key <= key {
            return Err(DecodeError::value(self.entry, "order of the values"));
        }
        Ok(())
    }

    fn load(&mut self) -> Result<(), DecodeError> {
        let has_entry = self.entry < self.index.values();
        self.key = if has_entry { Some(self.index.key(self.entry)?) } else { None };
        Ok(())
    }
}
