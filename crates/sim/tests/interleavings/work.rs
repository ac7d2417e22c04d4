//! Background tasks on threads of shuttle.

use std::sync::Arc;

use shuttle::sync::{Condvar, Mutex};
use shuttle::thread::{self, ThreadId};
use sutra_env::{Next, Steps, Work, WorkControl, WorkHandle};

/// A wait with a limit ends by itself after so many turns of the others: time passes as it likes.
const TURNS_WAITED: u32 = 2;

/// Starts a thread for each task.
pub struct ShuttleWork;

impl Work for ShuttleWork {
    fn start(&self, name: &str, mut steps: Box<dyn Steps>) -> WorkHandle {
        let task = Arc::new(Task::default());
        let inner = Arc::clone(&task);
        let run = move || {
            inner.state.lock().unwrap().thread = Some(thread::current().id());
            inner.run(steps.as_mut());
            drop(steps);
            inner.state.lock().unwrap().is_over = true;
            inner.changed.notify_all();
        };
        thread::Builder::new().name(name.to_owned()).spawn(run).unwrap();
        WorkHandle::new(task)
    }
}

#[derive(Default)]
struct Task {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    thread: Option<ThreadId>,
    is_woken: bool,
    is_over: bool,
}

impl Task {
    fn run(&self, steps: &mut dyn Steps) {
        loop {
            match steps.step() {
                Next::Again => {}
                Next::Wait => self.wait(),
                Next::WaitUs(_) => self.wait_a_while(),
                Next::Done => return,
            }
        }
    }

    fn wait(&self) {
        let mut state = self.state.lock().unwrap();
        while !state.is_woken {
            state = self.changed.wait(state).unwrap();
        }
        state.is_woken = false;
    }

    fn wait_a_while(&self) {
        for _ in 0..TURNS_WAITED {
            // It counts as waiting: a scheduler that goes by importance lets all others go first,
            // so a task that looks again and again keeps nobody from ending.
            thread::yield_now();
            if std::mem::take(&mut self.state.lock().unwrap().is_woken) {
                return;
            }
        }
    }
}

impl WorkControl for Task {
    fn wake(&self) {
        self.state.lock().unwrap().is_woken = true;
        self.changed.notify_all();
    }

    fn join(&self) {
        let mut state = self.state.lock().unwrap();
        if state.thread == Some(thread::current().id()) {
            return;
        }
        while !state.is_over {
            state = self.changed.wait(state).unwrap();
        }
    }
}
