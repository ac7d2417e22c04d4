//! The meaning of a filter's object.

use super::field::{Field, Target, moment_ms};
use super::node::{AttributeTest, Node};
use super::refused::{below, invalid, over_limit, under};
use super::value::Value;
use super::value_test::{Comparison, ValueTest};
use crate::attributes::NULL;
use sutra_format::Refusal;

/// Tests and values of lists in one filter.
const TESTS_MAX: usize = 1000;

const OPERATORS: &str = "known are $eq $ne $gt $gte $lt $lte $in $nin $exists $not on a field, \
                         and $and $or $not around conditions";
const MIXED: &str = "an object has either operators or fields; to compare with an object use $eq";

type Pairs<'v, 'a> = &'v [(&'a str, Value<'a>)];

/// Collects the tests while the tree is read.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    pub(super) attributes: Vec<AttributeTest>,
    /// Whether a test compares with an array or an object.
    pub(super) composites: bool,
    tests: usize,
}

impl Decoder {
    /// An object of conditions, which all must hold.
    pub(super) fn conditions(&mut self, value: &Value<'_>) -> Result<Node, Refusal> {
        let Value::Object(pairs, _) = value else {
            return Err(invalid("expected an object of conditions"));
        };
        let mut nodes = Vec::new();
        for (name, value) in pairs {
            let node = match *name {
                "$and" => self.list(value).map(Node::all),
                "$or" => self.list(value).map(Node::Any),
                "$not" => self.conditions(value).map(Node::negated),
                name if name.starts_with('$') => Err(invalid(unknown(name))),
                name => self.field(name, value),
            };
            nodes.push(node.map_err(|refusal| under(refusal, name))?);
        }
        Ok(Node::all(nodes))
    }

    fn list(&mut self, value: &Value<'_>) -> Result<Vec<Node>, Refusal> {
        let Value::Array(items, _) = value else {
            return Err(invalid("expected an array of objects of conditions"));
        };
        if items.is_empty() {
            return Err(invalid("must not be empty"));
        }
        let at = |index: usize| move |refusal| below(refusal, &format!("[{index}]"));
        let nodes = items.iter().enumerate();
        nodes.map(|(index, item)| self.conditions(item).map_err(at(index))).collect()
    }

    /// What stands at a path: a value, operators, or conditions on what is inside.
    fn field(&mut self, path: &str, value: &Value<'_>) -> Result<Node, Refusal> {
        let Value::Object(pairs, _) = value else {
            let field = Field::of_path(path)?;
            return self.equal(&field, value);
        };
        if pairs.is_empty() {
            return Err(invalid("no conditions; to compare with an empty object use $eq"));
        }
        let operators = pairs.iter().filter(|(name, _)| name.starts_with('$')).count();
        if operators == pairs.len() {
            return self.operators(&Field::of_path(path)?, pairs);
        }
        if operators > 0 {
            return Err(invalid(MIXED));
        }
        let mut nodes = Vec::new();
        for (name, value) in pairs {
            let node = self.field(&format!("{path}.{name}"), value);
            nodes.push(node.map_err(|refusal| under(refusal, name))?);
        }
        Ok(Node::all(nodes))
    }

    fn operators(&mut self, field: &Field, pairs: Pairs<'_, '_>) -> Result<Node, Refusal> {
        let mut nodes = Vec::new();
        for (name, value) in pairs {
            let node = self.operator(field, name, value);
            nodes.push(node.map_err(|refusal| under(refusal, name))?);
        }
        Ok(Node::all(nodes))
    }

