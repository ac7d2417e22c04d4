//! Collects the words of documents.

use super::analyzer::Analyzer;
use super::term_list::TermList;
use super::term_writer::TermWriter;
use crate::sink::PartSink;
use hashbrown::HashMap;
use std::collections::BTreeMap;

/// Memory of a word beside its bytes: its list, its place in the table and what allocation adds.
const TERM_BYTES: usize = size_of::<TermList>() + 64;

/// Words of documents before they are written.
#[derive(Debug, Default)]
pub struct TextBuilder {
    namespaces: BTreeMap<u32, Terms>,
    memory_bytes: usize,
}

#[derive(Debug, Default)]
struct Terms {
    numbers: HashMap<Box<str>, usize>,
    lists: Vec<TermList>,
}

impl TextBuilder {
    /// Without any words.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the words of a document and gives how many there are. Each document is added once,
    /// after all those of smaller numbers.
    pub fn add(&mut self, document: u32, namespace: u32, text: &str, analyzer: &Analyzer) -> u32 {
        let terms = self.namespaces.entry(namespace).or_default();
        let memory_bytes = &mut self.memory_bytes;
        let mut count = 0;
        analyzer.words(text, &mut |word, position| {
            *memory_bytes += terms.push(word, document, position);
            count = position.saturating_add(1);
        });
        count
    }

    /// Memory in use, nearly.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    /// Writes the words in their order, then it may be used on.
    ///
    /// # Errors
    /// Whatever the sink refuses.
    pub fn write<S: PartSink>(&self, sink: &mut S) -> Result<(), S::Error> {
        let mut writer = TermWriter::new(sink);
        for (namespace, terms) in &self.namespaces {
            let mut sorted: Vec<_> = terms.numbers.iter().collect();
            sorted.sort_unstable();
            for (word, number) in sorted {
                if let Some(list) = terms.lists.get(*number) {
                    writer.term(*namespace, word.as_bytes(), list)?;
                }
            }
        }
        writer.finish()
    }
}

impl Terms {
    /// Adds a place of a word and gives the bytes of memory it took.
    fn push(&mut self, word: &str, document: u32, position: u32) -> usize {
        let mut grown = 0;
        let known = self.numbers.get(word).copied();
        let number = known.unwrap_or_else(|| {
            grown += TERM_BYTES + word.len();
            self.lists.push(TermList::default());
            self.numbers.insert(word.into(), self.lists.len() - 1);
            self.lists.len() - 1
        });
        if let Some(list) = self.lists.get_mut(number) {
            let before = list.encoded_bytes();
            list.push(document, position);
            // Lists double when they are full, so a quarter of them is not yet in use.
            grown += (list.encoded_bytes() - before) * 4 / 3;
        }
        grown
    }
}

#[cfg(test)]
mod tests {
    use super::TextBuilder;
    use crate::text::Analyzer;
    use crate::text::part_bytes::PartBytes;

    #[test]
    fn words_are_written_by_namespace_then_bytes() {
        let analyzer = Analyzer::new(None);
        let mut builder = TextBuilder::new();
        assert_eq!(builder.add(0, 2, "b a b", &analyzer), 3);
        assert_eq!(builder.add(3, 1, "c", &analyzer), 1);
        assert_eq!(builder.add(4, 2, "", &analyzer), 0);
        assert_eq!(builder.add(7, 2, "b", &analyzer), 1);
        assert!(builder.memory_bytes() > 100);
        let mut part = PartBytes::default();
        builder.write(&mut part).unwrap();
        assert_eq!(part.words, b"cab");
        assert_eq!(part.entries.len(), 4 * 32);
        // Of `c` the document 3 with one place; of `a` document 0; of `b` 0 with two, and 7.
        assert_eq!(part.postings, [7, 1, 0, 2, 15]);
        assert_eq!(part.positions, [0, 1, 0, 2, 0]);
    }
}
