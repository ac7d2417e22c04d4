//! Opens what lies on a disk once and tells what it holds, for tests that damage files themselves.

use std::path::Path;
use std::sync::Arc;

use sutra_shard::Error;

use crate::clock::SimClock;
use crate::dice::{Actor, Dice};
use crate::disk::SimDisk;
use crate::engine::Engine;
use crate::model::State;
use crate::plan::Setting;
use crate::process::Process;
use crate::world::STORE;

/// Opens the store on a disk and reads everything in it.
///
/// # Errors
/// As the engine says.
pub fn read_store(disk: &SimDisk, setting: &Setting) -> Result<State, Error> {
    let clock = Arc::new(SimClock::default());
    let process = Process::new(disk, &clock, &mut Dice::new(0, Actor::Schedule), None);
    let engine = Engine::open(&process.env, Path::new(STORE), setting, None)?;
    Ok(engine.view().observe()?.state)
}
