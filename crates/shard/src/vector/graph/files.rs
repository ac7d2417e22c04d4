//! The folder of graphs, and their files.

use super::graph::{Graph, GraphSections};
use crate::error::{Error, Result};
use crate::segment::{MappedFile, Named, NumberedDir, SealedFileWriter, file_number};
use std::path::{Path, PathBuf};
use sutra_env::Env;
use sutra_format::graph_file::{GRAPH_META_BYTES, GraphMeta};
use sutra_format::sealed_file::{FileKind, SealedHeader, SectionKind, SectionSize};

const DIR: &str = "graphs";
const SUFFIX: &str = ".graph";

/// Where graphs are.
#[derive(Clone)]
pub(crate) struct GraphDir {
    files: NumberedDir,
    store_id: [u8; 16],
}

/// A graph that is to be written.
pub(super) struct GraphParts<'a> {
    pub(super) meta: &'a GraphMeta,
    pub(super) rows: &'a [u32],
    pub(super) begins: &'a [u64],
    pub(super) bytes: &'a [u8],
}

impl GraphDir {
    /// Of the shard in a folder. Touches nothing.
    pub(crate) fn new(env: &Env, shard: &Path, store_id: [u8; 16]) -> Self {
        Self { files: NumberedDir::new(env, shard, DIR, SUFFIX), store_id }
    }

    /// Where the graph with this number is.
    pub(crate) fn path_of(&self, number: u32) -> PathBuf {
        self.files.path_of(number)
    }

    /// Numbers of the files whose names are ours; none if there is no such folder.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn list(&self) -> Result<Vec<u32>> {
        self.files.list()
    }

    /// Opens a graph and compares all of its bytes with their checksums.
    ///
    /// # Errors
    /// `Corrupt`, `NotAStore`, `Io`.
    pub(crate) fn open(&self, number: u32) -> Result<Graph> {
        let path = self.path_of(number);
        let named = Named { kind: FileKind::Graph, number, store_id: self.store_id };
        let file = MappedFile::open_unnamed(self.files.disk(), &path, &named)?;
        let section = file.section(SectionKind::GraphMeta)?;
        let meta = GraphMeta::decode(file.all(&section)?)
            .map_err(|error| Error::undecodable(&path, section.offset, &error))?;
        let sections = GraphSections {
            rows: file.section(SectionKind::Rows)?,
            begins: file.section(SectionKind::Begins)?,
            graph: file.section(SectionKind::Graph)?,
        };
        Graph::new(file, meta, sections)
    }

    /// Writes a graph, makes it durable and opens it. A file that had its number is replaced: it
    /// was of no use.
    ///
    /// # Errors
    /// `Io`, `DiskFull`: what was written is removed as far as that works.
    pub(super) fn write(&self, number: u32, new: &GraphParts<'_>) -> Result<Graph> {
        self.files.make()?;
        let path = self.path_of(number);
        self.remove(number)?;
        let written = self.fill(number, &path, new);
        let opened = written.and_then(|()| {
            self.files.sync()?;
            self.open(number)
        });
        opened.inspect_err(|_| drop(self.remove(number)))
    }

    fn fill(&self, number: u32, path: &Path, new: &GraphParts<'_>) -> Result<()> {
        let (kind, store_id) = (FileKind::Graph, self.store_id);
        let first_seqno = new.begins.iter().copied().min().unwrap_or_default();
        let last_seqno = new.begins.iter().copied().max().unwrap_or_default();
        let header = SealedHeader { kind, number, store_id, first_seqno, last_seqno };
        let items = new.rows.len() as u64;
        let size = |kind, bytes: u64| SectionSize { kind, bytes, items };
        let sizes = [
            SectionSize { items: 1, ..size(SectionKind::GraphMeta, GRAPH_META_BYTES as u64) },
            size(SectionKind::Rows, items * size_of::<u32>() as u64),
            size(SectionKind::Begins, items * size_of::<u64>() as u64),
            size(SectionKind::Graph, new.bytes.len() as u64),
        ];
        let mut writer = SealedFileWriter::create(self.files.disk(), path, header, &sizes)?;
        writer.append(SectionKind::GraphMeta, &new.meta.encode())?;
        for row in new.rows {
            writer.append(SectionKind::Rows, &row.to_le_bytes())?;
        }
        for begin in new.begins {
            writer.append(SectionKind::Begins, &begin.to_le_bytes())?;
        }
        writer.append(SectionKind::Graph, new.bytes)?;
        writer.finish().map(drop)
    }

    /// Removes a graph, which may be gone already.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn remove(&self, number: u32) -> Result<()> {
        self.files.remove(number)
    }
}

/// The number in the name of a graph.
pub(crate) fn graph_number(name: &str) -> Option<u32> {
    file_number(name, SUFFIX)
}
