//! The simulated disk as the engine gets it, and as the harness controls it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use sutra_env::{
    DirEntry, Disk, EntryKind, File, LockError, LockGuard, LockMode, Mapping, OpenMode,
};

use super::content::Content;
use super::faults::{FaultPlan, OpClass};
use super::folder::Folder;
use super::machine::{Begun, Crash, Look, Machine, Node, NodeId, ROOT, names};
use super::mapping::SimMapping;
use crate::dice::Dice;
use crate::history::History;

/// The process id of the first process run; later ones count up.
const PID_FIRST: u32 = 1000;
/// Of so many writes one is short, where short writes are on.
const SHORT_WRITE_EVERY: u64 = 8;

/// A simulated disk, as one process run sees it. Clones speak of the same disk and run.
#[derive(Clone)]
pub struct SimDisk {
    machine: Arc<Mutex<Machine>>,
    run: u64,
}

impl SimDisk {
    /// An empty disk in its first process run.
    #[must_use]
    pub fn new(dice: Dice) -> Self {
        Self { machine: Arc::new(Mutex::new(Machine::new(dice))), run: 0 }
    }

    /// Ends the process run and gives the disk as the next one finds it. All handles and locks of
    /// this run are dead; an earlier crash point is forgotten.
    #[must_use]
    pub fn crash(&self, crash: Crash) -> Self {
        let mut machine = self.machine.lock();
        machine.end_process(crash);
        Self { machine: Arc::clone(&self.machine), run: machine.run }
    }

    /// Another disk that holds the same, to see what would follow from here.
    #[must_use]
    pub fn fork(&self) -> Self {
        let machine = self.machine.lock().clone();
        Self { machine: Arc::new(Mutex::new(machine)), run: self.run }
    }

    /// As [`SimDisk::fork`], but what is left to chance goes otherwise.
    #[must_use]
    pub fn fork_with(&self, dice: Dice) -> Self {
        let fork = self.fork();
        fork.machine.lock().dice = dice;
        fork
    }

    /// Replaces what goes wrong from here on.
    pub fn set_plan(&self, plan: FaultPlan) {
        self.machine.lock().plan = plan;
    }

    /// Changes the plan in place.
    pub fn change_plan(&self, change: impl FnOnce(&mut FaultPlan)) {
        change(&mut self.machine.lock().plan);
    }

    /// Does something in the middle of whatever makes the call after so many changing operations.
    pub fn look_after(&self, operations: u64, look: Look) {
        let mut machine = self.machine.lock();
        machine.look = Some((machine.operations + operations, look));
    }

    /// Whether calls were or will be made to fail by plan.
    #[must_use]
    pub fn has_faults(&self) -> bool {
        !self.machine.lock().plan.faults.is_empty()
    }

