//! What a repair begins with: the manifest, made of what the files say if it does not read.

use super::rebuild::{rebuild, sound};
use crate::error::Result;
use crate::manifest_file::ManifestFile;
use crate::segment::SegmentDir;
use std::path::Path;
use sutra_env::Env;
use sutra_format::manifest::Manifest;

/// See the module.
pub(super) struct Base {
    /// No file from before the repair has the next file number or a higher one.
    pub(super) manifest: Manifest,
    /// The file `MANIFEST` reads.
    pub(super) is_loaded: bool,
    /// A repair that was interrupted goes on.
    pub(super) is_continued: bool,
}

impl Base {
    /// What the interrupted repair began with; without one, what the manifest says.
    ///
    /// # Errors
    /// `Io`; `NotAStore` when a newer release wrote the manifest.
    pub(super) fn load(env: &Env, path: &Path, store_id: [u8; 16]) -> Result<Self> {
        let loaded = sound(ManifestFile::new(env, path).load(&store_id))?.flatten();
        let mark = ManifestFile::of_repair(env, path);
        let begun = sound(mark.load(&store_id))?.flatten();
        let is_loaded = loaded.is_some();
        let is_continued = mark.exists()?;
        let manifest = match (loaded, begun) {
            // The interrupted repair got as far as its own manifest.
            (Some(loaded), Some(begun)) if loaded.generation > begun.generation => loaded,
            (_, Some(begun)) => begun,
            (loaded, None) => {
                let mut manifest = match loaded {
                    Some(loaded) => loaded,
                    None => rebuild(env, path, store_id)?,
                };
                // Files that a process left behind are not in it: the new ones must not be taken
                // for them.
                let files = SegmentDir::new(env, path).list()?;
                let numbers = files.iter().filter_map(|file| SegmentDir::number_of(&file.path));
                let next = numbers.max().unwrap_or_default().saturating_add(1);
                manifest.next_file_number = manifest.next_file_number.max(next);
                manifest
            }
        };
        Ok(Self { manifest, is_loaded, is_continued })
    }

    /// Whether the interrupted repair made a file and no manifest names it.
    pub(super) fn is_leftover(&self, path: &Path) -> bool {
        SegmentDir::number_of(path).is_some_and(|number| number >= self.manifest.next_file_number)
    }
}
