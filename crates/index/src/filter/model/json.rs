//! A JSON value, from text and to MessagePack.

use rmp::encode;

#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads JSON without escapes in strings.
    pub fn parse(text: &str) -> Self {
        let mut rest = text;
        let value = parse(&mut rest);
        assert_eq!(rest.trim(), "", "{text}");
        value
    }

    /// As MessagePack, whole numbers in their shortest form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => encode::write_nil(out).unwrap(),
            Self::Bool(value) => encode::write_bool(out, *value).unwrap(),
            Self::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
                encode::write_sint(out, *number as i64).map(drop).unwrap();
            }
            Self::Number(number) => encode::write_f64(out, *number).unwrap(),
            Self::Text(text) => encode::write_str(out, text).unwrap(),
            Self::Array(items) => {
                encode::write_array_len(out, items.len() as u32).unwrap();
                for item in items {
                    item.write(out);
                }
            }
            Self::Object(pairs) => {
                encode::write_map_len(out, pairs.len() as u32).unwrap();
                for (key, value) in pairs {
                    encode::write_str(out, key).unwrap();
                    value.write(out);
                }
            }
        }
    }
}

fn parse(rest: &mut &str) -> Json {
    *rest = rest.trim_start();
    match rest.as_bytes()[0] {
        b'{' => Json::Object(list(rest, b'}', |rest| {
            let Json::Text(key) = parse(rest) else { panic!("a key before {rest}") };
            *rest = rest.trim_start().strip_prefix(':').unwrap();
            (key, parse(rest))
        })),
        b'[' => Json::Array(list(rest, b']', parse)),
        b'"' => {
            let (text, after) = rest[1..].split_once('"').unwrap();
            *rest = after;
            Json::Text(text.into())
        }
        _ => {
            let end = rest.find([',', ']', '}', ' ']).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            *rest = after;
            match word {
                "null" => Json::Null,
                "true" => Json::Bool(true),
                "false" => Json::Bool(false),
                number => Json::Number(number.parse().unwrap()),
            }
        }
    }
}

fn list<T>(rest: &mut &str, close: u8, item: impl Fn(&mut &str) -> T) -> Vec<T> {
    let mut items = Vec::new();
    loop {
        *rest = rest[1..].trim_start();
        if rest.as_bytes()[0] == close {
            break;
        }
        items.push(item(rest));
        *rest = rest.trim_start();
        if rest.as_bytes()[0] == close {
            break;
        }
        assert_eq!(rest.as_bytes()[0], b',', "{rest}");
    }
    *rest = &rest[1..];
    items
}
