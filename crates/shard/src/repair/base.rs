//! What a repair begins with: the manifest, made of what the files say if it does not read.

use super::Repair;
use super::aside::path_of;
use super::list;
use super::mark::{Mark, MarkFile};
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
    /// Number of the folder for what is not used any more, if the interrupted repair has one.
    pub(super) aside: Option<u32>,
    /// The interrupted repair wrote all it had to write, and may have moved files away.
    pub(super) is_moving: bool,
}

impl Base {
    /// What the interrupted repair began with; without one, what the manifest says.
    ///
    /// # Errors
    /// `Io`; `NotAStore` when a newer release wrote the manifest.
    pub(super) fn load(env: &Env, path: &Path, store_id: [u8; 16]) -> Result<Self> {
        let loaded = sound(ManifestFile::new(env, path).load(&store_id))?.flatten();
        let mark = MarkFile::new(env, path);
        let begun = sound(mark.load(&store_id))?.flatten();
        let is_loaded = loaded.is_some();
        let aside = begun.as_ref().map(|mark| mark.aside);
        // Of a mark that does not read nobody knows what is moved.
        let mut is_moving = begun.as_ref().map_or(mark.exists()?, |mark| mark.is_moving);
        let manifest = match (loaded, begun.map(|Mark { manifest, .. }| manifest)) {
            // The interrupted repair got as far as its own manifest.
            (Some(loaded), Some(begun)) if loaded.generation > begun.generation => {
                is_moving = true;
                loaded
            }
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
        Ok(Self { manifest, is_loaded, aside, is_moving })
    }

    /// What the interrupted repair said is lost, if that cannot be found out any more.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn list(&self, env: &Env, path: &Path) -> Result<Option<Repair>> {
        match self.aside.filter(|_| self.is_moving) {
            Some(number) => list::load(env, path, &path_of(path, number)),
            None => Ok(None),
        }
    }

    /// Whether the interrupted repair made a file and no manifest names it.
    pub(super) fn is_leftover(&self, path: &Path) -> bool {
        SegmentDir::number_of(path).is_some_and(|number| number >= self.manifest.next_file_number)
    }
}
