//! What goes wrong on a simulated disk, decided before the run.

/// Kinds of calls, each counted by itself from 1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OpClass {
    /// `read_at`.
    Read,
    /// `write_at`.
    Write,
    /// `set_bytes`.
    SetBytes,
    /// `sync_data` and `sync_all`.
    Sync,
    /// `sync_dir`.
    SyncDir,
    /// `create_dir_all` that makes something.
    CreateDir,
    /// `open` of a new file.
    Create,
    /// `open` of an existing file.
    Open,
    /// `rename`.
    Rename,
    /// `remove_file`.
    Remove,
    /// `list` and `entry`.
    List,
}

impl OpClass {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Read,
        Self::Write,
        Self::SetBytes,
        Self::Sync,
        Self::SyncDir,
        Self::CreateDir,
        Self::Create,
        Self::Open,
        Self::Rename,
        Self::Remove,
        Self::List,
    ];

    /// Whether such a call can change what is on the disk, so that a crash at it is a case of its
    /// own.
    #[must_use]
    pub fn changes_disk(self) -> bool {
        !matches!(self, Self::Read | Self::Open | Self::List)
    }
}

/// One call that fails with an input/output error. A failed write may have written a part; a
/// failed sync drops what it was to make durable and marks it clean, as Linux does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fault {
    /// Which kind of call.
    pub class: OpClass,
    /// Which of them, counted from 1 since the disk was made.
    pub count: u64,
}

/// Everything that goes wrong in a run.
#[derive(Clone, Debug, Default)]
pub struct FaultPlan {
    /// Number of the changing operation at which the machine stops.
    pub crash_at: Option<u64>,
    /// Calls that fail.
    pub faults: Vec<Fault>,
    /// Bytes on the disk; more is `StorageFull`.
    pub capacity_bytes: Option<u64>,
    /// Writes stop anywhere, now and then.
    pub short_writes: bool,
}

/// Calls made so far, by class.
#[derive(Clone, Debug, Default)]
pub struct OpCounts([u64; OpClass::ALL.len()]);

impl OpCounts {
    /// Counts one call and gives its number.
    pub fn add(&mut self, class: OpClass) -> u64 {
        let count = &mut self.0[class as usize];
        *count += 1;
        *count
    }

    /// Calls of one class.
    pub fn get(&self, class: OpClass) -> u64 {
        self.0[class as usize]
    }
}
