//! What a check and a repair found, as MessagePack; `src/records/check-report.ts` and
//! `repair-report.ts` read it.

use crate::failure::{write_number, write_text};
use crate::message::Payload;
use sutra_store::{Fate, Problem, Repair, Report};

/// [sound, files, bytes, concepts, edges, vectors, [[code, file, offset, message, advice]]]; a file
/// that there is not is '', an offset nil.
pub(crate) fn payload(report: &Report) -> Payload {
    let mut bytes = Vec::new();
    array(&mut bytes, 7);
    write_number(&mut bytes, u64::from(report.is_sound()));
    let numbers =
        [report.files_checked, report.bytes_checked, report.concepts, report.edges, report.vectors];
    for number in numbers {
        write_number(&mut bytes, number);
    }
    array(&mut bytes, report.problems.len());
    for problem in &report.problems {
        push_problem(&mut bytes, problem);
    }
    let mut payload = Payload::default();
    payload.bytes(&bytes);
    payload
}

fn push_problem(bytes: &mut Vec<u8>, problem: &Problem) {
    array(bytes, 5);
    write_text(bytes, problem.code);
    let file = problem.file.as_ref().map(|file| file.to_string_lossy()).unwrap_or_default();
    write_text(bytes, &file);
    optional_number(bytes, problem.offset);
    write_text(bytes, &problem.message);
    write_text(bytes, &problem.advice);
}

fn array(bytes: &mut Vec<u8>, items: usize) {
    // Writing to memory cannot fail.
    drop(rmp::encode::write_array_len(bytes, items as u32));
}

/// [sound, rebuilt, [[file, readable, total]], log end, [[id, key, fate, sequence]],
/// [[source, target, class, label, fate, sequence]], aside]; a number that there is not is nil, a
/// text ''.
pub(crate) fn repair_payload(repair: &Repair) -> Payload {
    let mut bytes = Vec::new();
    array(&mut bytes, 7);
    write_number(&mut bytes, u64::from(repair.is_sound));
    write_number(&mut bytes, u64::from(repair.is_manifest_rebuilt));
    array(&mut bytes, repair.left_out.len());
    for left_out in &repair.left_out {
        array(&mut bytes, 3);
        write_text(&mut bytes, &left_out.file.to_string_lossy());
        write_number(&mut bytes, left_out.readable);
        optional_number(&mut bytes, left_out.total);
    }
    optional_number(&mut bytes, repair.log_ends_at);
    array(&mut bytes, repair.concepts.len());
    for concept in &repair.concepts {
        array(&mut bytes, 4);
        write_text(&mut bytes, &concept.id.to_string());
        write_text(&mut bytes, concept.key.as_deref().unwrap_or_default());
        push_fate(&mut bytes, concept.fate);
    }
    array(&mut bytes, repair.edges.len());
    for edge in &repair.edges {
        array(&mut bytes, 6);
        write_text(&mut bytes, &edge.source.to_string());
        write_text(&mut bytes, &edge.target.to_string());
        write_number(&mut bytes, u64::from(edge.class.number()));
        write_text(&mut bytes, edge.label.as_deref().unwrap_or_default());
        push_fate(&mut bytes, edge.fate);
    }
    let aside = repair.aside.as_ref().map(|aside| aside.to_string_lossy()).unwrap_or_default();
    write_text(&mut bytes, &aside);
    let mut payload = Payload::default();
    payload.bytes(&bytes);
    payload
}

/// What becomes of something, and the sequence that it is about.
fn push_fate(bytes: &mut Vec<u8>, fate: Fate) {
    let (name, seqno) = match fate {
        Fate::Gone => ("gone", None),
        Fate::Older { seqno } => ("older", Some(seqno)),
        Fate::Partly { seqno } => ("partly", Some(seqno)),
        Fate::NoVector => ("noVector", None),
    };
    write_text(bytes, name);
    optional_number(bytes, seqno);
}

fn optional_number(bytes: &mut Vec<u8>, number: Option<u64>) {
    match number {
        Some(number) => write_number(bytes, number),
        // Writing to memory cannot fail.
        None => drop(rmp::encode::write_nil(bytes)),
    }
}
