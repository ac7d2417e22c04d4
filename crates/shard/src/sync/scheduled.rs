//! The same types with a scheduling point before each operation, for threads of the crate
//! `shuttle`. These share one thread of the system, so an operation is one step, whatever ordering
//! it asks for: all of them are sequentially consistent here.
//!
//! Invariant: no lock of the system is held at a scheduling point, or all threads would wait for
//! it.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{self, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// Lets the scheduler choose who goes on. This thread stays as important as it is, unlike after
/// [`spin_loop`].
fn scheduling_point() {
    shuttle::thread::sleep(Duration::ZERO);
}

/// For loops that wait for another thread: without it a scheduler may leave it out for ever.
pub fn spin_loop() {
    shuttle::hint::spin_loop();
}

macro_rules! scheduled_atomic {
    ($name:ident, $value:ty) => {
        #[derive(Debug, Default)]
        pub struct $name(atomic::$name);

        #[allow(dead_code, reason = "not every operation is used with every type")]
        impl $name {
            pub const fn new(value: $value) -> Self {
                Self(atomic::$name::new(value))
            }

            pub fn load(&self, order: Ordering) -> $value {
                scheduling_point();
                self.0.load(order)
            }

            pub fn store(&self, value: $value, order: Ordering) {
                scheduling_point();
                self.0.store(value, order);
            }

            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                scheduling_point();
                self.0.swap(value, order)
            }
        }
    };
}

macro_rules! scheduled_number {
    ($name:ident, $value:ty) => {
        scheduled_atomic!($name, $value);

        #[allow(dead_code, reason = "not every operation is used with every type")]
        impl $name {
            pub fn fetch_add(&self, value: $value, order: Ordering) -> $value {
                scheduling_point();
                self.0.fetch_add(value, order)
            }

            pub fn fetch_max(&self, value: $value, order: Ordering) -> $value {
                scheduling_point();
                self.0.fetch_max(value, order)
            }
        }
    };
}

scheduled_atomic!(AtomicBool, bool);
scheduled_number!(AtomicU32, u32);
scheduled_number!(AtomicU64, u64);

/// As `std::sync::OnceLock`.
#[derive(Debug)]
pub struct OnceLock<T>(std::sync::OnceLock<T>);

impl<T> OnceLock<T> {
    pub const fn new() -> Self {
        Self(std::sync::OnceLock::new())
    }

    pub fn get(&self) -> Option<&T> {
        scheduling_point();
        self.0.get()
    }

    pub fn set(&self, value: T) -> Result<(), T> {
        scheduling_point();
        self.0.set(value)
    }

    /// The value may be made more than once, by threads that come at the same time: making it under
    /// the lock would be holding a lock of the system at scheduling points.
    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        if let Some(value) = self.get() {
            return value;
        }
        let value = make();
        scheduling_point();
        self.0.get_or_init(|| value)
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// As `arc_swap::ArcSwap`.
pub struct ArcSwap<T>(arc_swap::ArcSwap<T>);

impl<T> ArcSwap<T> {
    pub fn new(value: Arc<T>) -> Self {
        Self(arc_swap::ArcSwap::new(value))
    }

    pub fn from_pointee(value: T) -> Self {
        Self(arc_swap::ArcSwap::from_pointee(value))
    }

    pub fn load(&self) -> arc_swap::Guard<Arc<T>> {
        scheduling_point();
        self.0.load()
    }

    pub fn load_full(&self) -> Arc<T> {
        scheduling_point();
        self.0.load_full()
    }

    pub fn store(&self, value: Arc<T>) {
        scheduling_point();
        self.0.store(value);
    }
}

/// As `parking_lot::Mutex`: never poisoned.
pub struct Mutex<T>(shuttle::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    pub fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard(Some(self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// As `parking_lot::MutexGuard`.
pub struct MutexGuard<'a, T>(Option<shuttle::sync::MutexGuard<'a, T>>);

/// Absent only within [`Condvar::wait`].
const IS_HELD: &str = "the lock is held as long as its guard lives";

#[expect(clippy::expect_used, reason = "tests only, and impossible")]
impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().expect(IS_HELD)
    }
}

#[expect(clippy::expect_used, reason = "tests only, and impossible")]
impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_deref_mut().expect(IS_HELD)
    }
}

/// As `parking_lot::Condvar`.
#[derive(Debug, Default)]
pub struct Condvar(shuttle::sync::Condvar);

impl Condvar {
    pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        let held = guard.0.take();
        guard.0 = held.map(|held| self.0.wait(held).unwrap_or_else(PoisonError::into_inner));
    }

    pub fn notify_one(&self) {
        self.0.notify_one();
    }
}
