//! The folder of segments holds what the manifest names, and else only what a view still reads.

use sutra_format::manifest::Manifest;

use crate::failure::Failure;

const CHECKER: &str = "files";

/// What a folder may hold besides the files that the manifest names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Others {
    /// At most so many files that were named before and may still be read.
    StillRead(u64),
    /// Whatever a disk that failed left there.
    Leftovers,
}

/// Compares the names in the folder of segments with those of a manifest.
///
/// # Errors
/// A file is missing, or there is one that nobody needs.
pub fn check(manifest: &Manifest, found: &[String], others: Others) -> Result<(), Failure> {
    let segments = manifest.segments.iter().map(|file| format!("{:010}.seg", file.number));
    let vectors = manifest.vector_files.iter().map(|file| format!("{:010}.vec", file.number));
    let named: Vec<String> = segments.chain(vectors).collect();
    if let Some(missing) = named.iter().find(|name| !found.contains(name)) {
        let message = format!("{missing} is named by the manifest, and not in {found:?}");
        return Err(Failure::new(CHECKER, message));
    }
    let unnamed: Vec<_> = found.iter().filter(|name| !named.contains(name)).collect();
    match others {
        Others::StillRead(count) if unnamed.len() as u64 > count => {
            let message = format!("{unnamed:?} are not needed; {count} files may be");
            Err(Failure::new(CHECKER, message))
        }
        Others::StillRead(_) | Others::Leftovers => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sutra_format::manifest::{ManifestSegment, ManifestVectors};

    #[test]
    fn missing_files_and_those_that_nobody_needs_are_seen() {
        let segment = |number| ManifestSegment {
            number,
            checksum: 0,
            file_bytes: 4096,
            first_seqno: 1,
            last_seqno: 2,
        };
        let vectors = ManifestVectors {
            number: 3,
            checksum: 0,
            file_bytes: 4096,
            namespace: 0,
            first_row: 0,
            last_row: 0,
            rows: 1,
            dead_rows: 0,
        };
        let manifest = Manifest {
            segments: vec![segment(1), segment(4)],
            vector_files: vec![vectors],
            ..Manifest::default()
        };
        let names = |names: &[&str]| names.iter().map(|name| (*name).into()).collect::<Vec<_>>();
        let all = names(&["0000000001.seg", "0000000003.vec", "0000000004.seg"]);
        assert_eq!(check(&manifest, &all, Others::StillRead(0)), Ok(()));
        for missing in 0..all.len() {
            let mut found = all.clone();
            found.remove(missing);
            assert!(check(&manifest, &found, Others::Leftovers).is_err());
        }
        for other in ["0000000002.seg", "0000000003.seg", "x.tmp"] {
            let found = [all.clone(), names(&[other])].concat();
            assert!(check(&manifest, &found, Others::StillRead(0)).is_err());
            assert_eq!(check(&manifest, &found, Others::StillRead(1)), Ok(()));
            assert_eq!(check(&manifest, &found, Others::Leftovers), Ok(()));
        }
    }
}
