//! Small pieces of a section, handed to the sink in chunks.

use crate::sink::{PartSection, PartSink};

/// Bytes collected before the sink gets them.
const CHUNK_BYTES: usize = 16 * 1024;

/// Collects what is appended to one section.
#[derive(Debug)]
pub(crate) struct SectionWriter {
    section: PartSection,
    buffer: Vec<u8>,
}

impl SectionWriter {
    pub(crate) fn new(section: PartSection) -> Self {
        Self { section, buffer: Vec::with_capacity(CHUNK_BYTES) }
    }

    pub(crate) fn push<S: PartSink>(&mut self, sink: &mut S, bytes: &[u8]) -> Result<(), S::Error> {
        if self.buffer.len() + bytes.len() > CHUNK_BYTES {
            self.flush(sink)?;
        }
        if bytes.len() > CHUNK_BYTES {
            return sink.append(self.section, bytes);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Hands over what is left. Without this call the end of the section is missing.
    pub(crate) fn finish<S: PartSink>(mut self, sink: &mut S) -> Result<(), S::Error> {
        self.flush(sink)
    }

    fn flush<S: PartSink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        if !self.buffer.is_empty() {
            sink.append(self.section, &self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }
}
