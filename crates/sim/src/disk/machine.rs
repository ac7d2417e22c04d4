//! The state behind all handles of one simulated disk: files and folders, the operation counter,
//! what fails next, and the history of all calls.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::content::Content;
use super::faults::{FaultPlan, OpClass, OpCounts};
use super::folder::{Folder, Left};
use crate::dice::Dice;
use crate::history::History;

/// Number of a file or folder; never reused within a run.
pub type NodeId = usize;

/// The folder everything is in.
pub const ROOT: NodeId = 0;

/// How a process ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Crash {
    /// The process is killed. The operating system still has everything, unsynced as it was.
    Kill,
    /// Power is lost, and with it what was not synced, as far as [`Survival`] says.
    PowerLoss(Survival),
}

/// What a power loss leaves of unsynced changes. A mixture alone almost never tests the extremes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Survival {
    /// Nothing.
    None,
    /// Everything.
    All,
    /// Each change and sector by itself.
    Mixed {
        /// How many of 16 are kept.
        kept_of_16: u8,
        /// How many of 16 sectors are torn.
        torn_of_16: u8,
    },
}

impl Survival {
    /// Each change and sector by itself, with odds that differ from crash to crash.
    #[must_use]
    pub fn mixed(dice: &mut Dice) -> Self {
        let kept_of_16 = dice.pick(&[1, 4, 8, 12, 15]);
        Self::Mixed { kept_of_16, torn_of_16: dice.pick(&[0, 0, 1, 4]) }
    }

    /// Whether the next change is kept.
    pub fn keeps(self, dice: &mut Dice) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Mixed { kept_of_16, .. } => dice.chance(u64::from(kept_of_16), 16),
        }
    }

    /// Whether the next sector is torn.
    pub fn tears(self, dice: &mut Dice) -> bool {
        match self {
            Self::None | Self::All | Self::Mixed { torn_of_16: 0, .. } => false,
            Self::Mixed { torn_of_16, .. } => dice.chance(u64::from(torn_of_16), 16),
        }
    }
}

/// A file or a folder.
#[derive(Clone)]
pub enum Node {
    /// A file.
    File(Content),
    /// A folder.
    Folder(Folder),
}

/// How a call goes on after [`Machine::begin`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Begun {
    /// It succeeds.
    Works,
    /// It fails by plan.
    Fails,
    /// The machine stops at it: it may have happened, nobody will know.
    Crashes,
}

/// Looks at the store, and makes no call of the disk.
pub type Look = Arc<dyn Fn() + Send + Sync>;

/// The state behind all handles.
#[derive(Clone)]
pub struct Machine {
    pub nodes: Vec<Node>,
    pub dice: Dice,
    pub plan: FaultPlan,
    pub counts: OpCounts,
    pub history: History,
    /// Locks held: by file, how many share it, 0 for an exclusive holder.
    pub locks: BTreeMap<NodeId, u32>,
    /// Changing operations so far.
    pub operations: u64,
    /// Process runs so far; a handle of an earlier one is dead.
    pub run: u64,
    pub stopped: bool,
    /// Changes whenever a file may have lost its name, or the machine stopped. Mappings look at it
    /// without asking for more.
    pub losses: Arc<AtomicU64>,
    /// What to do before the call after so many changing operations: to look at the store while a
    /// background task is half way.
    pub look: Option<(u64, Look)>,
    /// Prints every call, to follow one history.
    pub trace: bool,
}

impl Machine {
    pub fn new(dice: Dice) -> Self {
        Self {
            nodes: vec![Node::Folder(Folder::default())],
            dice,
            plan: FaultPlan::default(),
            counts: OpCounts::default(),
            history: History::default(),
            locks: BTreeMap::new(),
            operations: 0,
            run: 0,
            stopped: false,
            losses: Arc::default(),
            look: None,
            trace: false,
        }
    }

    /// Counts a call made by a handle of process run `run` and decides how it goes.
    pub fn begin(&mut self, run: u64, class: OpClass) -> io::Result<Begun> {
        if self.stopped || run != self.run {
            return Err(io::Error::other("the simulated machine has stopped"));
        }
        let count = self.counts.add(class);
        self.history.add(class as u64);
        if class.changes_disk() {
            self.operations += 1;
            if self.plan.crash_at == Some(self.operations) {
                self.stopped = true;
                self.note_loss();
                return Ok(Begun::Crashes);
            }
        }
        let fails = self.plan.faults.iter().any(|f| f.class == class && f.count == count);
        Ok(if fails { Begun::Fails } else { Begun::Works })
    }

    /// Prints a line when following one history.
    pub fn say(&self, line: impl FnOnce() -> String) {
        if self.trace {
            println!("    {:>4} {}", self.operations, line());
        }
    }

