//! Graphs over vectors: each by itself. Nothing depends on them.

use super::report::{Code, Report};
use crate::error::{Error, Result};
use crate::vector::graph::GraphDir;

/// Looks at every graph.
///
/// # Errors
/// `Io` when the folder cannot be listed.
pub(super) fn check_graphs(dir: &GraphDir, report: &mut Report) -> Result<()> {
    for number in dir.list()? {
        let path = dir.path_of(number);
        report.files_checked += 1;
        match dir.open(number) {
            Ok(graph) => report.bytes_checked += graph.file().file_bytes(),
            Err(Error::Corrupt { offset, message, .. }) => {
                // One that is gone by now was replaced.
                if dir.has(number)? {
                    report.add(Code::GRAPH, &path, offset, message);
                }
            }
            Err(error) => report.add_error(Code::GRAPH, &path, &error),
        }
    }
    Ok(())
}
