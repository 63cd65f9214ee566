//! JSON as Python's `json.dumps(value, ensure_ascii=False)` prints it: templates were trained on
//! its spaces.

use minijinja::Error;
use minijinja::ErrorKind;
use minijinja::Value;
use minijinja::value::Kwargs;
use minijinja::value::ValueKind;

/// A template can nest a value in itself twice, again and again: its text doubles each time.
const MAX_BYTES: usize = 4 << 20;
const MAX_DEPTH: usize = 128;
const MAX_INDENT: usize = 16;

/// The filter `tojson`, with its argument `indent`; others of Python's are taken and ignored.
#[expect(clippy::needless_pass_by_value, reason = "the shape of a filter")]
pub(super) fn tojson(value: Value, arguments: Kwargs) -> Result<Value, Error> {
    let indent: Option<usize> = arguments.get("indent")?;
    let mut writer = Writer { out: String::new(), indent: indent.map(|n| n.min(MAX_INDENT)) };
    writer.value(&value, 0)?;
    Ok(Value::from_safe_string(writer.out))
}

struct Writer {
    out: String,
    indent: Option<usize>,
}

impl Writer {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        if depth > MAX_DEPTH || self.out.len() > MAX_BYTES {
            return Err(Error::new(ErrorKind::BadSerialization, "the JSON is too large"));
        }
        match value.kind() {
            ValueKind::Undefined | ValueKind::None => self.out.push_str("null"),
            ValueKind::Bool => self.out.push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => self.out.push_str(&value.to_string()),
            ValueKind::Seq | ValueKind::Iterable => {
                self.out.push('[');
                let mut any = false;
                for item in value.try_iter()? {
                    self.next(any, depth + 1);
                    self.value(&item, depth + 1)?;
                    any = true;
                }
                self.close(any, depth, ']');
            }
            ValueKind::Map => {
                self.out.push('{');
                let mut any = false;
                for key in value.try_iter()? {
                    self.next(any, depth + 1);
                    self.text(&key.to_string());
                    self.out.push_str(": ");
                    self.value(&value.get_item(&key)?, depth + 1)?;
                    any = true;
                }
                self.close(any, depth, '}');
            }
            _ => self.text(value.as_str().unwrap_or_default()),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        self.out.push_str(&serde_json::Value::from(text).to_string());
    }

    /// Goes on to an item, behind another one if there was `any`.
    fn next(&mut self, any: bool, depth: usize) {
        match (any, self.indent) {
            (true, None) => self.out.push_str(", "),
            (true, Some(_)) => self.out.push(','),
            (false, _) => {}
        }
        self.line(depth);
    }

    fn close(&mut self, any: bool, depth: usize, bracket: char) {
        if any {
            self.line(depth);
        }
        self.out.push(bracket);
    }

    fn line(&mut self, depth: usize) {
        if let Some(indent) = self.indent {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(' ', indent * depth));
        }
    }
}
