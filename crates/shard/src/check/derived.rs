//! What is made of the other files and can be made again: graphs over vectors, and the index of
//! texts and attributes. Each file by itself. Nothing depends on them.

use super::report::{Code, Report};
use crate::error::{Error, Result};
use crate::segment::MappedFile;
use crate::storage::Storage;
use crate::text::TextDir;
use crate::vector::graph::GraphDir;
use std::path::Path;
use sutra_env::Env;

/// Looks at every file of a shard that nobody has open.
///
/// # Errors
/// `Io` when a folder cannot be listed.
pub(super) fn check_derived(
    env: &Env,
    shard: &Path,
    store_id: [u8; 16],
    report: &mut Report,
) -> Result<()> {
    let graphs = GraphDir::new(env, shard, store_id).list()?;
    let texts = TextDir::new(env, shard, store_id).list()?;
    check_files(env, shard, store_id, &Derived { graphs, texts }, report)
}

/// Looks at the files that an open shard has in use: others may be under construction.
///
/// # Errors
/// `Io`.
pub(super) fn check_derived_in_use(
    storage: &Storage,
    shard: &Path,
    report: &mut Report,
) -> Result<()> {
    let (state, parts) = (storage.shared.state(), storage.shared.parts());
    let graphs = state.graphs().iter().flat_map(|space| &space.graphs);
    let graphs = graphs.map(|graph| graph.number()).collect();
    let texts = parts.parts().filter_map(|part| Some(part.file()?.header().number)).collect();
    let store_id = storage.options.store_id;
    check_files(&storage.env, shard, store_id, &Derived { graphs, texts }, report)
}

/// Numbers of files.
struct Derived {
    graphs: Vec<u32>,
    texts: Vec<u32>,
}

fn check_files(
    env: &Env,
    shard: &Path,
    store_id: [u8; 16],
    numbers: &Derived,
    report: &mut Report,
) -> Result<()> {
    let graphs = GraphDir::new(env, shard, store_id);
    for number in numbers.graphs.iter().copied() {
        let opened = graphs.open(number).map(|graph| graph.file().file_bytes());
        note(env, Code::GRAPH, &graphs.path_of(number), opened, report)?;
    }
    let texts = TextDir::new(env, shard, store_id);
    for number in numbers.texts.iter().copied() {
        let opened = texts.open(number);
        let bytes = opened.map(|part| part.file().map_or(0, MappedFile::file_bytes));
        note(env, Code::TEXT, &texts.path_of(number), bytes, report)?;
    }
    Ok(())
}

fn note(
    env: &Env,
    code: Code,
    path: &Path,
    opened: Result<u64>,
    report: &mut Report,
) -> Result<()> {
    report.files_checked += 1;
    match opened {
        Ok(bytes) => report.bytes_checked += bytes,
        Err(Error::Corrupt { offset, message, .. }) => {
            let entry = env.disk.entry(path);
            let entry = entry.map_err(|error| Error::io(path, "look at", &error))?;
            // One that is gone by now was replaced.
            if entry.is_some() {
                report.add(code, path, offset, message);
            }
        }
        Err(error) => report.add_error(code, path, &error),
    }
    Ok(())
}
