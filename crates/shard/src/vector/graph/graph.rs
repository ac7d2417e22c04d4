//! A graph over vectors of one namespace, mapped where its file is, and how one is made.
//!
//! The library (usearch, HNSW) trusts its input: a damaged file would end the process. So every
//! byte of the file has been compared with its checksum before the library sees any, the mapping
//! outlives what the library holds, and a graph is never written to after it was made: adding while
//! others search or add loses vectors.
//!
//! A graph answers with candidates only. They are compared exactly afterwards, and a row that was
//! deleted since stays in it.

#![expect(unsafe_code, reason = "the library reads a graph where it is mapped")]

use super::codes::{Code, Coder};
use crate::error::{Error, Result};
use crate::segment::MappedFile;
use crate::text::RowSet;
use std::path::Path;
use sutra_format::Metric;
use sutra_format::graph_file::{GraphMeta, Quantization};
use sutra_format::sealed_layout::Section;
use usearch::{Index, IndexOptions, MetricKind, ScalarKind};

/// Most answers take the larger one of this and what is asked for, so it is none of its own.
const EXPANSION_SEARCH: usize = 1;

/// An open graph, searched by any thread.
pub(crate) struct Graph {
    /// Before the file, so it is dropped before: it reads from the mapping.
    index: Index,
    meta: GraphMeta,
    coder: Coder,
    rows: Section,
    begins: Section,
    file: MappedFile,
}

impl Graph {
    /// Opens the graph in a file whose sections have been found.
    ///
    /// # Errors
    /// `Corrupt`: damaged, or not what it must be.
    pub(super) fn new(file: MappedFile, meta: GraphMeta, sections: GraphSections) -> Result<Self> {
        let index = new_index(&meta).map_err(|message| refused(file.path(), &message))?;
        let bytes = file.all(&sections.graph)?;
        // SAFETY: `bytes` are all of the section, and `all` has compared every block of it with
        // its checksum: they are what `GraphBuilder` wrote. They stay mapped and unchanged as long
        // as `file` lives, which is dropped after `index` and never given away.
        let viewed = unsafe { index.view_from_buffer(bytes) };
        viewed.map_err(|error| refused(file.path(), &error.to_string()))?;
        let rows = sections.rows.bytes / size_of::<u32>() as u64;
        let is_whole = index.size() as u64 == rows
            && index.dimensions() == meta.dimension as usize
            && sections.begins.bytes == rows * size_of::<u64>() as u64;
        if !is_whole {
            return Err(refused(file.path(), "the graph is of other rows than the file says"));
        }
        let coder = Coder::of_scale(meta.quantization, meta.scale);
        let GraphSections { rows, begins, .. } = sections;
        Ok(Self { index, meta, coder, rows, begins, file })
    }

    pub(crate) fn meta(&self) -> &GraphMeta {
        &self.meta
    }

    pub(crate) fn file(&self) -> &MappedFile {
        &self.file
    }

    /// Number of its file.
    pub(crate) fn number(&self) -> u32 {
        self.file.header().number
    }

    /// How many vectors are in it.
    pub(crate) fn len(&self) -> usize {
        self.index.size()
    }

    /// The rows in it, ascending.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(super) fn rows(&self) -> Result<&[u32]> {
        let bytes = self.file.all(&self.rows)?;
        bytemuck::try_cast_slice(bytes).map_err(|_| refused(self.file.path(), "misplaced rows"))
    }

    /// The commits that wrote the rows.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(super) fn begins(&self) -> Result<&[u64]> {
        let bytes = self.file.all(&self.begins)?;
        bytemuck::try_cast_slice(bytes).map_err(|_| refused(self.file.path(), "misplaced commits"))
    }

    /// About the `count` rows nearest to a query, of which not all need be there any more.
    /// `count` is also how widely the graph is searched. Only rows that are allowed are among them.
    ///
    /// # Errors
    /// `Io` when the library has no memory.
    pub(crate) fn candidates(
        &self,
        query: &[f32],
        count: usize,
        allowed: Option<&RowSet>,
    ) -> Result<Vec<u32>> {
        let mut buffer = Vec::new();
        let Some(code) = self.coder.code(query, self.meta.metric, &mut buffer) else {
            return Ok(Vec::new());
        };
        let count = count.min(self.len());
        let is_allowed = |key: u64| allowed.is_some_and(|allowed| allowed.contains(key as u32));
        let found = match (code, allowed) {
            (Code::Floats(floats), None) => self.index.search(floats, count),
            (Code::Whole(code), None) => self.index.search(code, count),
            (Code::Floats(floats), _) => self.index.filtered_search(floats, count, is_allowed),
            (Code::Whole(code), _) => self.index.filtered_search(code, count, is_allowed),
        };
        let found = found.map_err(|error| library_failed(self.file.path(), &error.to_string()))?;
        Ok(found.keys.into_iter().map(|key| key as u32).collect())
    }

    /// Bytes of memory that are not the mapping's, about: the library keeps a pointer and a key for
    /// each vector.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.index.memory_usage() as u64 + self.file.memory_bytes()
    }
}

