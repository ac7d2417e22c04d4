//! Making a graph of vectors in files.

use super::codes::{Coder, largest};
use super::coverage::{Covered, GraphSpace};
use super::files::{GraphDir, GraphParts};
use super::graph::{Graph, GraphBuilder};
use crate::error::{Error, Result};
use crate::sync::{AtomicBool, Ordering};
use crate::vector::{SealedRow, SealedVectors};
use std::sync::Arc;
use sutra_format::Metric;
use sutra_format::graph_file::{GraphMeta, Quantization};

/// How graphs are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GraphOptions {
    /// What a graph compares.
    pub quantization: Quantization,
    /// Neighbours of a vector, 2 to 256; twice as many on the lowest level.
    pub connectivity: u32,
    /// Candidates that are looked at to add a vector, at least the connectivity.
    pub expansion: u32,
}

impl Default for GraphOptions {
    fn default() -> Self {
        Self { quantization: Quantization::I8, connectivity: 16, expansion: 128 }
    }
}

/// A row that goes into a graph, and the file that has it.
struct Source<'a> {
    row: SealedRow,
    file: &'a SealedVectors,
}

/// A graph that is to be made.
pub(crate) struct NewGraph<'a> {
    /// Of its file.
    pub(crate) number: u32,
    /// Whose vectors they are.
    pub(crate) namespace: u32,
    pub(crate) metric: Metric,
    pub(crate) options: &'a GraphOptions,
    /// The graph that is gone on with: it says how.
    pub(crate) base: Option<&'a Graph>,
}

/// Makes a graph of all rows of `files` that other graphs do not cover, and of everything in the
/// one that is gone on with. `None` if nothing of that can be in a graph.
///
/// # Errors
/// `Aborted` when `is_stopped` became true; `Io`, `DiskFull`, `Corrupt`.
pub(crate) fn build(
    dir: &GraphDir,
    new: &NewGraph<'_>,
    files: &[Arc<SealedVectors>],
    there: &GraphSpace,
    is_stopped: &AtomicBool,
) -> Result<Option<Graph>> {
    let sources = sources(files, there)?;
    let meta = meta_of(new, &sources)?;
    let mut builder = GraphBuilder::new(&meta, sources.len(), new.base)?;
    let mut entries: Vec<(u32, u64)> = Vec::with_capacity(sources.len());
    if let Some(base) = new.base {
        entries.extend(base.rows()?.iter().copied().zip(base.begins()?.iter().copied()));
    }
    for Source { row, file } in &sources {
        if is_stopped.load(Ordering::Relaxed) {
            return Err(Error::Aborted);
        }
        let Some(floats) = file.row(row.row)? else { continue };
        if builder.add(row.row, floats)? {
            entries.push((row.row, row.begin));
        }
    }
    if entries.is_empty() {
        return Ok(None);
    }
    entries.sort_unstable();
    let (rows, begins): (Vec<u32>, Vec<u64>) = entries.into_iter().unzip();
    let bytes = builder.finish()?;
    let parts = GraphParts { meta: &meta, rows: &rows, begins: &begins, bytes: &bytes };
    dir.write(new.number, &parts).map(Some)
}

fn meta_of(new: &NewGraph<'_>, sources: &[Source<'_>]) -> Result<GraphMeta> {
    if let Some(base) = new.base {
        return Ok(*base.meta());
    }
    let NewGraph { namespace, metric, options, .. } = *new;
    let GraphOptions { quantization, connectivity, expansion } = *options;
    let dimension = sources.first().map_or(1, |source| source.file.dimension());
    let scale = common_scale(sources, metric, quantization)?;
    Ok(GraphMeta { namespace, dimension, metric, quantization, connectivity, expansion, scale })
}

/// The rows of files that no graph has.
fn sources<'a>(files: &'a [Arc<SealedVectors>], there: &GraphSpace) -> Result<Vec<Source<'a>>> {
    let mut sources = Vec::new();
    for file in files {
        let mut add = |position: u32| {
            sources.push(Source { row: file.row_at(position as usize)?, file });
            Ok::<_, Error>(())
        };
        match there.covered(file.number()) {
            Some(Covered::Whole) => {}
            Some(Covered::Without(positions)) => {
                positions.iter().copied().try_for_each(&mut add)?;
            }
            None => (0..file.rows()).try_for_each(&mut add)?,
        }
    }
    Ok(sources)
}

/// What all vectors are multiplied with, where they share it; 0 where they do not.
fn common_scale(sources: &[Source<'_>], metric: Metric, quantization: Quantization) -> Result<f32> {
    if metric == Metric::Cosine || quantization != Quantization::I8 {
        return Ok(0.0);
    }
    let mut most = 0.0_f32;
    for Source { row, file } in sources {
        most = file.row(row.row)?.map_or(most, |floats| most.max(largest(floats)));
    }
    Ok(Coder::new(quantization, metric, most).scale())
}
