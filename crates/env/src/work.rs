//! Background work as small steps, so that a simulation can run them one by one in any order.
//!
//! Invariant: a wake-up is never lost. If [`WorkHandle::wake`] is called at any time after a step
//! began, another step follows it, whatever the first one returned (except `Done`).

use std::sync::Arc;

/// Starts background tasks.
pub trait Work: Send + Sync {
    /// Runs `steps` in the background until it returns [`Next::Done`]. The first step follows
    /// without a wake-up. `name` shows in debuggers and thread lists.
    ///
    /// # Panics
    /// When the operating system refuses another thread.
    fn start(&self, name: &str, steps: Box<dyn Steps>) -> WorkHandle;
}

/// A background task. One step should be short: it decides what to do next and does one piece.
pub trait Steps: Send {
    /// Does one piece of work and says when to come back.
    fn step(&mut self) -> Next;
}

/// When the next step of a task is due.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Next {
    /// At once: there is more to do.
    Again,
    /// When somebody calls [`WorkHandle::wake`].
    Wait,
    /// When woken, or after so many microseconds.
    WaitUs(u64),
    /// Never: the task is over and its state is dropped.
    Done,
}

/// What an implementation of [`Work`] provides for each task.
pub trait WorkControl: Send + Sync {
    /// Makes another step follow. See [`WorkHandle::wake`].
    fn wake(&self);

    /// Waits until the task is over. See [`WorkHandle::join`].
    fn join(&self);
}

/// A running task. Clones speak of the same task; dropping all of them does not stop it.
#[derive(Clone)]
pub struct WorkHandle(Arc<dyn WorkControl>);

impl WorkHandle {
    /// Wraps what an implementation of [`Work`] keeps for one task.
    #[must_use]
    pub fn new(control: Arc<dyn WorkControl>) -> Self {
        Self(control)
    }

    /// Makes another step follow. Cheap, callable from any thread, never lost. Several calls
    /// before the next step count as one. Does nothing once the task is over.
    pub fn wake(&self) {
        self.0.wake();
    }

    /// Waits until the task returned [`Next::Done`] and its state was dropped.
    ///
    /// The caller must have arranged that it does. Called from inside the task's own step, it
    /// returns at once, because waiting for oneself would never end.
    pub fn join(&self) {
        self.0.join();
    }
}
