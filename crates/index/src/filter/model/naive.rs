//! Filters over JSON as their documentation says it, without encodings and indexes.

use super::{Json, Version};
use crate::attributes::PATH_BYTES_MAX;
use std::cmp::Ordering;

/// Whether a version matches a filter that decodes.
pub fn matches(filter: &Json, version: &Version, namespace: &str) -> bool {
    let conditions = |filter: &Json| matches(filter, version, namespace);
    pairs(filter).iter().all(|(name, value)| match name.as_str() {
        "$and" => items(value).iter().all(conditions),
        "$or" => items(value).iter().any(conditions),
        "$not" => !conditions(value),
        _ => field(name, value, version, namespace),
    })
}

fn field(path: &str, value: &Json, version: &Version, namespace: &str) -> bool {
    match value {
        Json::Object(inside) if inside[0].0.starts_with('$') => {
            operators(path, inside, version, namespace)
        }
        Json::Object(inside) => inside
            .iter()
            .all(|(name, value)| field(&format!("{path}.{name}"), value, version, namespace)),
        value => {
            let operator = [("$eq".to_owned(), value.clone())];
            operators(path, &operator, version, namespace)
        }
    }
}

fn operators(path: &str, all: &[(String, Json)], version: &Version, namespace: &str) -> bool {
    all.iter().all(|(operator, value)| {
        if operator == "$not" {
            return !operators(path, pairs(value), version, namespace);
        }
        if path == "validAt" {
            let Json::Number(moment_ms) = value else { panic!("a moment") };
            let moment_ms = *moment_ms as i64;
            return version.validity.from_ms.unwrap_or(i64::MIN) <= moment_ms
                && moment_ms < version.validity.to_ms.unwrap_or(i64::MAX);
        }
        let found = values(path, version, namespace);
        let is = |value: &Json| {
            let is_missing = *value == Json::Null && found.is_empty();
            is_missing || found.iter().any(|other| equal(other, value))
        };
        let compares = |accepted: &[Ordering]| {
            let orders = found.iter().filter_map(|other| order(other, value));
            orders.into_iter().any(|order| accepted.contains(&order))
        };
        match operator.as_str() {
            "$eq" => is(value),
            "$ne" => !is(value),
            "$in" => items(value).iter().any(is),
            "$nin" => !items(value).iter().any(is),
            "$exists" => *value == Json::Bool(!found.is_empty()),
            "$gt" => compares(&[Ordering::Greater]),
            "$gte" => compares(&[Ordering::Greater, Ordering::Equal]),
            "$lt" => compares(&[Ordering::Less]),
            "$lte" => compares(&[Ordering::Less, Ordering::Equal]),
            operator => panic!("{operator}"),
        }
    })
}

/// All values at a path.
#[expect(clippy::cast_precision_loss, reason = "the times of tests are small")]
fn values(path: &str, version: &Version, namespace: &str) -> Vec<Json> {
    let number = |value: f64| vec![Json::Number(value)];
    let moment = |value: Option<i64>| value.map(|ms| Json::Number(ms as f64)).into_iter().collect();
    match path {
        "namespace" => vec![Json::Text(namespace.into())],
        "id" => vec![Json::Text(version.id.to_string())],
        "key" if version.key.is_empty() => Vec::new(),
        "key" => vec![Json::Text(version.key.clone())],
        "strength" => number(version.strength),
        "confidence" => number(version.confidence),
        "createdAt" => number((version.created_us / 1000) as f64),
        "updatedAt" => number((version.updated_us / 1000) as f64),
        "validFrom" => moment(version.validity.from_ms),
        "validTo" => moment(version.validity.to_ms),
        _ => {
            let mut found = Vec::new();
            let path = path.strip_prefix("attributes.").unwrap_or(path);
            assert!(path.len() <= PATH_BYTES_MAX);
            collect(&version.attributes, path, &mut found);
            found
        }
    }
}

fn collect(object: &Json, path: &str, found: &mut Vec<Json>) {
    for (key, value) in pairs(object) {
        if key == path {
            found.push(value.clone());
            if let Json::Array(items) = value {
                found.extend_from_slice(items);
            }
        }
        let Some(rest) = path.strip_prefix(key.as_str()).and_then(|rest| rest.strip_prefix('.'))
        else {
            continue;
        };
        match value {
            Json::Object(_) => collect(value, rest, found),
            Json::Array(items) => {
                let objects = items.iter().filter(|item| matches!(item, Json::Object(_)));
                objects.for_each(|object| collect(object, rest, found));
            }
            _ => {}
        }
    }
}

fn equal(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            let is_in_other = |(key, value): &(String, Json)| {
                other.iter().any(|(name, other)| name == key && equal(value, other))
            };
            one.len() == other.len() && one.iter().all(is_in_other)
        }
        _ => one == other,
    }
}

/// Nothing for values of two types. Strings go by their first 256 bytes; after these, longer ones
/// follow the one that ends there.
fn order(one: &Json, other: &Json) -> Option<Ordering> {
    let rank = |text: &String| {
        let bytes = text.as_bytes();
        (bytes[..bytes.len().min(256)].to_vec(), bytes.len() > 256)
    };
    match (one, other) {
        (Json::Number(one), Json::Number(other)) => one.partial_cmp(other),
        (Json::Text(one), Json::Text(other)) => Some(rank(one).cmp(&rank(other))),
        _ => None,
    }
}

fn pairs(value: &Json) -> &[(String, Json)] {
    let Json::Object(pairs) = value else { panic!("an object: {value:?}") };
    pairs
}

fn items(value: &Json) -> &[Json] {
    let Json::Array(items) = value else { panic!("an array: {value:?}") };
    items
}
