//! What happens to the files of indexes while nobody has the store open: they are made of the rest,
//! so whatever it is, no answer may be wrong.

use crate::dice::Dice;
use crate::disk::SimDisk;

/// Begin the names of the files.
const INDEXES: [&str; 2] = ["/store/texts/", "/store/graphs/"];

/// Files with what is in them.
pub type Kept = Vec<(String, Vec<u8>)>;

/// One mishap. A number picks one of the files that there are, or a place in it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Spoil {
    /// A file is gone.
    Remove(u8),
    /// All of them are.
    RemoveAll,
    /// A bit of a file turns.
    Flip(u8, u32),
    /// A file ends too early.
    Cut(u8, u32),
    /// They are as they were when they were last kept.
    PutBack,
}

impl Spoil {
    /// One left to the dice.
    #[must_use]
    pub fn any(dice: &mut Dice) -> Self {
        let (file, place) = (dice.below(256) as u8, dice.next_u64() as u32);
        match dice.below(8) {
            0 | 1 => Self::Remove(file),
            2 => Self::RemoveAll,
            3 => Self::Flip(file, place),
            4 => Self::Cut(file, place),
            _ => Self::PutBack,
        }
    }

    pub(crate) fn apply(self, disk: &SimDisk, kept: &Kept) {
        let files = files(disk);
        let file = |number: u8| files.get(usize::from(number) % files.len().max(1));
        match self {
            Self::Remove(number) => {
                file(number).inspect(|(path, _)| disk.take_away(path));
            }
            Self::RemoveAll => take_away_all(disk, &files),
            Self::Flip(number, place) => {
                if let Some((path, length)) = file(number).filter(|(_, length)| *length > 0) {
                    disk.flip_bit(path, u64::from(place) % length, place as u8 % 8);
                }
            }
            Self::Cut(number, place) => {
                if let Some((path, length)) = file(number).filter(|(_, length)| *length > 0) {
                    let length = u64::from(place) % length;
                    disk.replace(path, &disk.content(path)[..length as usize]);
                }
            }
            Self::PutBack => {
                take_away_all(disk, &files);
                for (path, bytes) in kept {
                    disk.put(path, bytes);
                }
            }
        }
    }
}

fn take_away_all(disk: &SimDisk, files: &[(String, u64)]) {
    for (path, _) in files {
        disk.take_away(path);
    }
}

/// The files as they are now.
pub(crate) fn keep(disk: &SimDisk) -> Kept {
    files(disk).into_iter().map(|(path, _)| (path.clone(), disk.content(&path))).collect()
}

/// How many files of the index of texts there are.
pub(crate) fn text_files(disk: &SimDisk) -> usize {
    files(disk).iter().filter(|(path, _)| path.starts_with(INDEXES[0])).count()
}

fn files(disk: &SimDisk) -> Vec<(String, u64)> {
    let mut files = disk.files();
    files.retain(|(path, _)| INDEXES.iter().any(|start| path.starts_with(start)));
    files
}