    /// Whether the disk can fill up.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.machine.lock().plan.capacity_bytes.is_some()
    }

    /// Prints every call from here on.
    pub fn trace(&self) {
        self.machine.lock().trace = true;
    }

    /// Operations so far that could change the disk.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.machine.lock().operations
    }

    /// Calls of one class so far.
    #[must_use]
    pub fn calls(&self, class: OpClass) -> u64 {
        self.machine.lock().counts.get(class)
    }

    /// Whether the crash point was reached.
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        self.machine.lock().stopped
    }

    /// Space taken.
    #[must_use]
    pub fn bytes_used(&self) -> u64 {
        self.machine.lock().bytes_used()
    }

    /// Digest of all calls and answers so far.
    #[must_use]
    pub fn history(&self) -> History {
        self.machine.lock().history
    }

    /// Full paths of all files with their lengths, sorted.
    #[must_use]
    pub fn files(&self) -> Vec<(String, u64)> {
        let machine = self.machine.lock();
        let mut found = Vec::new();
        let mut folders = vec![(String::new(), ROOT)];
        while let Some((path, folder)) = folders.pop() {
            for (name, node) in machine.folder(folder).into_iter().flat_map(Folder::names) {
                let path = format!("{path}/{name}");
                match &machine.nodes[*node] {
                    Node::File(content) => found.push((path, content.live().len() as u64)),
                    Node::Folder(_) => folders.push((path, *node)),
                }
            }
        }
        found.sort();
        found
    }

    /// The bytes of a file as programs see them, without counting as a call.
    ///
    /// # Panics
    /// When there is no such file.
    #[must_use]
    pub fn content(&self, path: &str) -> Vec<u8> {
        let machine = self.machine.lock();
        let node = machine.find(Path::new(path)).ok().flatten().expect("a file of that name");
        machine.content(node).expect("a file").live().to_vec()
    }

    /// Damages a file at rest: one bit turns.
    ///
    /// # Panics
    /// When there is no such byte.
    pub fn flip_bit(&self, path: &str, offset: u64, bit: u8) {
        self.damage(path, |content| content.flip_bit(offset, bit));
    }

    /// Damages a file at rest: it is now exactly this.
    ///
    /// # Panics
    /// When there is no such file.
    pub fn replace(&self, path: &str, bytes: &[u8]) {
        self.damage(path, |content| content.replace(bytes));
    }

    /// A file at rest is gone, without counting as a call.
    ///
    /// # Panics
    /// When there is no such file.
    pub fn take_away(&self, path: &str) {
        let mut machine = self.machine.lock();
        let (folder, name) = machine.place(Path::new(path)).expect("a folder");
        let names = machine.folder_mut(folder).expect("a folder");
        let node = names.get(name).expect("a file of that name");
        names.remove(name, node);
        let _ = names.sync();
        machine.note_loss();
    }

    /// A file is there, whatever was there before, if its folder is. Does not count as a call.
    pub fn put(&self, path: &str, bytes: &[u8]) {
        let mut machine = self.machine.lock();
        let Ok((folder, name)) = machine.place(Path::new(path)) else { return };
        let found = machine.folder(folder).ok().and_then(|names| names.get(name));
        let node =
            found.map_or_else(|| machine.add(folder, name, Node::File(Content::default())), Ok);
        let node = node.expect("the folder is there");
        machine.content_mut(node).expect("a file").replace(bytes);
        let _ = machine.folder_mut(folder).expect("a folder").sync();
    }

    fn damage(&self, path: &str, how: impl FnOnce(&mut Content)) {
        let mut machine = self.machine.lock();
        let node = machine.find(Path::new(path)).ok().flatten().expect("a file of that name");
        how(machine.content_mut(node).expect("a file"));
    }

    /// Does one call: counts it, fails it if planned, lets the machine stop in it.
    fn call<T>(
        &self,
        class: OpClass,
        work: impl FnOnce(&mut Machine, Begun) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut machine = self.machine.lock();
        if let Some(look) = machine.take_look(self.run) {
            drop(machine);
            look();
            machine = self.machine.lock();
        }
        let begun = machine.begin(self.run, class)?;
        if begun == Begun::Fails
            && !matches!(class, OpClass::Write | OpClass::Sync | OpClass::SyncDir)
        {
            machine.history.add(1);
            return Err(io_error(class));
        }
        let result = work(&mut machine, begun);
        machine.history.add(u64::from(result.is_err()) + 2);
        let error = result.as_ref().err().map(ToString::to_string);
        machine.say(|| format!("{class:?} {begun:?} {}", error.unwrap_or_default()));
        match begun {
            Begun::Works => result,
            Begun::Fails => Err(io_error(class)),
            Begun::Crashes => Err(io::Error::other("the simulated machine stops")),
        }
    }

    /// Whether a file of this process run still has a name, on a machine that runs.
    pub(super) fn is_alive(&self, node: NodeId) -> bool {
        let machine = self.machine.lock();
        machine.run == self.run && !machine.stopped && machine.has_name(node)
    }

    fn file(&self, node: NodeId, writable: bool) -> Arc<dyn File> {
        Arc::new(SimFile { disk: self.clone(), node, writable })
    }
}

fn io_error(class: OpClass) -> io::Error {
    io::Error::other(format!("simulated input/output error in {class:?}"))
}

