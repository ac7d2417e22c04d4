//! The names in one folder: as programs see them, as the platter has them, and what lies between.
//!
//! Invariant: until the folder is synced a crash keeps any subset of its changes, applied in
//! order. A rename is one change: it never loses both names, and never shows half a move. One into
//! another folder is a change in each: a crash may show both names, but the old one goes only if
//! the new one stays.

use std::collections::BTreeMap;

use super::machine::{NodeId, Survival};
use crate::dice::Dice;

/// The names in one folder.
#[derive(Clone, Default)]
pub struct Folder {
    live: BTreeMap<String, NodeId>,
    durable: BTreeMap<String, NodeId>,
    pending: Vec<Pending>,
}

#[derive(Clone)]
struct Pending {
    change: NameChange,
    /// No crash loses it: what depends on it is durable.
    is_sure: bool,
}

#[derive(Clone)]
enum NameChange {
    Add { name: String, node: NodeId },
    Remove { name: String, node: NodeId },
    Rename { from: String, to: String, node: NodeId },
    Leave { name: String, node: NodeId, to: NodeId },
}

/// A file that has left a folder for good.
#[derive(Clone, Copy)]
pub struct Left {
    /// The folder that it is in now.
    pub to: NodeId,
    /// The file.
    pub node: NodeId,
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
            || self.pending.iter().any(|pending| pending.change.node() == node)
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

    /// A name goes, as the file now has one in another folder, where it is added; durable later or
    /// never.
    pub fn leave(&mut self, name: &str, node: NodeId, to: NodeId) {
        self.change(NameChange::Leave { name: name.to_owned(), node, to });
    }

    /// A file that came from another folder has left it for good, so its name here stays.
    pub fn keep(&mut self, node: NodeId) {
        let is_it = |pending: &&mut Pending| match pending.change {
            NameChange::Add { node: added, .. } => added == node,
            _ => false,
        };
        if let Some(added) = self.pending.iter_mut().rfind(is_it) {
            added.is_sure = true;
        }
    }

    /// Makes all changes durable. Gives the files that left.
    #[must_use]
    pub fn sync(&mut self) -> Vec<Left> {
        let mut left = Vec::new();
        for pending in self.pending.drain(..) {
            apply(&mut self.durable, &pending.change);
            left.extend(pending.change.left());
        }
        left
    }

    /// A sync that failed: some of it got there, the rest is as it was. Unlike the pages of a
    /// file, names are never taken for clean: a journal that fails stops the file system. Gives the
    /// files that left.
    #[must_use]
    pub fn sync_failed(&mut self, dice: &mut Dice) -> Vec<Left> {
        let survival = Survival::mixed(dice);
        let mut left = Vec::new();
        for pending in std::mem::take(&mut self.pending) {
            if survival.keeps(dice) {
                apply(&mut self.durable, &pending.change);
                left.extend(pending.change.left());
            } else {
                self.pending.push(pending);
            }
        }
        left
    }

    /// Power is gone: decides which files have left, before any folder settles. Gives them.
    #[must_use]
    pub fn settle_moves(&mut self, survival: Survival, dice: &mut Dice) -> Vec<Left> {
        let mut left = Vec::new();
        self.pending.retain_mut(|pending| {
            let Some(moved) = pending.change.left() else { return true };
            pending.is_sure = survival.keeps(dice);
            left.extend(pending.is_sure.then_some(moved));
            pending.is_sure
        });
        left
    }

    /// Power is gone: what was pending survives in part, and programs see what survived.
    pub fn crash(&mut self, survival: Survival, dice: &mut Dice) {
        self.settle(survival, dice);
        self.live.clone_from(&self.durable);
    }

    fn change(&mut self, change: NameChange) {
        apply(&mut self.live, &change);
        self.pending.push(Pending { change, is_sure: false });
    }

    fn settle(&mut self, survival: Survival, dice: &mut Dice) {
        for pending in self.pending.drain(..) {
            if pending.is_sure || survival.keeps(dice) {
                apply(&mut self.durable, &pending.change);
            }
        }
    }
}

impl NameChange {
    fn node(&self) -> NodeId {
        match self {
            Self::Add { node, .. }
            | Self::Remove { node, .. }
            | Self::Rename { node, .. }
            | Self::Leave { node, .. } => *node,
        }
    }

    fn left(&self) -> Option<Left> {
        match self {
            Self::Leave { node, to, .. } => Some(Left { to: *to, node: *node }),
            _ => None,
        }
    }
}

/// Removes only what it was meant for: the change that put another file there may be lost.
fn apply(names: &mut BTreeMap<String, NodeId>, change: &NameChange) {
    match change {
        NameChange::Add { name, node } => {
            names.insert(name.clone(), *node);
        }
        NameChange::Remove { name, node } | NameChange::Leave { name, node, .. } => {
            remove_node(names, name, *node);
        }
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
