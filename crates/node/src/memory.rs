//! Memory that the process no longer needs.

/// Gives memory that was freed back to the system. A delta is many small pieces that go at once
/// when it is in a segment, and the C library keeps such memory for later: 94 MiB stayed with the
/// process after a flush of 122 MiB. Takes some milliseconds; called on a background thread.
#[cfg(target_env = "gnu")]
pub(crate) fn give_back() {
    // SAFETY: the function may be called from any thread at any time; it takes the locks of the
    // allocator itself. Its answer, whether anything was given back, is of no use.
    let _ = unsafe { libc::malloc_trim(0) };
}

/// Other C libraries give memory back by themselves, or have no function for it.
#[cfg(not(target_env = "gnu"))]
pub(crate) fn give_back() {}