    fn operator(&mut self, field: &Field, name: &str, value: &Value<'_>) -> Result<Node, Refusal> {
        let is_moment = matches!(field.target, Target::ValidAt);
        match name {
            "$eq" => self.equal(field, value),
            "$not" => match value {
                Value::Object(pairs, _) if is_operators(pairs) => {
                    self.operators(field, pairs).map(Node::negated)
                }
                _ => Err(invalid("expected an object of operators")),
            },
            "$ne" | "$in" | "$nin" | "$exists" | "$gt" | "$gte" | "$lt" | "$lte" if is_moment => {
                Err(invalid("validAt takes one moment, as a value or with $eq"))
            }
            "$ne" => self.equal(field, value).map(Node::negated),
            "$in" => self.one_of(field, value),
            "$nin" => self.one_of(field, value).map(Node::negated),
            "$exists" => match value {
                Value::Bool(true) => self.leaf(field, ValueTest::exists()),
                Value::Bool(false) => self.leaf(field, ValueTest::exists()).map(Node::negated),
                _ => Err(invalid("expected true or false")),
            },
            "$gt" => self.compared(field, Comparison::Greater, value),
            "$gte" => self.compared(field, Comparison::GreaterOrEqual, value),
            "$lt" => self.compared(field, Comparison::Less, value),
            "$lte" => self.compared(field, Comparison::LessOrEqual, value),
            _ => Err(invalid(unknown(name))),
        }
    }

    fn compared(
        &mut self,
        field: &Field,
        comparison: Comparison,
        value: &Value<'_>,
    ) -> Result<Node, Refusal> {
        let bound = field.bound(value)?;
        self.leaf(field, ValueTest::compared(comparison, bound))
    }

    fn equal(&mut self, field: &Field, value: &Value<'_>) -> Result<Node, Refusal> {
        if matches!(field.target, Target::ValidAt) {
            self.count(1)?;
            return moment_ms(value).map(|ms| Node::ValidAt(ms as i64));
        }
        let encoded = self.operand(field, value)?;
        self.equal_to_any(field, vec![encoded])
    }

    fn one_of(&mut self, field: &Field, values: &Value<'_>) -> Result<Node, Refusal> {
        let Value::Array(values, _) = values else {
            return Err(invalid("expected an array of values"));
        };
        // The test itself is counted as one.
        self.count(values.len().saturating_sub(1))?;
        let mut encoded = Vec::new();
        for (index, value) in values.iter().enumerate() {
            let operand = self.operand(field, value);
            encoded.push(operand.map_err(|refusal| below(refusal, &format!("[{index}]")))?);
        }
        self.equal_to_any(field, encoded)
    }

    fn operand(&mut self, field: &Field, value: &Value<'_>) -> Result<Vec<u8>, Refusal> {
        self.composites |= matches!(value, Value::Array(..) | Value::Object(..));
        field.operand(value)
    }

    /// Null also means that there is nothing.
    fn equal_to_any(&mut self, field: &Field, encoded: Vec<Vec<u8>>) -> Result<Node, Refusal> {
        let has_null = encoded.iter().any(|value| value == &[NULL]);
        let equal = self.leaf(field, ValueTest::one_of(encoded))?;
        if !has_null {
            return Ok(equal);
        }
        let missing = self.leaf(field, ValueTest::exists())?.negated();
        Ok(Node::Any(vec![equal, missing]))
    }

    fn leaf(&mut self, field: &Field, test: ValueTest) -> Result<Node, Refusal> {
        self.count(1)?;
        Ok(match &field.target {
            Target::Attribute(path) => {
                self.attributes.push(AttributeTest { path: path.clone(), test });
                Node::Attribute(self.attributes.len() - 1)
            }
            Target::Namespace => Node::Namespace(test),
            Target::Column(column) => Node::Column(*column, test),
            Target::ValidAt => return Err(invalid("validAt takes one moment")),
        })
    }

    fn count(&mut self, tests: usize) -> Result<(), Refusal> {
        self.tests += tests;
        if self.tests > TESTS_MAX { Err(over_limit(self.tests, TESTS_MAX)) } else { Ok(()) }
    }
}

fn is_operators(pairs: Pairs<'_, '_>) -> bool {
    !pairs.is_empty() && pairs.iter().all(|(name, _)| name.starts_with('$'))
}

fn unknown(name: &str) -> String {
    match name {
        "$and" | "$or" => "stands around conditions, not on a field".into(),
        "$eq" | "$ne" | "$gt" | "$gte" | "$lt" | "$lte" | "$in" | "$nin" | "$exists" => {
            "stands on a field, as in {year: {$gt: 2020}}".into()
        }
        _ => format!("no such operator; {OPERATORS}"),
    }
}