/// The sections of a graph's file.
pub(super) struct GraphSections {
    pub(super) rows: Section,
    pub(super) begins: Section,
    pub(super) graph: Section,
}

/// A graph under construction, by one thread.
pub(super) struct GraphBuilder {
    index: Index,
    metric: Metric,
    coder: Coder,
    buffer: Vec<i8>,
}

impl GraphBuilder {
    /// A graph that `capacity` vectors can be added to, from `others` on if there is one: that
    /// graph's vectors are in it then, and it must have been made in the same way.
    ///
    /// # Errors
    /// `Io` when the library has no memory; `Corrupt` when the other graph is damaged.
    pub(super) fn new(meta: &GraphMeta, capacity: usize, other: Option<&Graph>) -> Result<Self> {
        let failed = |message: &str| library_failed(Path::new("graph"), message);
        let index = new_index(meta).map_err(|message| failed(&message))?;
        if let Some(other) = other {
            let section = other.file.section(sutra_format::sealed_file::SectionKind::Graph)?;
            let bytes = other.file.all(&section)?;
            let loaded = index.load_from_buffer(bytes);
            loaded.map_err(|error| refused(other.file.path(), &error.to_string()))?;
        }
        let room = index.size() + capacity;
        let reserved = index.reserve_capacity_and_threads(room, 1);
        reserved.map_err(|error| failed(&error.to_string()))?;
        let coder = Coder::of_scale(meta.quantization, meta.scale);
        Ok(Self { index, metric: meta.metric, coder, buffer: Vec::new() })
    }

    /// Adds the vector of a row. Whether it can be in a graph: one without a direction cannot when
    /// the metric goes by directions.
    ///
    /// # Errors
    /// `Io` when the library has no memory.
    pub(super) fn add(&mut self, row: u32, floats: &[f32]) -> Result<bool> {
        let Some(code) = self.coder.code(floats, self.metric, &mut self.buffer) else {
            return Ok(false);
        };
        let added = match code {
            Code::Floats(floats) => self.index.add(u64::from(row), floats),
            Code::Whole(code) => self.index.add(u64::from(row), code),
        };
        added.map_err(|error| library_failed(Path::new("graph"), &error.to_string()))?;
        Ok(true)
    }

    /// The bytes that [`Graph::new`] reads.
    ///
    /// # Errors
    /// `Io` when the library has no memory.
    pub(super) fn finish(self) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.index.serialized_length()];
        let saved = self.index.save_to_buffer(&mut bytes);
        saved.map_err(|error| library_failed(Path::new("graph"), &error.to_string()))?;
        Ok(bytes)
    }
}

fn new_index(meta: &GraphMeta) -> Result<Index, String> {
    let options = IndexOptions {
        dimensions: meta.dimension as usize,
        metric: match meta.metric {
            Metric::Cosine => MetricKind::Cos,
            Metric::Dot => MetricKind::IP,
            Metric::L2 => MetricKind::L2sq,
        },
        quantization: match meta.quantization {
            Quantization::F32 => ScalarKind::F32,
            Quantization::F16 => ScalarKind::F16,
            Quantization::I8 => ScalarKind::I8,
        },
        connectivity: meta.connectivity as usize,
        expansion_add: meta.expansion as usize,
        expansion_search: EXPANSION_SEARCH,
        multi: false,
    };
    Index::new(&options).map_err(|error| error.to_string())
}

fn refused(path: &Path, message: &str) -> Error {
    Error::corrupt(path, 0, format!("the graph cannot be used: {message}"))
}

fn library_failed(path: &Path, message: &str) -> Error {
    let (kind, message) = (std::io::ErrorKind::Other, message.to_owned());
    Error::Io { path: path.into(), action: "index vectors of", kind, message }
}
