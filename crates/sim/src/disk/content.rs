//! The bytes of one file: as programs see them, as the platter has them, and what lies between.
//!
//! Invariants:
//! - `live` is what reads give. `durable` is what surely survives. `pending` is what was done since
//!   the last sync, in order; a crash keeps any part of it.
//! - `durable` plus all of `pending` gives `live`, unless a sync failed: then the difference is
//!   lost at the next crash although no later sync reports anything.

use super::machine::Survival;
use crate::dice::Dice;

/// The unit a disk writes whole or not at all.
pub const SECTOR_BYTES: u64 = 512;

/// The bytes of one file.
#[derive(Clone, Default)]
pub struct Content {
    live: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
    /// A sync failed, so that `durable` lacks what no later sync will write.
    diverged: bool,
    /// For each sector whether it takes space. Extending a file takes none: it makes a hole.
    backed: Vec<bool>,
}

#[derive(Clone)]
enum Change {
    Write { offset: u64, bytes: Vec<u8> },
    Length(u64),
}

impl Content {
    /// What programs see.
    pub fn live(&self) -> &[u8] {
        &self.live
    }

    /// Space taken.
    pub fn bytes_backed(&self) -> u64 {
        self.backed.iter().filter(|backed| **backed).count() as u64 * SECTOR_BYTES
    }

    /// How many of `length` bytes at `offset` can be written with `bytes_free` of space.
    pub fn bytes_fitting(&self, offset: u64, length: u64, bytes_free: u64) -> u64 {
        let mut sectors_free = bytes_free / SECTOR_BYTES;
        let end = offset + length;
        for sector in offset / SECTOR_BYTES..end.div_ceil(SECTOR_BYTES) {
            if self.backed.get(sector as usize).copied().unwrap_or(false) {
                continue;
            }
            if sectors_free == 0 {
                return (sector * SECTOR_BYTES).saturating_sub(offset);
            }
            sectors_free -= 1;
        }
        length
    }

    /// Writes; durable later or never.
    pub fn write(&mut self, offset: u64, bytes: &[u8]) {
        put(&mut self.live, offset, bytes);
        let end = (offset + bytes.len() as u64).div_ceil(SECTOR_BYTES) as usize;
        if self.backed.len() < end {
            self.backed.resize(end, false);
        }
        self.backed[(offset / SECTOR_BYTES) as usize..end].fill(true);
        self.pending.push(Change::Write { offset, bytes: bytes.to_vec() });
    }

    /// Cuts or extends with zeros; durable later or never.
    pub fn set_length(&mut self, length: u64) {
        self.live.resize(length as usize, 0);
        self.backed.truncate(length.div_ceil(SECTOR_BYTES) as usize);
        self.pending.push(Change::Length(length));
    }

    /// Makes everything durable.
    pub fn sync_all(&mut self) {
        for change in self.pending.drain(..) {
            apply(&mut self.durable, &change);
        }
    }

    /// Makes what was written durable, and the length as far as reading that needs it: a length
    /// set after the last write stays pending.
    pub fn sync_data(&mut self) {
        let is_write = |change: &Change| matches!(change, Change::Write { .. });
        let end = self.pending.iter().rposition(is_write).map_or(0, |last| last + 1);
        for change in self.pending.drain(..end) {
            apply(&mut self.durable, &change);
        }
    }

    /// A sync that failed: some of it got there, and the rest is forgotten without a trace.
    pub fn sync_failed(&mut self, dice: &mut Dice) {
        self.settle(Survival::mixed(dice), dice);
        self.diverged = true;
    }

    /// Power is gone: what was pending survives in part, and programs see what survived.
    pub fn crash(&mut self, survival: Survival, dice: &mut Dice) {
        if self.pending.is_empty() && !self.diverged {
            return;
        }
        self.diverged = false;
        self.settle(survival, dice);
        self.live.clone_from(&self.durable);
        self.backed.resize((self.live.len() as u64).div_ceil(SECTOR_BYTES) as usize, false);
    }

    /// Rot: one bit turns, on the platter and for readers.
    pub fn flip_bit(&mut self, offset: u64, bit: u8) {
        let at = offset as usize;
        self.live[at] ^= 1 << (bit % 8);
        if let Some(byte) = self.durable.get_mut(at) {
            *byte ^= 1 << (bit % 8);
        }
    }

    /// Damage of any kind done from outside: the file is now exactly this, durably.
    pub fn replace(&mut self, bytes: &[u8]) {
        self.live = bytes.to_vec();
        self.durable = bytes.to_vec();
        self.pending.clear();
        self.backed = vec![true; (bytes.len() as u64).div_ceil(SECTOR_BYTES) as usize];
    }

    fn settle(&mut self, survival: Survival, dice: &mut Dice) {
        for change in self.pending.drain(..) {
            match change {
                Change::Length(length) => {
                    if survival.keeps(dice) {
                        self.durable.resize(length as usize, 0);
                    }
                }
                Change::Write { offset, bytes } => {
                    settle_write(&mut self.durable, offset, &bytes, survival, dice);
                }
            }
        }
    }
}

/// The length and each sector fare on their own. Sectors beyond a length that was lost are lost
/// with it; a length that was kept without its data reads as zeros.
fn settle_write(
    durable: &mut Vec<u8>,
    offset: u64,
    bytes: &[u8],
    survival: Survival,
    dice: &mut Dice,
) {
    let end = offset + bytes.len() as u64;
    if end > durable.len() as u64 && survival.keeps(dice) {
        durable.resize(end as usize, 0);
    }
    let mut at = offset;
    while at < end {
        let next = (at / SECTOR_BYTES + 1) * SECTOR_BYTES;
        let piece = &bytes[(at - offset) as usize..(next.min(end) - offset) as usize];
        let room = (durable.len() as u64).saturating_sub(at).min(piece.len() as u64) as usize;
        if room > 0 {
            let sector = &mut durable[at as usize..at as usize + room];
            if *sector != piece[..room] && survival.tears(dice) {
                tear(sector, &piece[..room], dice);
            } else if survival.keeps(dice) {
                sector.copy_from_slice(&piece[..room]);
            }
        }
        at = next;
    }
}

/// A sector caught in the middle: part new and part old, noise, or zeros.
fn tear(sector: &mut [u8], new: &[u8], dice: &mut Dice) {
    match dice.below(4) {
        0 => dice.fill(sector),
        1 => sector.fill(0),
        2 => {
            let cut = dice.index(new.len() + 1);
            sector[..cut].copy_from_slice(&new[..cut]);
        }
        _ => {
            let cut = dice.index(new.len() + 1);
            sector[cut..].copy_from_slice(&new[cut..]);
        }
    }
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write { offset, bytes: new } => put(bytes, *offset, new),
        Change::Length(length) => bytes.resize(*length as usize, 0),
    }
}

fn put(bytes: &mut Vec<u8>, offset: u64, new: &[u8]) {
    let (start, end) = (offset as usize, offset as usize + new.len());
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[start..end].copy_from_slice(new);
}
