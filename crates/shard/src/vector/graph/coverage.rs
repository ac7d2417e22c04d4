//! Which vectors of which files are in graphs. What is in none is compared one by one.

use super::graph::Graph;
use crate::error::Result;
use crate::vector::SealedVectors;
use hashbrown::HashMap;
use std::sync::Arc;

/// The graphs of one namespace, with what they are good for.
#[derive(Default, Clone)]
pub(crate) struct GraphSpace {
    pub(crate) graphs: Vec<Arc<Graph>>,
    /// By number of the file. A file that is not here has nothing in a graph.
    covered: HashMap<u32, Covered>,
}

/// What of a file is in graphs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Covered {
    /// Everything.
    Whole,
    /// Everything but the rows at these positions.
    Without(Vec<u32>),
}

impl GraphSpace {
    /// What of a file is in graphs; nothing of it for `None`.
    pub(crate) fn covered(&self, file: u32) -> Option<&Covered> {
        self.covered.get(&file)
    }

    /// Whether graphs and files are the same.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let graphs = self.graphs.iter().zip(&other.graphs);
        self.graphs.len() == other.graphs.len()
            && graphs.into_iter().all(|(one, other)| Arc::ptr_eq(one, other))
            && self.covered == other.covered
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.graphs.is_empty()
    }

    /// Vectors of a file that are in no graph.
    pub(crate) fn uncovered_rows(&self, file: &SealedVectors) -> u32 {
        match self.covered(file.number()) {
            None => file.rows(),
            Some(Covered::Whole) => 0,
            Some(Covered::Without(positions)) => positions.len() as u32,
        }
    }
}

/// Compares graphs with the files that are there now. A graph that has another vector under the
/// number of a row, as after the folder was put back as it was earlier, is left out, and so is one
/// that cannot be read.
///
/// # Errors
/// `Corrupt` when a file of vectors cannot be read.
pub(crate) fn cover(graphs: &[Arc<Graph>], files: &[Arc<SealedVectors>]) -> Result<GraphSpace> {
    let mut space = GraphSpace::default();
    for graph in graphs {
        if is_of(graph, files)? {
            space.graphs.push(Arc::clone(graph));
        }
    }
    if space.graphs.is_empty() {
        return Ok(space);
    }
    let mut rows = Vec::new();
    for graph in &space.graphs {
        rows.extend_from_slice(graph.rows()?);
    }
    rows.sort_unstable();
    for file in files {
        if let Some(covered) = covered_of(file, &rows)? {
            space.covered.insert(file.number(), covered);
        }
    }
    Ok(space)
}

/// Whether every row that is both in the graph and in a file was written by the same commit.
fn is_of(graph: &Graph, files: &[Arc<SealedVectors>]) -> Result<bool> {
    let (Ok(rows), Ok(begins)) = (graph.rows(), graph.begins()) else { return Ok(false) };
    let mut files = files.iter();
    let mut file = files.next();
    let mut position = 0;
    for (row, begin) in rows.iter().zip(begins) {
        while let Some(now) = file {
            if position < now.rows() as usize && now.last_row() >= *row {
                break;
            }
            (file, position) = (files.next(), 0);
        }
        let Some(now) = file else { return Ok(true) };
        while position < now.rows() as usize {
            let entry = now.row_at(position)?;
            if entry.row > *row {
                break;
            }
            position += 1;
            if entry.row == *row && entry.begin != *begin {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Nothing if no row of the file is among `rows`, which ascend.
fn covered_of(file: &SealedVectors, rows: &[u32]) -> Result<Option<Covered>> {
    let mut without = Vec::new();
    let mut at = rows.partition_point(|row| *row < file.first_row());
    for position in 0..file.rows() {
        let row = file.row_at(position as usize)?.row;
        while rows.get(at).is_some_and(|known| *known < row) {
            at += 1;
        }
        if rows.get(at) != Some(&row) {
            without.push(position);
        }
    }
    Ok(match without.len() {
        0 => Some(Covered::Whole),
        all if all == file.rows() as usize => None,
        _ => Some(Covered::Without(without)),
    })
}