    /// The process is over; what the disk holds afterwards depends on how.
    pub fn end_process(&mut self, crash: Crash) {
        self.say(|| format!("--- {crash:?}"));
        self.run += 1;
        self.stopped = false;
        self.plan.crash_at = None;
        self.locks.clear();
        self.look = None;
        self.note_loss();
        self.forget_unreachable();
        let Crash::PowerLoss(survival) = crash else { return };
        let mut left = Vec::new();
        for node in &mut self.nodes {
            if let Node::Folder(folder) = node {
                left.extend(folder.settle_moves(survival, &mut self.dice));
            }
        }
        self.keep_moved(left).expect("a file is moved into a folder");
        for node in &mut self.nodes {
            match node {
                Node::File(content) => content.crash(survival, &mut self.dice),
                Node::Folder(folder) => folder.crash(survival, &mut self.dice),
            }
        }
    }

    /// Files that have left one folder for good stay in the other.
    pub fn keep_moved(&mut self, left: Vec<Left>) -> io::Result<()> {
        for Left { to, node } in left {
            self.folder_mut(to)?.keep(node);
        }
        Ok(())
    }

    /// What is to be done before the next call.
    pub fn take_look(&mut self, run: u64) -> Option<Look> {
        let is_due = self.look.as_ref().is_some_and(|(at, _)| *at <= self.operations);
        if !is_due || self.stopped || run != self.run {
            return None;
        }
        self.look.take().map(|(_, look)| look)
    }

    /// A file may have lost its name.
    pub fn note_loss(&self) {
        self.losses.fetch_add(1, Ordering::Release);
    }

    /// Frees what no name leads to, now that the handles are dead.
    fn forget_unreachable(&mut self) {
        let folders = |found: &Node| match found {
            Node::Folder(folder) => Some(folder.clone()),
            Node::File(_) => None,
        };
        let folders: Vec<Folder> = self.nodes.iter().filter_map(folders).collect();
        for (id, node) in self.nodes.iter_mut().enumerate() {
            if let Node::File(content) = node
                && !content.live().is_empty()
                && !folders.iter().any(|folder| folder.may_name(id))
            {
                *content = Content::default();
            }
        }
    }

    /// Space taken by files that have a name.
    pub fn bytes_used(&self) -> u64 {
        let folders = self.nodes.iter().filter_map(|node| match node {
            Node::Folder(folder) => Some(folder),
            Node::File(_) => None,
        });
        let named = folders.flat_map(|folder| folder.names().values());
        named.filter_map(|node| self.content(*node).ok()).map(Content::bytes_backed).sum()
    }

    /// Whether a file has a name as programs see it.
    pub fn has_name(&self, node: NodeId) -> bool {
        let names = |found: &Node| match found {
            Node::Folder(folder) => folder.names().values().any(|named| *named == node),
            Node::File(_) => false,
        };
        self.nodes.iter().any(names)
    }

    pub fn content(&self, node: NodeId) -> io::Result<&Content> {
        match &self.nodes[node] {
            Node::File(content) => Ok(content),
            Node::Folder(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    pub fn content_mut(&mut self, node: NodeId) -> io::Result<&mut Content> {
        match &mut self.nodes[node] {
            Node::File(content) => Ok(content),
            Node::Folder(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    pub fn folder(&self, node: NodeId) -> io::Result<&Folder> {
        match &self.nodes[node] {
            Node::Folder(folder) => Ok(folder),
            Node::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    pub fn folder_mut(&mut self, node: NodeId) -> io::Result<&mut Folder> {
        match &mut self.nodes[node] {
            Node::Folder(folder) => Ok(folder),
            Node::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    /// The node at a path, if there is one.
    pub fn find(&self, path: &Path) -> io::Result<Option<NodeId>> {
        let mut node = ROOT;
        for name in names(path)? {
            match self.folder(node)?.get(name) {
                Some(next) => node = next,
                None => return Ok(None),
            }
        }
        Ok(Some(node))
    }

    /// The folder a path is in, which must exist, and the last name of the path.
    pub fn place<'a>(&self, path: &'a Path) -> io::Result<(NodeId, &'a str)> {
        let mut all = names(path)?;
        let name = all.pop().ok_or(io::ErrorKind::InvalidFilename)?;
        let mut node = ROOT;
        for name in all {
            node = self.folder(node)?.get(name).ok_or(io::ErrorKind::NotFound)?;
        }
        self.folder(node)?;
        Ok((node, name))
    }

    /// Puts a new node under a name.
    pub fn add(&mut self, folder: NodeId, name: &str, node: Node) -> io::Result<NodeId> {
        let id = self.nodes.len();
        self.nodes.push(node);
        self.folder_mut(folder)?.add(name, id);
        Ok(id)
    }
}

/// The names along a path. Relative paths start at the root.
pub fn names(path: &Path) -> io::Result<Vec<&str>> {
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => {
                names.push(name.to_str().ok_or(io::ErrorKind::InvalidFilename)?);
            }
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                return Err(io::ErrorKind::InvalidFilename.into());
            }
        }
    }
    Ok(names)
}
