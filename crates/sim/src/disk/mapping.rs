//! A mapped file of the simulated disk, which notices that it is used too late.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sutra_env::Mapping;

use super::handle::SimDisk;
use super::machine::NodeId;

/// What programs saw of a file when it was mapped, as long as they may still look.
pub struct SimMapping {
    disk: SimDisk,
    node: NodeId,
    /// Of the machine, and what it was when the file was last seen to be there.
    losses: Arc<AtomicU64>,
    losses_seen: AtomicU64,
    /// The bytes, filled up with zeros: words, because a mapping is aligned.
    words: Vec<u64>,
    bytes: usize,
}

impl SimMapping {
    /// Copies the content of a file.
    pub fn new(disk: SimDisk, node: NodeId, losses: Arc<AtomicU64>, content: &[u8]) -> Self {
        let mut words = vec![0; content.len().div_ceil(size_of::<u64>())];
        bytemuck::cast_slice_mut::<u64, u8>(&mut words)[..content.len()].copy_from_slice(content);
        let losses_seen = AtomicU64::new(losses.load(Ordering::Acquire));
        Self { disk, node, losses, losses_seen, words, bytes: content.len() }
    }
}

impl Mapping for SimMapping {
    /// Nothing after the file lost its last name, the machine stopped or the process ended.
    fn bytes(&self) -> &[u8] {
        let losses = self.losses.load(Ordering::Acquire);
        if losses != self.losses_seen.load(Ordering::Relaxed) {
            if !self.disk.is_alive(self.node) {
                return &[];
            }
            self.losses_seen.store(losses, Ordering::Relaxed);
        }
        &bytemuck::cast_slice(&self.words)[..self.bytes]
    }
}
