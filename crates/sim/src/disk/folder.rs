//! The names in one folder: as programs see them, as the platter has them, and what lies between.
//!
//! Invariant: until the folder is synced a crash keeps any subset of its changes, applied in
//! order. A rename is one change: it never loses both names, and never shows half a move.

use std::collections::BTreeMap;

use super::machine::{NodeId, Survival};
use crate::dice::Dice;

/// The names in one folder.
#[derive(Clone, Default)]
pub struct Folder {
    live: BTreeMap<String, NodeId>,
    durable: BTreeMap<String, NodeId>,
    pending: Vec<NameChange>,
}

#[derive(Clone)]
enum NameChange {
    Add { name: String, node: NodeId },
    Remove { name: String, node: NodeId },
    Rename { from: String, to: String, node: NodeId },
}

impl Folder {
    /// What a name stands for.
    pub fn get(&self, name: &str) -> Option<NodeId> {
        self.live.get(name).copied()
    }

    /// All names, sorted.
    pub fn names(&self) -> &BTreeMap<String, NodeId> {
        &self.live
    }

    /// Whether a file has a name here, or may have one after a crash.
    pub fn may_name(&self, node: NodeId) -> bool {
        let is_it = |named: &NodeId| *named == node;
        self.live.values().any(is_it)
            || self.durable.values().any(is_it)
            || self.pending.iter().any(|change| change.node() == node)
    }

    /// A new name; durable later or never.
    pub fn add(&mut self, name: &str, node: NodeId) {
        self.change(NameChange::Add { name: name.to_owned(), node });
    }

    /// A name goes; durable later or never.
    pub fn remove(&mut self, name: &str, node: NodeId) {
        self.change(NameChange::Remove { name: name.to_owned(), node });
    }

    /// A name changes; durable later or never.
    pub fn rename(&mut self, from: &str, to: &str, node: NodeId) {
        self.change(NameChange::Rename { from: from.to_owned(), to: to.to_owned(), node });
    }

    /// Makes all changes durable.
    pub fn sync(&mut self) {
        for change in self.pending.drain(..) {
            apply(&mut self.durable, &change);
        }
    }

    /// A sync that failed: some of it got there, the rest is as it was. Unlike the pages of a
    /// file, names are never taken for clean: a journal that fails stops the file system.
    pub fn sync_failed(&mut self, dice: &mut Dice) {
        let survival = Survival::mixed(dice);
        for change in std::mem::take(&mut self.pending) {
            if survival.keeps(dice) {
                apply(&mut self.durable, &change);
            } else {
                self.pending.push(change);
            }
        }
    }

    /// Power is gone: what was pending survives in part, and programs see what survived.
    pub fn crash(&mut self, survival: Survival, dice: &mut Dice) {
        self.settle(survival, dice);
        self.live.clone_from(&self.durable);
    }

    fn change(&mut self, change: NameChange) {
        apply(&mut self.live, &change);
        self.pending.push(change);
    }

    fn settle(&mut self, survival: Survival, dice: &mut Dice) {
        for change in self.pending.drain(..) {
            if survival.keeps(dice) {
                apply(&mut self.durable, &change);
            }
        }
    }
}

impl NameChange {
    fn node(&self) -> NodeId {
        match self {
            Self::Add { node, .. } | Self::Remove { node, .. } | Self::Rename { node, .. } => *node,
        }
    }
}

/// Removes only what it was meant for: the change that put another file there may be lost.
fn apply(names: &mut BTreeMap<String, NodeId>, change: &NameChange) {
    match change {
        NameChange::Add { name, node } => {
            names.insert(name.clone(), *node);
        }
        NameChange::Remove { name, node } => remove_node(names, name, *node),
        NameChange::Rename { from, to, node } => {
            remove_node(names, from, *node);
            names.insert(to.clone(), *node);
        }
    }
}

fn remove_node(names: &mut BTreeMap<String, NodeId>, name: &str, node: NodeId) {
    if names.get(name) == Some(&node) {
        names.remove(name);
    }
}
