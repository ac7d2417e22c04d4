//! The index of the attributes of new documents, in memory until it is written.

use super::index::EntryWriter;
use super::{flatten_attributes, flatten_key};
use crate::document::Document;
use crate::sink::PartSink;
use hashbrown::HashTable;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use sutra_format::DecodeError;

/// Collects the attributes of documents.
#[derive(Debug, Default)]
pub struct AttributeBuilder {
    /// All keys, one after the other.
    key_bytes: Vec<u8>,
    /// The keys by their numbers.
    keys: Vec<Key>,
    /// Numbers of keys by the hash of their bytes.
    numbers: HashTable<u32>,
    hash: RandomState,
    /// Number of a key and a document that has it.
    pairs: Vec<(u32, u32)>,
    /// Keys of the document that is being added.
    scratch: Vec<u8>,
    scratch_ends: Vec<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Key {
    start: usize,
    bytes: u32,
    documents: u32,
    /// Document added last. A document has a value once, however often it repeats it.
    last: u32,
}

impl AttributeBuilder {
    /// No documents yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the key and the attributes of a document. Documents come in rising order.
    ///
    /// # Errors
    /// When its attributes do not decode; nothing of the document was added.
    pub fn add(&mut self, document: u32, version: &Document<'_>) -> Result<(), DecodeError> {
        self.scratch.clear();
        self.scratch_ends.clear();
        let (scratch, ends) = (&mut self.scratch, &mut self.scratch_ends);
        let mut collect = |path: &[u8], value: &[u8]| {
            scratch.extend_from_slice(&version.namespace.to_be_bytes());
            scratch.extend_from_slice(path);
            scratch.extend_from_slice(value);
            ends.push(scratch.len());
        };
        flatten_key(version.key, &mut collect);
        flatten_attributes(version.attributes, true, &mut collect)?;
        let scratch = std::mem::take(&mut self.scratch);
        let ends = std::mem::take(&mut self.scratch_ends);
        let mut start = 0;
        for end in &ends {
            self.add_key(scratch.get(start..*end).unwrap_or_default(), document);
            start = *end;
        }
        (self.scratch, self.scratch_ends) = (scratch, ends);
        Ok(())
    }

    /// Bytes of memory held.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.key_bytes.capacity()
            + self.keys.capacity() * size_of::<Key>()
            + self.numbers.allocation_size()
            + self.pairs.capacity() * size_of::<(u32, u32)>()
            + self.scratch.capacity()
            + self.scratch_ends.capacity() * size_of::<usize>()
    }

    /// Writes the sections of the values. Until it returns it takes 4 bytes for each value of a
    /// document and 40 for each distinct value, on top of what is held.
    ///
    /// # Errors
    /// When the sink fails.
    pub fn write<S: PartSink>(&self, sink: &mut S) -> Result<(), S::Error> {
        let (documents, ranges) = self.documents_of_keys();
        let mut order: Vec<_> = self.keys.iter().zip(ranges).collect();
        order.sort_unstable_by_key(|(key, _)| self.bytes_of(key));
        let mut writer = EntryWriter::new();
        for (key, range) in order {
            let documents = documents.get(range).unwrap_or_default();
            writer.push(sink, self.bytes_of(key), documents)?;
        }
        writer.finish(sink)
    }

    fn add_key(&mut self, bytes: &[u8], document: u32) {
        let hash = self.hash.hash_one(bytes);
        let (keys, key_bytes) = (&self.keys, &self.key_bytes);
        let bytes_of = |number: u32| {
            let key = keys.get(number as usize);
            key.and_then(|key| slice(key_bytes, key)).unwrap_or_default()
        };
        let found = self.numbers.find(hash, |number| bytes_of(*number) == bytes).copied();
        let number = found.unwrap_or(self.keys.len() as u32);
        if found.is_none() {
            let rehash = |number: &u32| self.hash.hash_one(bytes_of(*number));
            self.numbers.insert_unique(hash, number, rehash);
            let start = self.key_bytes.len();
            self.key_bytes.extend_from_slice(bytes);
            self.keys.push(Key { start, bytes: bytes.len() as u32, documents: 0, last: 0 });
        }
        if let Some(key) = self.keys.get_mut(number as usize) {
            if key.documents > 0 && key.last == document {
                return;
            }
            key.documents += 1;
            key.last = document;
            self.pairs.push((number, document));
        }
    }

    /// The documents of all keys, those of one key after those of another, and where each key's
    /// are: a counting sort of the pairs, which keeps the documents of a key in order.
    fn documents_of_keys(&self) -> (Vec<u32>, Vec<Range<usize>>) {
        let mut end = 0;
        let mut ranges: Vec<_> = self
            .keys
            .iter()
            .map(|key| {
                let start = end;
                end += key.documents as usize;
                start..start
            })
            .collect();
        let mut documents = vec![0; self.pairs.len()];
        for (key, document) in &self.pairs {
            let Some(range) = ranges.get_mut(*key as usize) else { continue };
            if let Some(place) = documents.get_mut(range.end) {
                *place = *document;
            }
            range.end += 1;
        }
        (documents, ranges)
    }

    fn bytes_of(&self, key: &Key) -> &[u8] {
        slice(&self.key_bytes, key).unwrap_or_default()
    }
}

fn slice<'a>(bytes: &'a [u8], key: &Key) -> Option<&'a [u8]> {
    bytes.get(key.start..key.start + key.bytes as usize)
}