impl Disk for SimDisk {
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        let found = self.machine.lock().find(path);
        if let Ok(Some(node)) = found {
            return self.call(OpClass::List, |machine, _| machine.folder(node).map(|_| ()));
        }
        self.call(OpClass::CreateDir, |machine, _| {
            let mut folder = ROOT;
            for name in names(path)? {
                folder = match machine.folder(folder)?.get(name) {
                    Some(node) => node,
                    None => machine.add(folder, name, Node::Folder(Folder::default()))?,
                };
            }
            machine.folder(folder).map(|_| ())
        })
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        self.call(OpClass::List, |machine, _| {
            let node = machine.find(dir)?.ok_or(io::ErrorKind::NotFound)?;
            let names = machine.folder(node)?.names();
            Ok(names.iter().map(|(name, node)| describe(machine, name, *node)).collect())
        })
    }

    fn entry(&self, path: &Path) -> io::Result<Option<DirEntry>> {
        self.call(OpClass::List, |machine, _| {
            let name = names(path)?.last().copied().unwrap_or("/");
            Ok(machine.find(path)?.map(|node| describe(machine, name, node)))
        })
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        if mode == OpenMode::CreateNew {
            let node = self.call(OpClass::Create, |machine, _| {
                let (folder, name) = machine.place(path)?;
                if machine.folder(folder)?.get(name).is_some() {
                    return Err(io::ErrorKind::AlreadyExists.into());
                }
                machine.add(folder, name, Node::File(Content::default()))
            })?;
            return Ok(self.file(node, true));
        }
        let node = self.call(OpClass::Open, |machine, _| {
            let node = machine.find(path)?.ok_or(io::ErrorKind::NotFound)?;
            machine.content(node).map(|_| node)
        })?;
        Ok(self.file(node, mode == OpenMode::ReadWrite))
    }

    fn map(&self, path: &Path) -> io::Result<Arc<dyn Mapping>> {
        let node = self.call(OpClass::Open, |machine, _| {
            let node = machine.find(path)?.ok_or(io::ErrorKind::NotFound)?;
            machine.content(node).map(|_| node)
        })?;
        self.call(OpClass::Read, |machine, _| {
            machine.history.add(node as u64);
            let live = machine.content(node)?.live();
            let losses = Arc::clone(&machine.losses);
            Ok(Arc::new(SimMapping::new(self.clone(), node, losses, live)) as Arc<dyn Mapping>)
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(OpClass::Rename, |machine, _| {
            let (folder, from) = machine.place(from)?;
            let (folder_to, to) = machine.place(to)?;
            let node = machine.folder(folder)?.get(from).ok_or(io::ErrorKind::NotFound)?;
            if folder != folder_to {
                machine.folder_mut(folder_to)?.add(to, node);
                machine.folder_mut(folder)?.leave(from, node, folder_to);
                machine.note_loss();
            } else if from != to {
                machine.folder_mut(folder)?.rename(from, to, node);
                machine.note_loss();
            }
            Ok(())
        })
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.call(OpClass::Remove, |machine, _| {
            let (folder, name) = machine.place(path)?;
            let node = machine.folder(folder)?.get(name).ok_or(io::ErrorKind::NotFound)?;
            machine.content(node)?;
            machine.folder_mut(folder)?.remove(name, node);
            machine.note_loss();
            Ok(())
        })
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.call(OpClass::SyncDir, |machine, begun| {
            let node = machine.find(dir)?.ok_or(io::ErrorKind::NotFound)?;
            let mut dice = machine.dice.clone();
            let folder = machine.folder_mut(node)?;
            let left = match begun {
                Begun::Works => folder.sync(),
                Begun::Fails => folder.sync_failed(&mut dice),
                Begun::Crashes => Vec::new(),
            };
            machine.dice = dice;
            machine.keep_moved(left)
        })
    }

    fn lock(&self, path: &Path, mode: LockMode) -> Result<Box<dyn LockGuard>, LockError> {
        let found = self.machine.lock().find(path)?;
        let node = match found {
            Some(node) => self.call(OpClass::Open, |_, _| Ok(node))?,
            None => self.call(OpClass::Create, |machine, _| {
                let (folder, name) = machine.place(path)?;
                machine.add(folder, name, Node::File(Content::default()))
            })?,
        };
        let mut machine = self.machine.lock();
        let held = machine.locks.get(&node).copied();
        let holders = match (held, mode) {
            (None, LockMode::Exclusive) => 0,
            (None, LockMode::Shared) => 1,
            (Some(count), LockMode::Shared) if count > 0 => count + 1,
            (Some(count), _) => {
                let pid = (count == 0).then_some(PID_FIRST + self.run as u32);
                return Err(LockError::Held { pid });
            }
        };
        machine.locks.insert(node, holders);
        Ok(Box::new(SimLock { disk: self.clone(), node }))
    }
}

fn describe(machine: &Machine, name: &str, node: NodeId) -> DirEntry {
    let (kind, bytes) = match &machine.nodes[node] {
        Node::File(content) => (EntryKind::File, content.live().len() as u64),
        Node::Folder(_) => (EntryKind::Dir, 0),
    };
    DirEntry { name: name.to_owned(), kind, bytes }
}

struct SimLock {
    disk: SimDisk,
    node: NodeId,
}

impl LockGuard for SimLock {}

impl Drop for SimLock {
    fn drop(&mut self) {
        let mut machine = self.disk.machine.lock();
        if machine.run != self.disk.run {
            return;
        }
        match machine.locks.get(&self.node).copied() {
            Some(count) if count > 1 => machine.locks.insert(self.node, count - 1),
            _ => machine.locks.remove(&self.node),
        };
    }
}

struct SimFile {
    disk: SimDisk,
    node: NodeId,
    writable: bool,
}

impl SimFile {
    fn sync(&self, works: impl FnOnce(&mut Content)) -> io::Result<()> {
        self.disk.call(OpClass::Sync, |machine, begun| {
            machine.history.add(self.node as u64);
            machine.say(|| format!("file {}:", self.node));
            let mut dice = machine.dice.clone();
            let content = machine.content_mut(self.node)?;
            match begun {
                Begun::Works => works(content),
                Begun::Fails => content.sync_failed(&mut dice),
                Begun::Crashes => {}
            }
            machine.dice = dice;
            Ok(())
        })
    }

    /// How much of a write happens: all of it, unless the disk is full, the call fails by plan, or
    /// writes are short now and then.
    fn portion(&self, machine: &mut Machine, begun: Begun, offset: u64, length: u64) -> u64 {
        let fitting = match machine.plan.capacity_bytes {
            Some(capacity) => {
                let free = capacity.saturating_sub(machine.bytes_used());
                machine.content(self.node).map_or(0, |c| c.bytes_fitting(offset, length, free))
            }
            None => length,
        };
        let short = machine.plan.short_writes && machine.dice.chance(1, SHORT_WRITE_EVERY);
        match begun {
            Begun::Fails => machine.dice.below(fitting + 1),
            _ if fitting > 1 && (short || fitting < length) => 1 + machine.dice.below(fitting),
            _ => fitting,
        }
    }
}

impl File for SimFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.disk.call(OpClass::Read, |machine, _| {
            let live = machine.content(self.node)?.live();
            let start = usize::try_from(offset).unwrap_or(usize::MAX).min(live.len());
            let count = buffer.len().min(live.len() - start);
            buffer[..count].copy_from_slice(&live[start..start + count]);
            machine.history.add(self.node as u64 ^ offset << 8);
            Ok(count)
        })
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        if !self.writable {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.disk.call(OpClass::Write, |machine, begun| {
            let portion = self.portion(machine, begun, offset, bytes.len() as u64) as usize;
            machine.history.add(self.node as u64 ^ offset << 8);
            machine.history.add_bytes(&bytes[..portion]);
            machine.say(|| format!("file {} bytes {portion} at {offset}:", self.node));
            if portion == 0 && !bytes.is_empty() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            machine.content_mut(self.node)?.write(offset, &bytes[..portion]);
            Ok(portion)
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.sync(Content::sync_data)
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync(Content::sync_all)
    }

    fn bytes(&self) -> io::Result<u64> {
        self.disk
            .call(OpClass::List, |machine, _| Ok(machine.content(self.node)?.live().len() as u64))
    }

    fn set_bytes(&self, bytes: u64) -> io::Result<()> {
        if !self.writable {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.disk.call(OpClass::SetBytes, |machine, _| {
            machine.history.add(self.node as u64 ^ bytes << 8);
            machine.content_mut(self.node)?.set_length(bytes);
            Ok(())
        })
    }
}
