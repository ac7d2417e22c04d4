//! The Node addon of Sutra Storage: convert, call the store, convert back. No rule, default or
//! limit lives here. `src/native.ts` is its only caller and says what each function answers.
//!
//! - `raw`, `exchange`, `outbox`: functions, the shared buffer and messages. Unsafe code is in
//!   these files, in `module`, `memory` and `reader` only.
//! - `store`, `reader`, `record`, `read_jobs`: the functions, by what they work on.
//! - `handle`, `registry`: which stores are open, and who has them.

mod exchange;
mod failure;
mod handle;
mod memory;
mod message;
mod module;
mod open_options;
mod outbox;
mod pool;
mod raw;
mod read_jobs;
mod reader;
mod record;
mod registry;
mod report;
mod sink;
mod stats;
mod store;
